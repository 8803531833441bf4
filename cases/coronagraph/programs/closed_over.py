"""Images of a planetary system at three rolls, as such programs are published: the jitted function closes over its telescope.

    python cases/coronagraph/programs/closed_over.py [PIXELS]     # 64 (18 MB), 128 (277 MB), 180 (1.07 GB), 256 (4.36 GB)

The cube of point spread functions becomes a constant of the compiled program. `jaxaudit audit` names it and hands it in.
"""

import sys
from pathlib import Path

import equinox as eqx
import jax

from jaxaudit_cases.coronagraph import (
    Detector,
    Filter,
    FixedPlanets,
    OpticalPath,
    Primary,
    Recipe,
    RingDisk,
    Scene,
    Star,
    View,
    Zodi,
    load_cube,
    make_package,
    scene_rate,
)

LOD_ARCSEC = 550e-9 / 6.0 * 206264.8


def main(pixels: int) -> None:
    folder = make_package(Path("packages") / f"vortex-{pixels}", Recipe(pixels=pixels))
    optical_path = OpticalPath(
        Primary(diameter_m=6.0),
        load_cube(folder),
        Filter(wavelength_nm=550.0, width_nm=50.0),
        Detector(pixels, LOD_ARCSEC / 4, quantum_efficiency=0.8, dark_rate=1e-4, read_noise=0.3),
        throughput=0.7,
    )
    star = Star([500.0, 600.0], [36.3, 36.3], diameter_arcsec=0.0005, distance_pc=10.0, mass_msun=1.0)
    planets = FixedPlanets([[4.0 * LOD_ARCSEC, 1.5 * LOD_ARCSEC], [-3.0 * LOD_ARCSEC, 2.0 * LOD_ARCSEC]], [1e-9, 4e-10])
    scene = Scene(star, planets, RingDisk(5.0 * LOD_ARCSEC, LOD_ARCSEC, 40.0, 30.0, 0.3, 1e-8), Zodi())

    @eqx.filter_jit
    def simulate_frame(view, key):
        rate = scene_rate(scene, optical_path, view)
        return optical_path.detector.readout_source_electrons(rate, 3600.0, key)

    for roll, key in zip((0.0, 15.0, 30.0), jax.random.split(jax.random.key(1), 3)):
        frame = simulate_frame(View.through(optical_path, roll_deg=roll), key)
        print(f"roll {roll:4.1f} deg: {float(frame.sum()):.0f} electrons, brightest pixel {float(frame.max()):.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 64)
