"""How well a coronagraph does, by a source's separation from the star: the curves that mission studies compare."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.cube import quarter_cube
from jaxaudit_cases.coronagraph.package.progress import Progress, silent
from jaxaudit_cases.coronagraph.package.read import Package
from jaxaudit_cases.coronagraph.package.sampling import circle_mean, disc_mean, finer
from jaxaudit_cases.coronagraph.package.vortex import Array

FINE_STEP_LOD = 0.05
"""Images are refined to this before pixels above a level are counted."""


@dataclass(frozen=True)
class Core:
    """The part of a source's image in which its light is counted.

    A disc of `radius_lod` around the source's place; or, where `level` is given, all of the image that is brighter than
    this part of its peak.
    """

    radius_lod: float = 0.7
    level: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.radius_lod < np.inf:
            raise BadInput(f"radius_lod is {self.radius_lod}: wanted an aperture's radius in lambda/D, above 0")
        if self.level is not None and not 0 < self.level < 1:
            raise BadInput(f"level is {self.level}: wanted a part of the image's peak, above 0 and below 1")


@dataclass(frozen=True, eq=False)
class Performance:
    """Curves of a coronagraph against `separations_lod` [s] along x.

    `throughput` [s]: the part of a source's light in its core. `core_area_lod2` [s]: the core's area. `raw_contrast`
    [d, s]: the star's light in the core over the source's, by stellar diameter. `occulter_transmission` [s]: the
    transmission of a uniform sky, and `core_mean_intensity` [d, s]: the star's light in a pixel, both mean values around
    the star. `inner_lod`: where the throughput first comes to half of its highest; `outer_lod`: where it last has that
    much, with the disc of the core inside the image.
    """

    separations_lod: NDArray[np.float64]
    throughput: NDArray[np.float64]
    core_area_lod2: NDArray[np.float64]
    raw_contrast: NDArray[np.float64]
    occulter_transmission: NDArray[np.float64]
    core_mean_intensity: NDArray[np.float64]
    stellar_diameters_lod: NDArray[np.float64]
    inner_lod: float
    outer_lod: float


def performance(
    package: Package, core: Core | None = None, fine: bool = False, progress: Progress = silent
) -> Performance:
    """A package's curves at its library's sources on the x axis; with `fine`, at every node of its cube there.

    Sources on the star itself, and those nearer to the images' edge than the core's radius, are left out.
    Effect: with `fine`, what `quarter_cube` does.
    """
    core = core or Core()
    separations, images = on_the_axis(package, fine, progress)
    reach = package.pixels * package.pixel_scale_lod / 2 - core.radius_lod
    kept = (separations > 0) & (separations <= reach)
    if not kept.any():
        raise BadInput(
            f"{package.folder} shows no source on the x axis between the star and {reach:g} lambda/D: wanted at least one"
        )
    separations = separations[kept]
    stars = package.stellar_maps if core.level is None else refined(package.stellar_maps, package.pixel_scale_lod)
    measured = [measure(package, core, x, image, stars) for x, image in zip(separations, images[kept])]
    throughput, area, contrast = (np.array(column) for column in zip(*measured))
    radii = separations / package.pixel_scale_lod
    inner, outer = working_angles(separations, throughput)
    return Performance(
        separations_lod=separations,
        throughput=throughput,
        core_area_lod2=area,
        raw_contrast=contrast.T,
        occulter_transmission=np.array([circle_mean(package.sky_transmission, radius) for radius in radii]),
        core_mean_intensity=np.array([circle_mean(package.stellar_maps, radius) for radius in radii]).T,
        stellar_diameters_lod=package.stellar_diameters_lod,
        inner_lod=inner,
        outer_lod=outer,
    )


def on_the_axis(package: Package, fine: bool, progress: Progress) -> tuple[NDArray[np.float64], Array]:
    """Separations, increasing, of sources on the positive x axis, and their images."""
    if fine:
        images = quarter_cube(package, progress)[0]
        return np.arange(len(images), dtype=np.float64) * package.pixel_scale_lod, images
    x, y = package.offsets_lod.T
    found = np.flatnonzero((np.abs(y) < 1e-6) & (x >= 0))
    found = found[np.argsort(x[found])]
    return x[found], package.psfs()[found]


def measure(
    package: Package, core: Core, x_lod: float, image: Array, stars: Array
) -> tuple[float, float, NDArray[np.float64]]:
    """One source's throughput, its core's area, and the contrasts to the star by diameter.

    `stars` are the stellar maps, refined where the core has a level.
    """
    scale = package.pixel_scale_lod
    if core.level is None:
        area = np.pi * core.radius_lod**2
        place = (x_lod / scale, 0.0, core.radius_lod / scale)
        light = float(disc_mean(image, *place)) * area / scale**2
        star = disc_mean(stars, *place) * area / scale**2
    else:
        fine = refined(image, scale)
        share = (len(image) / len(fine)) ** 2
        bright = fine > core.level * fine.max()
        area = float(np.count_nonzero(bright)) * scale**2 * share
        light = float(fine[bright].sum()) * share
        star = stars[:, bright].sum(axis=-1) * share
    return light, area, star / light


def refined(image: Array, scale_lod: float) -> NDArray[np.float64]:
    """An image, or a stack, in pixels small enough to be counted."""
    return finer(image, int(np.ceil(scale_lod / FINE_STEP_LOD)))


def working_angles(separations: NDArray[np.float64], throughput: NDArray[np.float64]) -> tuple[float, float]:
    """Where a curve first rises to half of its highest (in a straight line between its points), and last has as much."""
    half = throughput.max() / 2
    enough = np.flatnonzero(throughput >= half)
    first = int(enough[0])
    inner = float(separations[first])
    if first:
        inner = float(np.interp(half, throughput[first - 1 : first + 1], separations[first - 1 : first + 1]))
    return inner, float(separations[enough[-1]])
