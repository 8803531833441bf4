"""What an audit makes of a cube that is compiled into a program: the README's claim, and the same at any size.

    python benchmarks/audit_cube.py [--megabytes 512] [--budget 15m]

Writes a program in which an `eqx.filter_jit` function inside `main()` closes over `optical_path`, whose
`coronagraph.psf` is a cube of that size; audits it with `--write`; then runs the program as it was and as it is now in
turns, in fresh processes, and prints the seconds of the first call side by side, as a ratio with its spread.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SRC = Path(__file__).parents[1] / "src"
PROGRAM = '''\
"""One frame of a coronagraph, whose response is a cube."""

import time

import equinox as eqx
import jax
import jax.numpy as jnp


class Coronagraph(eqx.Module):
    psf: jax.Array
    throughput: float


class OpticalPath(eqx.Module):
    coronagraph: Coronagraph
    gain: jax.Array


def main():
    side = 256
    psf = jax.random.uniform(jax.random.key(0), ({planes}, side, side))
    optical_path = OpticalPath(Coronagraph(psf, 0.4), jnp.float32(1.5))

    @eqx.filter_jit
    def simulate_frame(weights):
        image = jnp.einsum("p,pij->ij", weights, optical_path.coronagraph.psf)
        return image * optical_path.coronagraph.throughput * optical_path.gain

    weights = jnp.linspace(0.0, 1.0, {planes})
    began = time.perf_counter()
    image = jax.block_until_ready(simulate_frame(weights))
    print(f"first call {{time.perf_counter() - began:.3f}} s")
    for _ in range(3):
        image = simulate_frame(weights)
    print(f"flux {{float(image.mean()):.4f}}")


main()
'''


def first_call(folder: Path) -> float:
    environ = {**os.environ, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "program.py"], cwd=folder, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the program ended with {done.returncode}: {done.stderr[-300:]}")
    return float(done.stdout.split("first call ")[1].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--budget", default="15m")
    parser.add_argument("--pairs", type=int, default=5)
    arguments = parser.parse_args()
    planes = max(1, arguments.megabytes * 1_000_000 // (256 * 256 * 4))
    with tempfile.TemporaryDirectory() as place:
        was, now = Path(place) / "was", Path(place) / "now"
        for folder in (was, now):
            folder.mkdir()
            (folder / "program.py").write_text(PROGRAM.format(planes=planes))
        environ = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(SRC)}
        command = [
            sys.executable,
            "-m",
            "jaxaudit",
            "audit",
            "--write",
            "--budget",
            arguments.budget,
            "--format",
            "json",
        ]
        done = subprocess.run(
            [*command, "--output", "audit.json", "program.py"], cwd=now, env=environ, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise SystemExit("the audit did not end well")
        document = json.loads((now / "audit.json").read_text("utf-8"))
        holders = sorted(
            {f"{one['holder']} {one['shape']}" for one in document["constants"] if one["bytes"] > 1_000_000}
        )
        pairs = [(first_call(was), first_call(now)) for _ in range(arguments.pairs)]
    ratios = [before / after for before, after in pairs]
    before, after = (statistics.median(side) for side in zip(*pairs))
    print(f"{planes * 256 * 256 * 4 / 1e6:.0f} MB, {os.cpu_count()} cores; captured: {', '.join(holders) or 'nothing'}")
    print(f"kept: {document['summary']['kept']}; audited in {document['summary']['audit_s']:.0f} s")
    print(
        f"first call {before:.2f} s -> {after:.2f} s: {statistics.median(ratios):.1f} times faster "
        f"({min(ratios):.1f} to {max(ratios):.1f}, {len(pairs)} pairs)"
    )


if __name__ == "__main__":
    main()
