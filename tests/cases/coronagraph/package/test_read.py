"""Packages as others write them, and what is said of those that can't be right."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from cases.coronagraph.package import packages
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.read import FILES, Package, read_package

STARS = "stellar_intens.fits"


@pytest.fixture
def folder(tiny: Package, tmp_path: Path) -> Path:
    return packages.copy(tiny, tmp_path / "package")


def test_offsets_may_be_turned_on_their_side(tiny: Package, folder: Path) -> None:
    packages.rewrite(folder, "offax_psf_offset_list.fits", tiny.offsets_lod.T)
    assert np.array_equal(read_package(folder).offsets_lod, tiny.offsets_lod)


def test_offsets_of_one_number_each_are_along_x(tiny: Package, folder: Path) -> None:
    on_axis = tiny.offsets_lod[:, 1] == 0
    packages.library(folder, tiny.offsets_lod[on_axis, 0], tiny.psfs()[on_axis])
    package = read_package(folder)
    assert package.symmetry == "radial"
    assert np.array_equal(package.offsets_lod, tiny.offsets_lod[on_axis])


def test_a_source_on_the_other_side_makes_a_library_full(tiny: Package, folder: Path) -> None:
    packages.library(folder, tiny.offsets_lod * [-1, 1], tiny.psfs()[:, :, ::-1])
    assert read_package(folder).symmetry == "full"


def test_numbers_come_in_this_machine_s_order_of_bytes(tiny: Package) -> None:
    for values in (tiny.psfs(), tiny.stellar_maps, tiny.sky_transmission, tiny.offsets_lod, tiny.stellar_diameters_lod):
        assert values.dtype.isnative
        assert values.flags.c_contiguous


@pytest.mark.parametrize(
    ("value", "comment", "nanometres"),
    [
        (0.8, "central wavelength [um]", 800.0),
        (800.0, "central wavelength [nm]", 800.0),
        (0.8, "central wavelength in microns", 800.0),
        (0.8, "central wavelength", 800.0),
        (8e-7, "central wavelength (m)", 800.0),
        (0.8, "lambda [micron]", 800.0),
    ],
)
def test_a_unit_is_read_from_the_comment(folder: Path, value: float, comment: str, nanometres: float) -> None:
    with fits.open(folder / STARS, mode="update") as parts:
        parts[0].header["LAMBDA"] = (value, comment)
    assert read_package(folder).wavelength_nm == pytest.approx(nanometres)


def test_what_the_header_need_not_say_may_be_missing(folder: Path) -> None:
    with fits.open(folder / STARS, mode="update") as parts:
        for key in ("D", "LAMBDA", "MINLAM", "XCENTER", "DESIGN"):
            del parts[0].header[key]
    package = read_package(folder)
    assert (package.diameter_m, package.wavelength_nm, package.band_nm, package.design) == (None, None, None, "")


@pytest.mark.parametrize(
    ("key", "value", "comment", "said"),
    [
        ("PIXSCALE", None, "", "stellar_intens.fits has no PIXSCALE in its header: wanted a pixel's width in lambda/D"),
        ("OBSCURED", None, "", "stellar_intens.fits has no OBSCURED in its header: wanted the obscured part"),
        ("PIXSCALE", 0.0, "lambda/D", "PIXSCALE in stellar_intens.fits is 0: wanted a pixel's width"),
        ("PIXSCALE", 5.0, "[mas]", "PIXSCALE in stellar_intens.fits is in mas by its comment '[mas]': wanted lambda/D"),
        ("PIXSCALE", "fine", "", "PIXSCALE in stellar_intens.fits is 'fine': wanted a pixel's width"),
        ("OBSCURED", 1.5, "", "OBSCURED in stellar_intens.fits is 1.5: wanted a part of the diameter"),
        (
            "LAMBDA",
            550.0,
            "wavelength",
            "LAMBDA in stellar_intens.fits is 550 um (for its comment names no unit): wanted",
        ),
        (
            "LAMBDA",
            0.55,
            "[parsec]",
            "LAMBDA in stellar_intens.fits is in 'parsec' by its comment: wanted a unit of length",
        ),
        ("D", 6e6, "[m]", "D in stellar_intens.fits is 6e+06 m (by its comment '[m]'): wanted 0.01 to 1000 m"),
        (
            "MINLAM",
            0.7,
            "[um]",
            "MINLAM in stellar_intens.fits is 700 nm and MAXLAM 605 nm: wanted the shorter one first",
        ),
        ("XCENTER", 25.0, "", "XCENTER in stellar_intens.fits is 25: wanted the centre of images of 32 pixels"),
    ],
)
def test_headers_that_cannot_be(folder: Path, key: str, value: float | str | None, comment: str, said: str) -> None:
    with fits.open(folder / STARS, mode="update") as parts:
        if value is None:
            del parts[0].header[key]
        else:
            parts[0].header[key] = (value, comment)
    with pytest.raises(BadInput, match=re.escape(said)):
        read_package(folder)


def with_nan(values: np.ndarray) -> np.ndarray:
    values[..., 3, 4] = np.nan
    return values


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (STARS, with_nan, "stellar_intens.fits holds nan at [0, 3, 4]: wanted finite fractions of light"),
        (STARS, lambda maps: maps[1:], "stellar_intens.fits has shape (4, 32, 32): wanted 5 x 32 x 32"),
        (STARS, lambda maps: -maps, "wanted fractions of the star's light, 0 or more"),
        (STARS, lambda maps: maps * 1e12, "wanted each source's light as a part of 1"),
        ("sky_trans.fits", lambda sky: sky[1:], "sky_trans.fits has shape (31, 32): wanted one square image"),
        ("sky_trans.fits", lambda sky: sky * 100, "wanted a transmission from 0 to 1"),
        ("stellar_intens_diam_list.fits", lambda sizes: sizes[::-1], "wanted increasing stellar diameters in lambda/D"),
        (
            "offax_psf_offset_list.fits",
            lambda offsets: offsets * 20,
            "in a field 8 lambda/D wide: wanted offsets in lambda/D",
        ),
        (
            "offax_psf_offset_list.fits",
            lambda offsets: offsets[1:],
            "offax_psf.fits has shape (81, 32, 32): wanted (80, 32, 32)",
        ),
        (
            "offax_psf_offset_list.fits",
            lambda offsets: offsets * np.nan,
            "holds a number that is not finite: wanted x and y in lambda/D",
        ),
        ("offax_psf.fits", lambda psfs: psfs[:, 1:], "offax_psf.fits has shape (81, 31, 32): wanted (81, 32, 32)"),
    ],
)
def test_numbers_that_cannot_be(folder: Path, name: str, change: Callable[[np.ndarray], np.ndarray], said: str) -> None:
    values = np.array(fits.getdata(folder / name))
    packages.rewrite(folder, name, change(values))
    with pytest.raises(BadInput, match=re.escape(said)):
        read_package(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_nan, "offax_psf.fits holds nan at [0, 3, 4]: wanted finite fractions of light"),
        (lambda psfs: psfs * 1e3, "wanted each source's light as a part of 1, over all pixels"),
    ],
)
def test_a_library_is_looked_through_when_it_is_read(
    tiny: Package, folder: Path, change: Callable[[np.ndarray], np.ndarray], said: str
) -> None:
    packages.rewrite(folder, "offax_psf.fits", change(tiny.psfs()))
    package = read_package(folder)
    with pytest.raises(BadInput, match=re.escape(said)):
        package.psfs()


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BadInput, match=f"has no {name}: wanted a folder with"):
        read_package(folder)


def test_a_file_of_another_kind_is_named(folder: Path) -> None:
    (folder / "sky_trans.fits").write_text("a page that says that the download failed")
    with pytest.raises(BadInput, match=r"sky_trans.fits can't be read as FITS"):
        read_package(folder)
