"""Packages of fewer pixels: the same light in them."""

from pathlib import Path

import pytest

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.coarser import coarser_package
from jaxaudit_cases.coronagraph.package.cube import quarter_cube
from jaxaudit_cases.coronagraph.package.performance import performance
from jaxaudit_cases.coronagraph.package.read import Package, read_package


@pytest.fixture(scope="module")
def coarse(tiny: Package, tmp_path_factory: pytest.TempPathFactory) -> Package:
    return read_package(coarser_package(tiny.folder, tmp_path_factory.mktemp("coarse") / "package"))


def test_the_same_light_in_fewer_pixels(tiny: Package, coarse: Package) -> None:
    assert (coarse.pixels, coarse.pixel_scale_lod) == (16, 0.5)
    assert coarse.psfs().sum(axis=(1, 2)) == pytest.approx(tiny.psfs().sum(axis=(1, 2)), rel=1e-5)
    assert coarse.stellar_maps[0, 0, 0] == pytest.approx(tiny.stellar_maps[0, :2, :2].sum())
    assert coarse.sky_transmission[3, 7] == pytest.approx(tiny.sky_transmission[6:8, 14:16].mean())
    assert coarse.diameter_m == tiny.diameter_m


def test_every_other_node_stays(tiny: Package, coarse: Package) -> None:
    cube, whole = quarter_cube(coarse), quarter_cube(tiny)
    assert cube.shape == (9, 9, 16, 16)
    assert cube[3, 8].sum() == pytest.approx(whole[6, 16].sum(), rel=1e-5)
    assert cube[3, 8, 2, 5] == pytest.approx(whole[6, 16, 4:6, 10:12].sum(), rel=1e-5)


def test_the_throughput_stays(tiny: Package, coarse: Package) -> None:
    assert performance(coarse).throughput[3:] == pytest.approx(performance(tiny).throughput[3:], rel=0.1)


def test_what_cannot_be(tiny: Package, coarse: Package, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="times is 3: wanted 2 or more, and a divisor of the images' 32 pixels"):
        coarser_package(tiny.folder, tmp_path / "package", 3)
    with pytest.raises(BadInput, match="which is there already: wanted a new folder"):
        coarser_package(tiny.folder, coarse.folder)
