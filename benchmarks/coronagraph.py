"""A frame of the coronagraph case beside the public peer's, on the same package and scene: CPU time, agreement, limits.

Needs the peer (`pip install "jaxaudit[coronagraph]" coronagraphoto==4.1.0`). Each round measures both in fresh processes,
one after the other; the ratio is that of neighbours. A frame is star + four planets + disk + zodiacal light and a readout.

    python benchmarks/coronagraph.py --pixels 64 --rounds 5
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")

FRAMES = 20
EXPOSURE_S = 3600.0
WAVELENGTH_NM, BIN_NM, ROLL_DEG = 550.0, 50.0, 20.0
THROUGHPUT = 0.684
DETECTOR = {"quantum_efficiency": 0.8, "dark": 1e-4, "charge": 1e-3, "read": 0.3, "frame_s": 1000.0}
DIAMETER_M = 6.0
DISTANCE_PC = 10.0
INSIDE = 12
"""Pixels from the field's edge, three lambda/D: the peer's nodes lack the outermost row and column of one side each."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=int, default=64, help="64 small, 128 mid, 180 medium, 256 large")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cache-dir", type=Path, default=Path(tempfile.gettempdir()) / "jaxaudit-coronagraph")
    parser.add_argument("--role", choices=["ours", "peer"], help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.cache_dir = options.cache_dir.resolve()
    options.cache_dir.mkdir(parents=True, exist_ok=True)
    os.chdir(options.cache_dir)  # the peer writes a log where it stands
    folder = options.cache_dir / str(options.pixels)
    if options.role:
        measured = {"ours": ours, "peer": peer}[options.role](folder, options.pixels)
        options.out.write_text(json.dumps(measured))
        return 0
    made(folder, options.pixels)
    rounds = [[alone(role, folder, options) for role in ("ours", "peer")] for _ in range(options.rounds)]
    show(options.pixels, folder, rounds)
    return 0


def made(folder: Path, pixels: int) -> None:
    """Effect: makes the package, and hands its cube to the peer under the name that it looks for."""
    from jaxaudit_cases.coronagraph.instrument.load import load_factored
    from jaxaudit_cases.coronagraph.package.make import Recipe, make_package

    make_package(folder, Recipe(pixels=pixels))
    load_factored(folder)
    import yippy

    named = yippy.Coronagraph(str(folder))._datacube_cache_path
    if not named.exists():
        named.parent.mkdir(parents=True, exist_ok=True)
        named.symlink_to(folder.resolve() / "psf_cube.npy")


def alone(role: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """What one side measures in a process of its own."""
    out = folder.parent / f"{role}-{options.pixels}.json"
    command = [
        sys.executable,
        Path(__file__).resolve(),
        "--role",
        role,
        "--pixels",
        str(options.pixels),
        "--out",
        str(out),
    ]
    subprocess.run([*command, "--cache-dir", str(options.cache_dir)], check=True, stdout=subprocess.DEVNULL)
    return dict(json.loads(out.read_text()))


def disk_image(pixels: int) -> Any:
    """Contrast per image pixel: a ring and a halo, on an image as wide as the field."""
    import numpy as np

    y, x = np.mgrid[-99.5:100, -99.5:100] / 100
    radius = np.hypot(x, 1.3 * y)
    return 1e-12 * (np.exp(-(((radius - 0.5) / 0.1) ** 2)) + 0.1 * np.exp(-((radius / 0.6) ** 2)))


def orbits() -> dict[str, list[float]]:
    return {"inclination": [0.3, 0.3, 0.3, 0.3], "node": [0.1, 0.1, 0.1, 0.1], "periapsis": [0.5, 1.0, 2.0, 4.0]}


def semi_major_axes(pixels: int) -> list[float]:
    """So that four planets stand well inside the field, in au."""
    reach = pixels / 2 * 0.25 * lod_arcsec() * DISTANCE_PC
    return [share * reach for share in (0.25, 0.4, 0.55, 0.7)]


def lod_arcsec() -> float:
    return WAVELENGTH_NM * 1e-9 / DIAMETER_M * 206264.80624709636


def ours(folder: Path, pixels: int) -> dict[str, Any]:
    import jax
    import jax.numpy as jnp
    import numpy as np

    from jaxaudit_cases.coronagraph.imaging.rates import View, scene_rate, scene_rates
    from jaxaudit_cases.coronagraph.instrument.detector import Detector
    from jaxaudit_cases.coronagraph.instrument.filter import Filter
    from jaxaudit_cases.coronagraph.instrument.load import load_cube, load_factored
    from jaxaudit_cases.coronagraph.instrument.mirror import Primary
    from jaxaudit_cases.coronagraph.instrument.optical_path import OpticalPath
    from jaxaudit_cases.coronagraph.sky.disk import AbstractDisk, ImageDisk
    from jaxaudit_cases.coronagraph.sky.orbit import Orbit
    from jaxaudit_cases.coronagraph.sky.planet import FixedPlanets, Planets
    from jaxaudit_cases.coronagraph.sky.scene import Scene
    from jaxaudit_cases.coronagraph.sky.star import Star
    from jaxaudit_cases.coronagraph.sky.zodi import Zodi

    class Displaced(AbstractDisk):
        """The disk as the peer has it: half a map pixel to the right and up (on the detector) of its planets."""

        disk: AbstractDisk
        by_arcsec: Any

        def brightness(self, x_arcsec: Any, y_arcsec: Any, wavelength_nm: Any) -> Any:
            cos, sin = math.cos(math.radians(ROLL_DEG)), math.sin(math.radians(ROLL_DEG))
            x, y = x_arcsec - self.by_arcsec * (cos - sin), y_arcsec - self.by_arcsec * (sin + cos)
            return self.disk.brightness(x, y, wavelength_nm)

        def check(self, wavelength_nm: Any) -> None:
            self.disk.check(wavelength_nm)

    pixel = 0.25 * lod_arcsec()
    detector = Detector(
        pixels,
        pixel,
        DETECTOR["quantum_efficiency"],
        DETECTOR["dark"],
        DETECTOR["charge"],
        DETECTOR["read"],
        DETECTOR["frame_s"],
    )

    def path_with(coronagraph: Any) -> OpticalPath:
        return OpticalPath(Primary(DIAMETER_M), coronagraph, Filter(WAVELENGTH_NM, BIN_NM), detector, THROUGHPUT)

    star = Star([500.0, 600.0], [36.31, 36.31], 0.0005, DISTANCE_PC, 1.0)
    angles = orbits()
    orbit = Orbit(
        semi_major_axes(pixels),
        [0.1] * 4,
        angles["inclination"],
        angles["node"],
        angles["periapsis"],
        [0.0, 1.0, 2.0, 3.0],
        [0.0] * 4,
    )
    planets = Planets([1.0, 5.0, 11.0, 4.0], orbit, [0.3] * 4)
    disk = ImageDisk(None, disk_image(pixels), pixels * pixel / 200)
    scene = Scene(star, planets, disk, Zodi())
    path = path_with(load_factored(folder))
    view = View(WAVELENGTH_NM, BIN_NM, 0.0, ROLL_DEG)

    def frame(scene: Scene, path: OpticalPath, view: View, key: jax.Array) -> jax.Array:
        rate = scene_rate(scene, path, view)
        return path.detector.readout_source_electrons(rate, jnp.float32(EXPOSURE_S), key)

    def with_planets(count: int) -> Any:
        places = np.random.default_rng(count).uniform(-0.3, 0.3, (count, 2)) * pixels * pixel
        return jax.jit(scene_rate), (Scene(star, FixedPlanets(places, [1e-9] * count), disk, Zodi()), path, view)

    stages, compiled = first_call(jax.jit(frame), scene, path, view, jax.random.key(0))
    keys = jax.random.split(jax.random.key(1), FRAMES)
    measured = {
        "frame_ms": steady(compiled, [(scene, path, view, key) for key in keys]),
        "rate_ms": steady(*repeated(jax.jit(scene_rate), scene, path, view)),
        "one_planet_ms": steady(*repeated(with_planets(1)[0], *with_planets(1)[1])),
        "hundred_planets_ms": steady(*repeated(with_planets(100)[0], *with_planets(100)[1])),
        "bytes": sum(leaf.nbytes for leaf in jax.tree.leaves(path.coronagraph)),
        "bytes_per_s": bandwidth(),
        **stages,
    }
    rates = jax.jit(scene_rates)
    like_peer = Scene(star, planets, Displaced(disk, jnp.float32(pixel / 2)), Zodi())
    parts = rates(scene, path, view)._asdict() | {"displaced": rates(like_peer, path, view).disk}
    if pixels <= 180:
        parts |= {
            f"{name}_cube": part for name, part in rates(scene, path_with(load_cube(folder)), view)._asdict().items()
        }
    np.savez(folder.parent / f"ours-{pixels}.npz", **parts)
    return measured


def peer(folder: Path, pixels: int) -> dict[str, Any]:
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import numpy as np
    from coronagraphoto import system_rate
    from optixstuff import ConstantThroughput, Detector, OpticalPath, SimplePrimary, YippyCoronagraph
    from orbix.kepler.shortcuts.grid import get_grid_solver
    from orbix.orbit import KeplerianOrbit
    from skyscapes.background import AYOZodi
    from skyscapes.disk import ExovistaDisk
    from skyscapes.physical_model import LambertianPhysicalModel
    from skyscapes.scene import Planet, Scene, Star, System

    pixel = 0.25 * lod_arcsec()
    detector = Detector(
        pixel_scale_arcsec=pixel,
        shape=(pixels, pixels),
        quantum_efficiency=DETECTOR["quantum_efficiency"],
        dark_current_rate_e_per_s=DETECTOR["dark"],
        read_noise_e=DETECTOR["read"],
        clock_induced_charge_rate_e_per_frame=DETECTOR["charge"],
        frame_time_s=DETECTOR["frame_s"],
    )
    path = OpticalPath(
        primary=SimplePrimary(diameter_m=DIAMETER_M),
        attenuating_elements=(ConstantThroughput(throughput=THROUGHPUT),),
        coronagraph=YippyCoronagraph(str(folder), ensure_psf_datacube=True),
        detector=detector,
    )
    waves = jnp.linspace(500.0, 600.0, 11)
    star = Star(
        Ms_kg=1.988409870698051e30,
        dist_pc=DISTANCE_PC,
        wavelengths_nm=waves,
        times_jd=jnp.asarray([0.0, 100.0]),
        flux_density_jy=jnp.full((11, 2), 36.31),
        diameter_arcsec=0.0005,
        luminosity_lsun=1.0,
    )
    angles = {name: jnp.asarray(values) for name, values in orbits().items()}
    orbit = KeplerianOrbit(
        a_AU=jnp.asarray(semi_major_axes(pixels)),
        e=jnp.full(4, 0.1),
        W_rad=angles["node"],
        i_rad=angles["inclination"],
        w_rad=angles["periapsis"],
        M0_rad=jnp.arange(4.0),
        t0_d=jnp.zeros(4),
    )
    planet = Planet(
        Rp_Rearth=jnp.asarray([1.0, 5.0, 11.0, 4.0]),
        Mp_Mearth=jnp.zeros(4),
        orbit=orbit,
        physical_model=LambertianPhysicalModel(Ag=jnp.full(4, 0.3)),
    )
    image = jnp.asarray(np.broadcast_to(disk_image(pixels), (11, 200, 200)), jnp.float32)
    disk = ExovistaDisk(pixels * pixel / 200, waves, image)
    solver = get_grid_solver(level="scalar", E=False, trig=True, jit=True)
    system = System(star=star, planets=(planet,), trig_solver=solver, disk=disk)
    scene = Scene(system, zodi=AYOZodi(waves, surface_brightness_mag=22.0))
    seen = {
        "start_time_jd": jnp.asarray(0.0),
        "wavelength_nm": jnp.asarray(WAVELENGTH_NM),
        "bin_width_nm": jnp.asarray(BIN_NM),
        "telescope_pa_deg": jnp.asarray(ROLL_DEG),
        "ecliptic_lat_deg": jnp.asarray(0.0),
        "solar_lon_deg": jnp.asarray(135.0),
    }
    arrays, static = eqx.partition((scene, path), eqx.is_array)

    def frame(arrays: Any, seen: dict[str, jax.Array], key: jax.Array) -> jax.Array:
        scene, path = eqx.combine(arrays, static)
        return path.detector.readout(system_rate(scene, path, **seen), EXPOSURE_S, key)

    def rates(arrays: Any, seen: dict[str, jax.Array]) -> Any:
        scene, path = eqx.combine(arrays, static)
        return system_rate(scene, path, trace=True, **seen)[1]

    stages, compiled = first_call(jax.jit(frame), arrays, seen, jax.random.key(0))
    keys = jax.random.split(jax.random.key(1), FRAMES)
    measured = {"frame_ms": steady(compiled, [(arrays, seen, key) for key in keys]), **stages}
    np.savez(folder.parent / f"peer-{pixels}.npz", **jax.jit(rates)(arrays, seen))
    return measured


def first_call(jitted: Any, *arguments: Any) -> tuple[dict[str, float], Any]:
    """CPU seconds until the first result is there, and the compiled function."""
    import jax

    start = time.process_time()
    compiled = jitted.lower(*arguments).compile()
    jax.block_until_ready(compiled(*arguments))
    return {"first_call_s": time.process_time() - start}, compiled


def repeated(jitted: Any, *arguments: Any) -> tuple[Any, list[Any]]:
    return jitted.lower(*arguments).compile(), [arguments] * FRAMES


def steady(compiled: Any, calls: list[Any]) -> float:
    """The median CPU milliseconds of a call, after a warm one."""
    import jax

    jax.block_until_ready(compiled(*calls[0]))
    times = []
    for arguments in calls:
        start = time.process_time()
        jax.block_until_ready(compiled(*arguments))
        times.append(time.process_time() - start)
    return statistics.median(times) * 1e3


def bandwidth() -> float:
    """Bytes that one processor second reads of an array far larger than its caches, by NumPy's sum."""
    import numpy as np

    much = np.ones(2**27, np.float32)
    times = []
    for _ in range(5):
        start = time.process_time()
        much.sum()
        times.append(time.process_time() - start)
    return much.nbytes / min(times)


def show(pixels: int, folder: Path, rounds: list[list[dict[str, Any]]]) -> None:
    import numpy as np

    def spread(values: list[float], digits: int = 1) -> str:
        return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}..{max(values):.{digits}f}]"

    mine, theirs = ([one[side] for one in rounds] for side in (0, 1))
    print(f"{pixels} pixels, {len(rounds)} rounds, load {os.getloadavg()[0]:.1f}; CPU time, median [range]")
    print(f"frame, ms: ours {spread([one['frame_ms'] for one in mine])}", end="")
    print(f", peer {spread([one['frame_ms'] for one in theirs])}", end="")
    print(f": {spread([b['frame_ms'] / a['frame_ms'] for a, b in rounds])} times")
    print(f"first call, s: ours {spread([one['first_call_s'] for one in mine])}", end="")
    print(f", peer {spread([one['first_call_s'] for one in theirs])}")
    print(f"rates alone, ms: {spread([one['rate_ms'] for one in mine])}", end="")
    limit = [one["bytes"] / one["bytes_per_s"] * 1e3 for one in mine]
    print(f"; reading {mine[0]['bytes'] / 1e6:.1f} MB at this machine's bandwidth {spread(limit)}", end="")
    print(f": {spread([one['rate_ms'] / least for one, least in zip(mine, limit)], 2)} times")
    print(f"frame over the same: {spread([one['frame_ms'] / least for one, least in zip(mine, limit)], 2)} times")
    print(f"100 planets over 1: {spread([one['hundred_planets_ms'] / one['one_planet_ms'] for one in mine], 2)}")
    with np.load(folder.parent / f"ours-{pixels}.npz") as a, np.load(folder.parent / f"peer-{pixels}.npz") as b:
        print("largest difference to the peer, as part of the peak; and of the sums")
        for name, part in [
            ("star", "star"),
            ("zodi", "zodi"),
            ("disk", "disk"),
            ("disk, displaced", "displaced"),
            ("  inside", "displaced"),
            ("planets", "planets"),
        ]:
            other = b["disk" if part == "displaced" else part]
            kept = slice(INSIDE, -INSIDE) if name == "  inside" else slice(None)
            gap = np.abs(a[part] - other)[kept, kept].max() / other.max()
            print(f"  {name:16} {gap:.1e}   {a[part].sum() / other.sum() - 1:+.1e}")
        for name in ("planets", "disk"):
            if f"{name}_cube" in a:
                whole = a[f"{name}_cube"]
                print(f"  {name:16} {np.abs(a[name] - whole).max() / whole.max():.1e}   factors against our own cube")


if __name__ == "__main__":
    sys.exit(main())
