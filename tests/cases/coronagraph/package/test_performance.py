"""Performance curves against what they must be for images in closed form, and of the tiny package."""

import numpy as np
import pytest

from cases.coronagraph.package import packages
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.performance import Core, performance, working_angles
from jaxaudit_cases.coronagraph.package.read import Package, read_package

WIDTH_LOD = 0.4


@pytest.fixture(scope="module")
def round_spots(tiny: Package, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Sources every lambda/D with round spots as images, the farther the more light; a star and a sky that are even."""
    folder = packages.copy(tiny, tmp_path_factory.mktemp("spots") / "package")
    x = np.arange(4.0)
    axis = (np.arange(32) - 15.5) * 0.25
    spots = np.exp(-((axis[None, None, :] - x[:, None, None]) ** 2 + axis[None, :, None] ** 2) / (2 * WIDTH_LOD**2))
    spots *= 0.25**2 / (2 * np.pi * WIDTH_LOD**2)
    packages.library(folder, x, spots * np.array([0.0, 0.1, 0.5, 0.6])[:, None, None])
    packages.rewrite(folder, "sky_trans.fits", np.full((32, 32), 0.5, np.float32))
    packages.rewrite(folder, "stellar_intens.fits", np.full((5, 32, 32), 1e-8, np.float32))
    return read_package(folder)


def test_light_in_a_disc(round_spots: Package) -> None:
    curves = performance(round_spots, Core(radius_lod=0.7))
    inside = 1 - np.exp(-(0.7**2) / (2 * WIDTH_LOD**2))
    assert curves.separations_lod.tolist() == [1, 2, 3]
    assert curves.throughput == pytest.approx(np.array([0.1, 0.5, 0.6]) * inside, rel=1e-3)
    assert curves.core_area_lod2 == pytest.approx(np.full(3, np.pi * 0.7**2))
    star = 1e-8 * np.pi * 0.7**2 / 0.25**2
    assert curves.raw_contrast == pytest.approx(np.tile(star / curves.throughput, (5, 1)), rel=1e-6)
    assert curves.occulter_transmission == pytest.approx(np.full(3, 0.5))
    assert curves.core_mean_intensity == pytest.approx(np.full((5, 3), 1e-8))


def test_light_above_a_level(round_spots: Package) -> None:
    curves = performance(round_spots, Core(level=0.5))
    assert curves.core_area_lod2 == pytest.approx(np.full(3, np.pi * 2 * np.log(2) * WIDTH_LOD**2), rel=0.02)
    assert curves.throughput == pytest.approx(np.array([0.1, 0.5, 0.6]) / 2, rel=0.02)


def test_working_angles() -> None:
    separations = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert working_angles(separations, np.array([0.1, 0.2, 0.8, 0.7, 0.3])) == (pytest.approx(2 + 1 / 3), 4.0)
    assert working_angles(separations, np.array([0.8, 0.7, 0.8, 0.7, 0.6])) == (1.0, 5.0)


def test_a_vortex(tiny: Package) -> None:
    curves = performance(tiny, fine=True)
    assert curves.separations_lod == pytest.approx(np.arange(1, 14) * 0.25)
    assert np.all(np.diff(curves.throughput) > 0)  # a charge-6 mask lets more through with every step out to 4
    assert 2 < curves.inner_lod < 3
    assert curves.outer_lod == 3.25
    coarse = performance(tiny)
    assert coarse.throughput == pytest.approx(curves.throughput[[1, 3, 5, 7, 9, 11]], rel=1e-5)
    assert coarse.raw_contrast.shape == coarse.core_mean_intensity.shape == (5, 6)


def test_what_cannot_be_measured(tiny: Package) -> None:
    with pytest.raises(BadInput, match="radius_lod is 0: wanted an aperture's radius"):
        Core(radius_lod=0)
    with pytest.raises(BadInput, match="level is 2: wanted a part of the image's peak"):
        Core(level=2)
    with pytest.raises(BadInput, match=r"shows no source on the x axis between the star and 0\.4 lambda/D"):
        performance(tiny, Core(radius_lod=3.6))
