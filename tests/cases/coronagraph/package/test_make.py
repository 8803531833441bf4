"""A package as it is made: its files, its symmetries, and work that was ended and taken up again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from cases.coronagraph.package.packages import TINY
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.cube import quarter_cube
from jaxaudit_cases.coronagraph.package.grid import CUBE_FILE
from jaxaudit_cases.coronagraph.package.make import make_package
from jaxaudit_cases.coronagraph.package.read import FILES, Package, read_package
from jaxaudit_cases.coronagraph.package.stellar import StarLight
from jaxaudit_cases.coronagraph.package.vortex import Propagator, VortexDesign


def test_the_reader_gets_what_the_recipe_says(tiny: Package) -> None:
    assert (tiny.pixels, tiny.pixel_scale_lod, tiny.obscuration, tiny.diameter_m) == (32, 0.25, 0.0, 6.0)
    assert tiny.wavelength_nm == pytest.approx(550.0)
    assert tiny.band_nm == pytest.approx((495.0, 605.0))
    assert tiny.symmetry == "quarter"
    assert tiny.stellar_maps.shape == (5, 32, 32)
    assert tiny.stellar_maps.dtype == tiny.sky_transmission.dtype == np.float32
    assert tiny.stellar_maps.min() > 0


def test_a_node_of_the_cube_is_that_source_s_image(tiny: Package) -> None:
    cube = quarter_cube(tiny)
    exact = Propagator(VortexDesign(samples=32), 32, 0.25, np.float64)
    assert cube.shape == (17, 17, 32, 32)
    for iy, ix in [(0, 0), (3, 9), (9, 3), (16, 16)]:
        assert np.abs(cube[iy, ix] - exact.image(ix * 0.25, iy * 0.25)).max() < 1e-7


def test_a_library_source_on_a_node_is_that_node(tiny: Package) -> None:
    cube, psfs = quarter_cube(tiny), tiny.psfs()
    for (x, y), psf in zip(tiny.offsets_lod, psfs):
        if max(x, y) <= 4:
            assert np.abs(psf - cube[round(y * 4), round(x * 4)]).max() < 1e-7


def test_the_sky_is_the_cube_s_answer_to_a_uniform_scene(tiny: Package) -> None:
    total = np.zeros((32, 32))
    cube = quarter_cube(tiny)
    for iy in range(-16, 17):
        for ix in range(-16, 17):
            image = cube[abs(iy), abs(ix)]
            total += image[:: 1 if iy >= 0 else -1, :: 1 if ix >= 0 else -1]
    assert np.abs(tiny.sky_transmission - total).max() < 1e-6


def test_a_unit_stands_in_brackets_for_other_readers(tiny: Package) -> None:
    header = fits.getheader(tiny.folder / "stellar_intens.fits")
    assert header.comments["D"].endswith("[m]")
    assert header.comments["LAMBDA"].endswith("[um]")


def test_work_that_was_ended_goes_on(tiny: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pulled(what: str, done: int, steps: int) -> None:
        if done == 9:
            raise KeyboardInterrupt

    folder = tmp_path / "package"
    with pytest.raises(KeyboardInterrupt):
        make_package(folder, TINY, pulled)
    assert not folder.exists()
    asked: list[float] = []
    images = Propagator.images
    monkeypatch.setattr(Propagator, "images", lambda self, columns, y: (asked.append(y), images(self, columns, y))[1])
    make_package(folder, TINY)
    assert asked[:8] == [2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 3.75, 4.0]
    assert not (tmp_path / "package.part").exists()
    for name in (*FILES, CUBE_FILE):
        assert (folder / name).read_bytes() == (tiny.folder / name).read_bytes()


def test_a_package_of_the_same_recipe_is_left_as_it_is(tiny: Package) -> None:
    times = {path: path.stat().st_mtime_ns for path in tiny.folder.iterdir()}
    assert make_package(tiny.folder, TINY) == tiny.folder
    assert times == {path: path.stat().st_mtime_ns for path in tiny.folder.iterdir()}


def test_a_folder_of_something_else_is_not_written_in(tiny: Package, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds something else: wanted a new folder"):
        make_package(tiny.folder, replace(TINY, diameter_m=8.0))
    with pytest.raises(BadInput, match="holds something else: wanted a new folder"):
        make_package(tmp_path, TINY)


def test_only_its_own_work_in_progress_is_thrown_away(tmp_path: Path) -> None:
    mine = tmp_path / "package.part" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("all of it")
    with pytest.raises(BadInput, match=r"package.part holds something else: wanted that name for work in progress"):
        make_package(tmp_path / "package", TINY)
    assert mine.exists()
    mine.unlink()
    (mine.parent / "recipe.json").write_text(replace(TINY, pixels=16).as_json())
    assert read_package(make_package(tmp_path / "package", replace(TINY, cube=False))).pixels == 32


def test_without_a_cube_the_rest_is_the_same(tiny: Package, tmp_path: Path) -> None:
    folder = make_package(tmp_path / "package", replace(TINY, cube=False))
    assert not (folder / CUBE_FILE).exists()
    for name in FILES:
        assert (folder / name).read_bytes() == (tiny.folder / name).read_bytes()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pixels": 4}, "pixels is 4: wanted the images' width, 8 or more"),
        ({"pixels": 128}, "samples is 32: wanted at least twice the image's width, which is 32 lambda/D"),
        ({"wavelength_nm": -1.0}, "wavelength_nm is -1.0: wanted a finite number above 0"),
        ({"bandwidth": 2.0}, "bandwidth is 2.0: wanted a part of the wavelength"),
    ],
)
def test_recipes_that_cannot_be(fields: dict[str, float], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        replace(TINY, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"diameters_lod": (0.1, 0.05)}, r"diameters_lod is \(0.1, 0.05\): wanted increasing diameters"),
        ({"wavefront_error_nm": float("nan")}, "wavefront_error_nm is nan: wanted 0 to 10 nm rms"),
        ({"floor": 0.0}, "floor is 0.0: wanted a fraction of the star's light in each pixel, above 0"),
    ],
)
def test_stars_that_cannot_be(fields: dict[str, float], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        StarLight(**fields)  # type: ignore[arg-type]
