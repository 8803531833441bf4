import jax
import numpy as np
import pytest

from cases.coronagraph.sky import exovista_file
from cases.coronagraph.sky.ellipse import slowly
from cases.coronagraph.sky.exovista_file import PLANETS, YEARS, write_exovista
from cases.coronagraph.sky.precision import double
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.exovista import load_exovista

LOOK = jax.jit(
    lambda scene, wavelength, time: (
        scene.star.flux(wavelength, time),
        scene.planets.offsets_arcsec(time, scene.star),
        scene.planets.contrast(wavelength, time, scene.star),
    )
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("exovista") / "scene.fits"
    return path, write_exovista(path)


def test_a_scene_is_what_was_written(made):
    path, images = made
    scene = load_exovista(path)
    np.testing.assert_allclose(scene.star.diameter_arcsec, 0.8e-3, rtol=1e-6)
    np.testing.assert_allclose([scene.star.distance_pc, scene.star.mass_msun], [12.0, 0.9], rtol=1e-7)
    np.testing.assert_allclose(scene.disk.wavelengths_nm, [400, 600, 900])
    np.testing.assert_allclose(scene.disk.contrast, images[:3], rtol=1e-7)
    np.testing.assert_allclose(scene.disk.pixel_scale_arcsec, 0.04, rtol=1e-7)
    assert abs(scene.zodi.magnitude - 22) < 1e-6
    assert scene.epoch_jd == 2451545.0


def test_flux_places_and_contrasts_at_the_files_rows(made):
    with double():
        scene = load_exovista(made[0])
        for row in (0, 7, 40):
            flux, offsets, contrast = LOOK(scene, 650.0, float(YEARS[row]) * 365.25)
            jy = exovista_file.star_jy(YEARS)[row, 2]
            np.testing.assert_allclose(flux, jy * 1e-26 / 6.62607015e-34 / 650, rtol=1e-9)
            for planet, (elements, radius, mass) in enumerate(PLANETS):
                wanted = exovista_file.planet_rows(elements, radius, mass)[row]
                # The file's motion comes from differences over 0.02 days, whose error grows with the years.
                np.testing.assert_allclose(np.asarray(offsets)[planet], wanted[9:11] / 12, atol=1e-5 * elements[0])
                np.testing.assert_allclose(np.asarray(contrast)[planet], wanted[16 + 2], rtol=2e-4)


def test_between_the_rows_contrast_follows_phase_and_distance(made):
    elements, radius, mass = PLANETS[1]
    day = 400.0
    with double():
        contrast = np.asarray(LOOK(load_exovista(made[0]), 650.0, day)[2])[1]
    wanted = exovista_file.planet_rows(elements, radius, mass, np.array([day / 365.25]))[0, 16 + 2]
    # On an ellipse of eccentricity 0.3, where phase alone would be wrong by up to 3.4.
    np.testing.assert_allclose(contrast, wanted, rtol=5e-3)


def test_float32_is_as_good_as_its_digits(made):
    day = float(YEARS[20]) * 365.25
    single = LOOK(load_exovista(made[0]), 550.0, day)
    with double():
        both = LOOK(load_exovista(made[0]), 550.0, day)
    for one, other in zip(map(np.asarray, single), map(np.asarray, both)):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-5 * np.abs(other).max())


def test_choosing_planets(made):
    path, _ = made
    everyone = load_exovista(path)
    assert everyone.planets.orbit.eccentricity.shape == (3,)
    some = load_exovista(path, planets=[2, 0])
    np.testing.assert_array_equal(
        some.planets.orbit.semi_major_axis_au, np.asarray(everyone.planets.orbit.semi_major_axis_au)[[2, 0]]
    )
    # 1 au under 0.7 suns is 1.2 au under one: the first planet is another Earth.
    earths = load_exovista(path, only_earths=True)
    np.testing.assert_allclose(earths.planets.orbit.semi_major_axis_au, [1.0], rtol=1e-5)
    bare = load_exovista(path, planets=[], disk=False, zodi_magnitude=None)
    assert bare.planets is bare.disk is bare.zodi is None


