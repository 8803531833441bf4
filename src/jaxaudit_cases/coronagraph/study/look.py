"""The picture and the rates: what the table's programs compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.imaging.rates import View, scene_rates
from jaxaudit_cases.coronagraph.instrument.optical_path import OpticalPath
from jaxaudit_cases.coronagraph.sky.scene import Scene
from jaxaudit_cases.coronagraph.study.observation import Observation, observation

SEED = 20
TITLES = {"star": "star (leak)", "planets": "planets (4)", "disk": "disk", "zodi": "zodiacal light"}


def looked(wanted: dict[str, Any]) -> dict[str, Any]:
    """Photons per second by source, and the electrons of one noisy frame.

    Effect: draws the frame into the file of `wanted`, which also names the package's folder and the form.
    """
    seen = observation(Path(wanted["folder"]), wanted["form"])
    sums, electrons = jax.jit(sums_and_frame)(seen.scene, seen.path, seen.view, seen.exposure_s, jax.random.key(SEED))
    draw(np.asarray(electrons), seen, Path(wanted["image"]))
    rates = {name: float(sums[name]) for name in TITLES}
    total = sum(rates.values())
    return {
        "rates": [
            {"source": name, "title": TITLES[name], "photons_per_s": rate, "share": rate / total}
            for name, rate in rates.items()
        ],
        "photons_per_s": total,
        "electrons": {"sum": float(electrons.sum()), "brightest_pixel": float(electrons.max())},
    }


def sums_and_frame(
    scene: Scene, path: OpticalPath, view: View, exposure_s: Array, key: Array
) -> tuple[dict[str, Array], Array]:
    """Each source's photons per second in the image, and a frame."""
    rates = scene_rates(scene, path, view)
    electrons = path.detector.readout_source_electrons(rates.total, exposure_s, key)
    return {name: getattr(rates, name).sum() for name in TITLES}, electrons


def draw(electrons: np.ndarray[Any, Any], seen: Observation, file: Path) -> None:
    """Effect: writes a PNG with a colour bar, in arcseconds from the star."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import colors, pyplot

    reach = electrons.shape[0] / 2 * float(seen.path.detector.pixel_arcsec)
    figure, axes = pyplot.subplots(figsize=(6.4, 5.4), layout="constrained")
    shown = axes.imshow(
        electrons,
        origin="lower",
        extent=(-reach, reach, -reach, reach),
        cmap="inferno",
        norm=colors.PowerNorm(0.5, vmin=0, vmax=max(1.0, float(np.quantile(electrons, 0.9995)))),
        interpolation="nearest",
    )
    figure.colorbar(shown, ax=axes, label="electrons", extend="max")
    axes.plot(0, 0, marker="+", color="white", markersize=7, markeredgewidth=0.8)
    pixels = electrons.shape[0]
    axes.set(
        xlabel="arcseconds from the star",
        ylabel="arcseconds",
        title=f"{float(seen.exposure_s):.0f} s at {float(seen.view.wavelength_nm):.0f} nm, {pixels} × {pixels} pixels,"
        f" roll {float(seen.view.roll_deg):.0f}°",
    )
    figure.savefig(file, dpi=130, format="png")
    pyplot.close(figure)
