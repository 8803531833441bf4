"""What the coronagraph case's parts cost and how exact they are: the count draw, the factored product, the factors by tolerance.

    python benchmarks/coronagraph_parts.py [--pixels 128] [--rounds 5] [--tolerances 3e-5 1e-4]

CPU milliseconds, median and range over rounds of the two sides one after the other; errors are the largest difference to
the whole cube's image, as part of its peak, for a planet at a distance (in lambda/D), a ring and a uniform field.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np

from jaxaudit_cases.coronagraph import Recipe, load_cube, load_factored, make_package
from jaxaudit_cases.coronagraph.imaging.nodes import folded, point_sources
from jaxaudit_cases.coronagraph.instrument.poisson import poisson

CALLS = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tolerances", type=float, nargs="+", default=[3e-5, 1e-4])
    parser.add_argument("--cache-dir", type=Path, default=Path(tempfile.gettempdir()) / "jaxaudit-coronagraph")
    options = parser.parse_args()
    folder = make_package(options.cache_dir.resolve() / str(options.pixels), Recipe(pixels=options.pixels))
    print(f"{options.pixels} pixels, {options.rounds} rounds, load {os.getloadavg()[0]:.1f}")
    draws(options.pixels, options.rounds)
    orientations(options.rounds)
    errors(folder, options.pixels, options.tolerances)
    return 0


def draws(pixels: int, rounds: int) -> None:
    mean = jnp.asarray(np.random.default_rng(0).exponential(8, (pixels, pixels)), jnp.float32)
    key = jax.random.key(0)
    sides = {"ours": (poisson, (key, mean)), "jax.random.poisson": (jax.random.poisson, (key, mean))}
    show("counts with exponential means of 8", sides, rounds)


def orientations(rounds: int) -> None:
    """A core of the size that 128 pixels need, in the two ways of writing its product."""
    core = jnp.asarray(np.random.default_rng(1).random((2016, 780)), jnp.float32)
    rows = jnp.asarray(np.random.default_rng(2).random((4, 780)), jnp.float32)
    sides = {
        "matrix times four columns": (lambda core, columns: core @ columns, (core, jnp.asarray(rows.T))),
        "four rows times its transpose": (lambda core, rows: rows @ core.T, (core, rows)),
    }
    show("product with 2016 x 780 numbers", sides, rounds)


def show(what: str, sides: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]], rounds: int) -> None:
    compiled = {name: jax.jit(call).lower(*given).compile() for name, (call, given) in sides.items()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (_, given) in sides.items():
            times[name].append(median_ms(lambda name=name, given=given: compiled[name](*given)))
    first, second = times
    ratio = [b / a for a, b in zip(times[first], times[second])]
    print(f"{what}: {first} {spread(times[first])} ms, {second} {spread(times[second])} ms: {spread(ratio)} times")


def median_ms(call: Callable[[], Any]) -> float:
    taken = []
    for _ in range(CALLS):
        start = time.process_time()
        jax.block_until_ready(call())
        taken.append((time.process_time() - start) * 1e3)
    return statistics.median(taken)


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} [{min(values):.2f}..{max(values):.2f}]"


def errors(folder: Path, pixels: int, tolerances: list[float]) -> None:
    half = pixels // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    ring = np.exp(-(((np.hypot(x, 1.5 * y) - 0.4 * half) / (0.1 * half)) ** 2))
    sources = {
        f"planet at {distance:g}": point_sources(
            jnp.asarray([[distance * 4 * np.cos(1.0), distance * 4 * np.sin(1.0)]], jnp.float32), jnp.ones(1), half
        )
        for distance in (1.0, 2.0, 4.0, half / 4 * 0.7)
    } | {"ring": jnp.asarray(ring, jnp.float32), "uniform": jnp.ones((2 * half + 1, 2 * half + 1), jnp.float32)}
    image = jax.jit(lambda coronagraph, weights: coronagraph.image(folded(weights), jnp.eye(pixels)))
    whole = load_cube(folder)
    truth = {name: np.asarray(image(whole, weights)) for name, weights in sources.items()}
    print(f"cube {whole.psf_cube.nbytes / 1e6:.1f} MB")
    for tolerance in tolerances:
        factored = load_factored(folder, tolerance)
        size = sum(leaf.nbytes for leaf in jax.tree.leaves(factored.core)) / 1e6
        gaps = {
            name: np.abs(np.asarray(image(factored, weights)) - truth[name]).max() / truth[name].max()
            for name, weights in sources.items()
        }
        print(
            f"tolerance {tolerance:g}, {size:.1f} MB: " + ", ".join(f"{name} {gap:.1e}" for name, gap in gaps.items())
        )


if __name__ == "__main__":
    sys.exit(main())
