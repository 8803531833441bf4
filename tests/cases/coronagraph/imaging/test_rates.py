import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from perfect import PIXEL_LOD, cube, psf
from scipy.ndimage import map_coordinates

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.imaging.rates import View, check_view, planet_rate, scene_rate, scene_rates
from jaxaudit_cases.coronagraph.instrument.cube import CubeCoronagraph, on_device
from jaxaudit_cases.coronagraph.instrument.detector import Detector
from jaxaudit_cases.coronagraph.instrument.filter import Filter
from jaxaudit_cases.coronagraph.instrument.mirror import Primary
from jaxaudit_cases.coronagraph.instrument.optical_path import OpticalPath
from jaxaudit_cases.coronagraph.instrument.speckles import Speckles
from jaxaudit_cases.coronagraph.instrument.star_maps import StarMaps
from jaxaudit_cases.coronagraph.sky.disk import ImageDisk
from jaxaudit_cases.coronagraph.sky.planet import FixedPlanets
from jaxaudit_cases.coronagraph.sky.scene import Scene
from jaxaudit_cases.coronagraph.sky.star import Star
from jaxaudit_cases.coronagraph.sky.zodi import Zodi

PIXELS, DETECTOR = 32, 24
LOD = 550e-9 / 6 * 180 * 3600 / np.pi
"""One lambda/D in arcseconds."""
PIXEL = PIXEL_LOD * LOD
FLUX = 1e9 * 10 ** (-26 - 9) / (6.62607015e-34 * 550e-9)
"""Of 1 GJy in photons/s/m2/nm: a Jansky is 1e-26 W/m2/Hz, and photons per nm are those over h times the wavelength."""
COLLECTED = 50 * np.pi / 4 * 36 * (1 - 0.1**2) * 0.7 * 0.9
"""Of a bin of 50 nm."""
STAR_MAP = 1e-10 * (1 + np.cos(np.arange(PIXELS) / 5.0)[:, None] * np.sin(np.arange(PIXELS) / 3.0)[None] / 2)
SKY = 1 - 0.9 * np.exp(-(np.hypot(*np.mgrid[-15.5:16, -15.5:16]) ** 2) / 40)
DISK = np.random.default_rng(3).random((40, 40)) * 1e-9
PLACES = np.array([[1.3, 0.4], [-0.7, -2.2]]) * LOD
BRIGHT = np.array([3e-9, 1e-8])


def speckles():
    return Speckles.drawn(jax.random.key(4), 1e-9, 2.0, across_lod=16)


def optical_path(scale=1.0):
    coronagraph = CubeCoronagraph(on_device(cube(PIXELS)), StarMaps.of([0.0], STAR_MAP[None]), SKY, PIXEL_LOD)
    detector = Detector(DETECTOR, PIXEL * scale, quantum_efficiency=0.5)
    primary = Primary(6.0, obscuration=0.1)
    return OpticalPath(primary, coronagraph, Filter(550.0, 50.0, 0.9), detector, 0.7, speckles())


def scene(planets=True, disk=True, zodi=True):
    star = Star([500.0, 600.0], [1e9, 1e9], 0.0, 10.0, 1.0)
    return Scene(
        star,
        FixedPlanets(PLACES, BRIGHT) if planets else None,
        ImageDisk(None, DISK, PIXEL / 2) if disk else None,
        Zodi() if zodi else None,
    )


rates_of = jax.jit(scene_rates)
rate_of = jax.jit(scene_rate)


@pytest.fixture(scope="module")
def seen():
    return rates_of(scene(), optical_path(), View(550.0, 50.0, 0.0, 0.0))


def middle(image):
    """Of a map, the pixels that a detector of the same pixels sees."""
    edge = (PIXELS - DETECTOR) // 2
    return image[edge:-edge, edge:-edge]


def test_the_star_has_its_map(seen):
    np.testing.assert_allclose(seen.star, middle(STAR_MAP) * FLUX * COLLECTED, rtol=2e-5)


def test_the_zodi_has_its_level_and_what_the_sky_lets_through(seen):
    np.testing.assert_allclose(seen.zodi, middle(SKY) * 0.157909 * PIXEL**2 * COLLECTED, rtol=2e-5)


def test_planets_have_the_propagated_images(seen):
    """Within 2e-4 of the peak: the interpolation between nodes."""
    images = sum(psf(PIXELS, *place / LOD) * bright for place, bright in zip(PLACES, BRIGHT))
    expected = middle(images) * FLUX * COLLECTED
    np.testing.assert_allclose(seen.planets, expected, atol=2e-4 * expected.max())