def test_a_star_with_spots_and_a_single_row(tmp_path):
    write_exovista(tmp_path / "spots.fits", spots=True, years=YEARS[:1])
    scene = load_exovista(tmp_path / "spots.fits")
    assert scene.star.times_d is None
    _, offsets, contrast = LOOK(scene, 500.0, float(YEARS[0]) * 365.25)
    row = exovista_file.planet_rows(*PLANETS[2])[0]
    np.testing.assert_allclose(
        np.asarray(offsets)[2], slowly(PLANETS[2][0], YEARS[0] * 365.25, 0.9 + 3.0034893e-6 * 300)[:2] / 12, rtol=1e-5
    )
    np.testing.assert_allclose(np.asarray(contrast)[2], row[16 + 1], rtol=1e-5)


def test_dates_and_wavelengths_outside_the_file_are_named(made):
    scene = load_exovista(made[0])
    with pytest.raises(
        BadInput, match=r"time_d is 0: the table holds 182\.625 to 913\.125 days after the scene's epoch"
    ):
        scene.check(550.0, 0.0)
    with pytest.raises(BadInput, match="wavelength_nm is 1000: the table holds 400 to 900 nm"):
        scene.check(1000.0, 200.0)
    scene.check(550.0, scene.days(2451545.0 + 200))


def without(place, key):
    def change(file):
        del file[place].header[key]

    return change


def spoiled(place, index, value):
    def change(file):
        file[place].data[index] = value

    return change


def narrowed(file):
    file[5].data = file[5].data[:, :-1]


def renamed(file):
    file[4].header["SPECUNIT"] = "W/m2"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without(4, "DIST"), r"the star's header \(extension 4\) has no DIST, its distance in pc"),
        (without(2, "PXSCLMAS"), r"the disk's header \(extension 2\) has no PXSCLMAS, its pixel in mas"),
        (spoiled(4, (3, 17), np.nan), "extension 4 is nan in row 3, column 17"),
        (spoiled(4, (3, 17), -1.0), r"flux_jy is -1 at \[1, 3\]"),
        (spoiled(2, (0, 1, 2), np.nan), r"contrast is nan at \[0, 1, 2\]"),
        (spoiled(0, 2, 0.1), r"the wavelengths \(extension 0\) must be two or more, increasing, in um"),
        (spoiled(5, (0, slice(12, 15)), 100.0), "is on no closed orbit"),
        (spoiled(6, (0, 0), 0.1), "the planets' tables start at different times"),
        (narrowed, r"extension 5 has the shape \(41, 19\): it must be \[times, 16 \+ 4 wavelengths\]"),
        (renamed, "SPECUNIT is W/m2: the star's spectrum must be in Jy"),
        (lambda file: file.pop(3), r"extensions \[3\] look like a star: it must be one, extension 4 or 5"),
    ],
)
def test_a_spoiled_file_is_named(tmp_path, change, sentence):
    write_exovista(tmp_path / "bad.fits", change=change)
    with pytest.raises(BadInput, match=rf"bad.fits: .*{sentence}"):
        load_exovista(tmp_path / "bad.fits")


def test_choices_that_cannot_be_met_are_named(made, tmp_path):
    with pytest.raises(BadInput, match=r"planets=\[3\]: there is no planet 3, the file holds planets 0 to 2"):
        load_exovista(made[0], planets=[3])
    with pytest.raises(BadInput, match=r"planets=\[0\] and only_earths=True both choose planets"):
        load_exovista(made[0], planets=[0], only_earths=True)
    with pytest.raises(BadInput, match=r"nothing.fits can't be read as a FITS file"):
        load_exovista(tmp_path / "nothing.fits")
    (tmp_path / "text.fits").write_text("no FITS")
    with pytest.raises(BadInput, match=r"text.fits can't be read as a FITS file"):
        load_exovista(tmp_path / "text.fits")
