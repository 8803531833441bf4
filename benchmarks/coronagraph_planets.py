"""How near an interpolated image of a planet comes to the propagated one: ours from the cube, from its factors, and the public peer's.

Needs the peer (`pip install "jaxaudit[coronagraph]" coronagraphoto==4.1.0`). Planets stand at random places of three zones,
none of them on a node. Each is propagated through the vortex on its own, in float64; a distance is the root of the mean squared
difference of the images over that of the propagated one: the median over the planets, and the largest.

    python benchmarks/coronagraph_planets.py [--pixels 128] [--planets 20] [--tolerances 3e-5 1e-5]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
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
from jaxaudit_cases.coronagraph.package.vortex import Propagator

GUARD_LOD = 2.0
"""Planets stand at least this far from the field's edge, where any interpolation lacks neighbours."""

Imager = Callable[[float, float], Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=int, default=128)
    parser.add_argument("--planets", type=int, default=20, help="in each zone")
    parser.add_argument("--tolerances", type=float, nargs="*", default=[3e-5, 1e-5], help="of the factors")
    parser.add_argument("--cache-dir", type=Path, default=Path(tempfile.gettempdir()) / "jaxaudit-coronagraph")
    options = parser.parse_args()
    options.cache_dir.mkdir(parents=True, exist_ok=True)
    folder = options.cache_dir.resolve() / str(options.pixels)
    os.chdir(options.cache_dir)  # the peer writes a log where it stands
    recipe = Recipe(pixels=options.pixels)
    make_package(folder, recipe)
    truth = Propagator(recipe.design, recipe.pixels, recipe.pixel_scale_lod, np.float64).image
    imagers = {"cube": ours(load_cube(folder)), "peer": peer(folder)}
    imagers |= {f"factors, tolerance {one:g}": ours(load_factored(folder, one)) for one in options.tolerances}
    reach = recipe.pixels * recipe.pixel_scale_lod / 2 - GUARD_LOD
    print(f"{options.pixels} pixels, {options.planets} planets in each zone; median (largest)")
    for low, high in ((0.3, 3.0), (3.0, reach * 0.65), (reach * 0.65, reach)):
        distances = measured(places(low, high, options.planets), truth, imagers)
        print(f"{low:.1f} to {high:.1f} lambda/D from the star")
        for name, values in distances.items():
            ratios = distances["peer"] / values
            beside = (
                "" if name == "peer" else f"   peer {np.median(ratios):.0f} times farther (at least {ratios.min():.0f})"
            )
            print(f"  {name:26} {np.median(values):.1e} ({values.max():.1e}){beside}")
    return 0


def places(low: float, high: float, count: int) -> Any:
    """(x, y) in lambda/D, in all four quadrants."""
    chance = np.random.default_rng(7)
    radius, angle = chance.uniform(low, high, count), chance.uniform(0, 2 * np.pi, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def measured(at: Any, truth: Imager, imagers: dict[str, Imager]) -> dict[str, Any]:
    """For each imager, the distance of each planet's image to the truth."""
    found: dict[str, list[float]] = {name: [] for name in imagers}
    for x, y in at:
        whole = np.asarray(truth(x, y), np.float64)
        for name, image in imagers.items():
            gap = np.asarray(image(x, y), np.float64) - whole
            found[name].append(float(np.sqrt(np.mean(gap**2) / np.mean(whole**2))))
    return {name: np.asarray(values) for name, values in found.items()}


def ours(coronagraph: Any) -> Imager:
    pixels, half, step = coronagraph.pixels, coronagraph.half, float(coronagraph.pixel_lod)

    @jax.jit
    def image(coronagraph: Any, offset: jax.Array) -> jax.Array:
        weights = point_sources(offset[None], jnp.ones(1), half)
        return coronagraph.image(folded(weights), jnp.eye(pixels))

    return lambda x, y: image(coronagraph, jnp.asarray([x / step, y / step], jnp.float32))


def peer(folder: Path) -> Imager:
    from yippy import EqxCoronagraph

    create = jax.jit(EqxCoronagraph(str(folder)).create_psf)
    return lambda x, y: create(jnp.asarray(x), jnp.asarray(y))


if __name__ == "__main__":
    sys.exit(main())