@pytest.mark.slow
@pytest.mark.parametrize("roll", [0.0, 33.0, 90.0])
def test_the_disk_is_the_sum_over_points_of_light(roll):
    """Each node's light is propagated as a point source; the disk's image is sampled by SciPy where the telescope looks."""
    half = PIXELS // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1] * PIXEL
    turn = np.deg2rad(roll)
    at_x, at_y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    places = [at_y / (PIXEL / 2) + 19.5, at_x / (PIXEL / 2) + 19.5]
    smooth = np.outer(np.hanning(40), np.hanning(40)) * 1e-9
    light = map_coordinates(smooth, places, order=3, mode="constant") * 4 * FLUX * COLLECTED
    expected = np.zeros((PIXELS, PIXELS))
    for row in range(2 * half + 1):
        for column in range(2 * half + 1):
            image = cube(PIXELS)[abs(row - half), abs(column - half)]
            image = image[:, ::-1] if column < half else image
            expected += light[row, column] * (image[::-1] if row < half else image)
    only = Scene(scene().star, None, ImageDisk(None, smooth, PIXEL / 2))
    found = rates_of(only, optical_path(), View(550.0, 50.0, 0.0, roll)).disk
    np.testing.assert_allclose(found, middle(expected), atol=3e-4 * expected.max())


def test_a_planet_and_a_disk_of_one_bright_pixel_stand_at_the_same_place():
    at = np.array([[6.0, -3.0]]) * PIXEL
    image = np.zeros((41, 41))
    image[20 - 3, 20 + 6] = 1e-8
    only = Scene(scene().star, FixedPlanets(at, [1e-8]), ImageDisk(None, image, PIXEL))
    found = rates_of(only, optical_path(), View(550.0, 50.0))
    np.testing.assert_allclose(found.disk, found.planets, atol=1e-5 * float(found.planets.max()))


@pytest.mark.slow
def test_the_sum_in_one_product_is_the_sum_of_the_parts(seen):
    """Where interpolation overshoots below zero the parts are cut one by one: 2e-6 of the peak at most."""
    total = rate_of(scene(), optical_path(), View(550.0, 50.0))
    np.testing.assert_allclose(total, seen.total, atol=2e-6 * float(total.max()))


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["planets", "disk", "zodi"])
def test_what_is_not_there_shines_not(missing):
    found = rates_of(scene(**{missing: False}), optical_path(), View(550.0, 50.0))
    np.testing.assert_array_equal(getattr(found, missing), 0)
    assert float(found.total.max()) > 0


@pytest.mark.slow
def test_a_roll_turns_planets_the_other_way():
    turned = PLACES @ np.array([[0.0, 1.0], [-1.0, 0.0]])  # counter-clockwise by 90 degrees
    by_roll = rates_of(scene(), optical_path(), View(550.0, 50.0, 0.0, -90.0)).planets
    moved = Scene(scene().star, FixedPlanets(turned, BRIGHT))
    np.testing.assert_allclose(by_roll, rates_of(moved, optical_path(), View(550.0, 50.0)).planets, rtol=2e-3, atol=10)


@pytest.mark.slow
def test_larger_pixels_gather_more_light():
    """Of even light by their area: pixels 1.25 times as wide as the map's, 1.25 squared."""
    even = [
        eqx.tree_at(
            lambda path: path.coronagraph.sky_transmission, optical_path(scale), jnp.ones((32, 32), jnp.float32)
        )
        for scale in (1.0, 1.25)
    ]
    fine, coarse = (rates_of(scene(), path, View(550.0, 50.0)).zodi for path in even)
    np.testing.assert_allclose(coarse[1:-1, 1:-1] / fine[1:-1, 1:-1], 1.25**2, rtol=1e-5)


@pytest.mark.slow
def test_series_over_time_roll_and_wavelength():
    views = View([520.0, 550.0, 580.0], [10.0, 20.0, 10.0], [0.0, 1.0, 2.0], [0.0, 10.0, 20.0])
    many = jax.jit(jax.vmap(scene_rate, (None, None, 0)))(scene(), optical_path(), views)
    for index, expected in enumerate(many):
        one = rate_of(scene(), optical_path(), jax.tree.map(lambda values, at=index: values[at], views))
        np.testing.assert_allclose(expected, one, rtol=1e-4)


@pytest.mark.slow
def test_gradients_by_position_and_flux_are_those_of_differences():
    path, star, weights = (
        optical_path(),
        scene().star,
        jnp.asarray(np.random.default_rng(5).random((24, 24)), jnp.float32),
    )

    def measured(places, bright):
        return jnp.sum(planet_rate(FixedPlanets(places, bright), star, path, View(550.0, 50.0)) * weights)

    places, bright = jnp.asarray(PLACES, jnp.float32), jnp.asarray(BRIGHT, jnp.float32)
    by_place, by_flux = jax.jit(jax.grad(measured, (0, 1)))(places, bright)
    slow = jax.jit(measured)
    step = 0.02 * LOD
    there = slow(places.at[1, 0].add(step), bright) - slow(places.at[1, 0].add(-step), bright)
    np.testing.assert_allclose(by_place[1, 0], there / (2 * step), rtol=0.02)
    np.testing.assert_allclose(jnp.sum(by_flux * bright), slow(places, bright), rtol=1e-4)


@pytest.mark.slow
def test_float64_agrees_with_float32(seen):
    with jax.enable_x64(True):
        exact = rates_of(scene(), optical_path(), View(550.0, 50.0))
        assert exact.total.dtype == jnp.float64
        for name in ("star", "planets", "disk", "zodi"):
            reference = np.asarray(getattr(exact, name))
            np.testing.assert_allclose(np.asarray(getattr(seen, name)), reference, atol=2e-5 * reference.max())


def test_speckles_are_a_function_of_time_with_the_mean_that_was_asked_for():
    looks = [rates_of(scene(), optical_path(), View(550.0, 50.0, day)).speckles for day in (0.0, 0.0, 0.01, 50.0)]
    np.testing.assert_array_equal(looks[0], looks[1])
    assert np.corrcoef(looks[0].ravel(), looks[2].ravel())[0, 1] > 0.95
    assert abs(np.corrcoef(looks[0].ravel(), looks[3].ravel())[0, 1]) < 0.5
    fractions = jax.jit(jax.vmap(lambda day: speckles().fraction(32, jnp.float32(0.25), day)))(
        jnp.arange(0.0, 400.0, 5.0)
    )
    np.testing.assert_allclose(fractions.mean(), 1e-9 * np.pi / 4 * 0.25**2, rtol=0.05)
    # An exponential distribution: as wide as its mean.
    np.testing.assert_allclose(fractions.std() / fractions.mean(), 1, rtol=0.1)


def test_a_planet_outside_the_field_is_named():
    far = FixedPlanets(np.array([[0.1, 0.0], [4.5 * LOD, 0.0]]), [1e-9, 1e-9])
    sentence = "offsets_arcsec is 0.0850838 at [1, 0]: it must be within the coronagraph's field, 0.07563 arcsec"
    with pytest.raises(BadInput, match=re.escape("offsets_arcsec is")) as told:
        planet_rate(far, scene().star, optical_path(), View(550.0, 50.0))
    assert "within the coronagraph's field, 0.07563 arcsec to each side" in str(told.value), sentence


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"wavelength_nm": -1.0}, "wavelength_nm is -1: it must be a positive number of nanometres"),
        ({"bin_width_nm": 0.0}, "bin_width_nm is 0: it must be a positive number of nanometres"),
        ({"time_d": float("nan")}, "time_d is nan: it must be a finite number of days"),
    ],
)
def test_a_view_that_cannot_be_is_refused(wrong, sentence):
    with pytest.raises(BadInput, match=re.escape(sentence)):
        View(**({"wavelength_nm": 550.0, "bin_width_nm": 50.0} | wrong))


def test_what_a_traced_function_cannot_see_is_checked_before():
    series = View(550.0, 50.0, [0.0, 1.0], [0.0, 45.0])
    corner = FixedPlanets(np.array([[3.9 * LOD, 3.9 * LOD]]), [1e-9])
    check_view(scene(), optical_path(), series)
    check_view(Scene(scene().star, corner), optical_path(), View(550.0, 50.0))
    with pytest.raises(BadInput, match=re.escape("offsets_arcsec is")):
        check_view(Scene(scene().star, corner), optical_path(), series)
    with pytest.raises(BadInput, match="wavelength_nm is 700"):
        check_view(scene(), optical_path(), View([550.0, 700.0], [50.0, 50.0]))
    with pytest.raises(BadInput, match="wavelength_nm is 700"):
        scene_rate(scene(), optical_path(), View(700.0, 50.0))
