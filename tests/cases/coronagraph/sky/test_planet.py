import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cases.coronagraph.sky.precision import WIDTHS, double, slope
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.orbit import Orbit
from jaxaudit_cases.coronagraph.sky.planet import FixedPlanets, Planets
from jaxaudit_cases.coronagraph.sky.star import Star
from jaxaudit_cases.coronagraph.sky.units import EARTH_MASS_MSUN

CONTRAST, CONTRAST_OF_FIXED = jax.jit(Planets.contrast), jax.jit(FixedPlanets.contrast)
EARTH_RADIUS_AU = 6.3781e6 / 1.495978707e11
RADII, ALBEDOS = [1.0, 11.0, 3.0], [0.3, 0.5, 0.2]


LOOK = jax.jit(lambda it, t, sun: (it.position_au(t, sun), it.offsets_arcsec(t, sun), it.contrast(550.0, t, sun)))


def star():
    return Star([400.0, 900.0], [30.0, 30.0], distance_pc=8.0, mass_msun=1.1)


def orbit(**change):
    elements = {
        "semi_major_axis_au": [1.0, 5.2, 2.0],
        "eccentricity": [0.0, 0.05, 0.6],
        "inclination_rad": [0.0, 1.0, 1.5],
        "node_rad": [0.0, 2.0, -1.0],
        "periapsis_rad": [0.0, 1.0, 0.5],
        "mean_anomaly_rad": [0.0, 0.3, 2.0],
        "epoch_d": [0.0, 0.0, 0.0],
    }
    return Orbit(**(elements | change))


def planets(**change):
    more = {"mass_mearth": [0.0] * 3}
    return Planets(**(more | {"radius_rearth": RADII, "orbit": orbit(), "albedo": ALBEDOS} | change))


@pytest.mark.parametrize(("width", "error"), [("float32", 3e-6), ("float64", 1e-13)])
def test_contrast_is_albedo_by_phase_by_solid_angle(width, error):
    with WIDTHS[width]():
        ours, sun = planets(), star()
        place, offsets, contrast = (np.asarray(it, np.float64) for it in LOOK(ours, 200.0, sun))
    np.testing.assert_allclose(offsets, place[:, :2] / 8.0, rtol=error)
    distance = np.linalg.norm(place, axis=1)
    phase = np.arccos(-place[:, 2] / distance)
    lambert = (np.sin(phase) + (np.pi - phase) * np.cos(phase)) / np.pi
    wanted = np.array(ALBEDOS) * lambert * (np.array(RADII) * EARTH_RADIUS_AU / distance) ** 2
    np.testing.assert_allclose(contrast, wanted, rtol=error)


def test_an_earth_seen_half_is_the_textbooks_contrast():
    # 0.3 / pi x (6378.1 km / 1 au)2
    contrast = np.asarray(LOOK(planets(), 0.0, star())[2])[0]
    np.testing.assert_allclose(contrast, 0.3 / np.pi * EARTH_RADIUS_AU**2, rtol=3e-7)
    assert abs(contrast / 1.7358e-10 - 1) < 1e-4


def test_an_albedo_by_wavelength_is_linear_between_its_nodes():
    coloured = planets(albedo=np.outer(ALBEDOS, [1.0, 2.0, 4.0]), wavelengths_nm=[400.0, 500.0, 700.0])
    first, second = (np.asarray(CONTRAST(coloured, wavelength, 100.0, star())) for wavelength in (400.0, 600.0))
    np.testing.assert_allclose(second, 3 * first, rtol=5e-7)
    coloured.check(600.0, 0.0)


def test_a_heavy_planet_goes_round_faster():
    with double():
        both = np.asarray(LOOK(planets(mass_mearth=[0.0, 317.8, 0.0]), 1000.0, star())[1])
        faster = Star([400.0, 900.0], [30.0, 30.0], distance_pc=8.0, mass_msun=1.1 + 317.8 * EARTH_MASS_MSUN)
        np.testing.assert_allclose(both[1], np.asarray(LOOK(planets(), 1000.0, faster)[1])[1], rtol=1e-12)
        np.testing.assert_allclose(both[0], np.asarray(LOOK(planets(), 1000.0, star())[1])[0], rtol=1e-12)


def test_a_series_of_times_wavelengths_and_planets_under_jit():
    coloured = planets(albedo=np.outer(ALBEDOS, [1.0, 2.0, 4.0]), wavelengths_nm=[400.0, 500.0, 700.0])
    times, wavelengths = np.array([0, 10], "float32"), np.array([450, 500, 650], "float32")
    contrast = jax.vmap(jax.vmap(Planets.contrast, (None, 0, None, None)), (None, None, 0, None))
    many = jax.jit(contrast)(coloured, wavelengths, times, star())
    assert many.shape == (2, 3, 3)
    np.testing.assert_allclose(np.asarray(many)[1, 2], CONTRAST(coloured, 650.0, 10.0, star()), rtol=2e-6)
    each = jax.jit(jax.vmap(Planets.contrast, (0, None, None, None)))(planets(), 550.0, 10.0, star())
    np.testing.assert_allclose(each, LOOK(planets(), 10.0, star())[2], rtol=2e-6)


@pytest.mark.slow
def test_gradients_are_those_of_differences():
    names = ("radius_rearth", "albedo", "inclination_rad", "mean_anomaly_rad", "semi_major_axis_au")

    def moved(by):
        ours = planets()
        for name, shift in zip(names, by):
            ours = eqx.tree_at(
                lambda it, name=name: getattr(it if hasattr(it, name) else it.orbit, name),
                ours,
                replace_fn=lambda it, shift=shift: it + shift,
            )
        return ours.contrast(550.0, 50.0, star()) * 1e9, ours.offsets_arcsec(50.0, star())

    with double():
        moves, found = jax.jit(moved), jax.jit(jax.jacfwd(moved))(np.zeros(5))
        for part in (0, 1):
            for index in range(5):
                wanted = slope(lambda step, part=part, index=index: moves(step * np.eye(5)[index])[part], 0.0, 1e-4)
                np.testing.assert_allclose(np.asarray(found[part])[..., index], wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.slow
def test_gradients_are_finite_at_conjunction_and_on_circles():
    # Edge-on, in front of the star and behind it; and face-on.
    none, ones, quarter = [0.0] * 3, [1.0] * 3, np.pi / 2
    edge_on = Planets(ones, Orbit(ones, none, [quarter, quarter, 0], none, none, [quarter, -quarter, 0], none), ones)

    def light(them):
        return jnp.sum(them.contrast(550.0, 0.0, star())) * 1e9 + jnp.sum(them.offsets_arcsec(0.0, star()))

    slopes = jax.jit(jax.grad(light))(edge_on)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slopes))


def test_fixed_planets_stay_where_they_are():
    fixed = FixedPlanets([[0.1, -0.2], [0.3, 0.0]], [1e-10, 2e-10])
    np.testing.assert_allclose(fixed.offsets_arcsec(5.0, star()), [[0.1, -0.2], [0.3, 0.0]])
    np.testing.assert_allclose(fixed.contrast(550.0, 5.0, star()), [1e-10, 2e-10])
    spectra = FixedPlanets([[0.1, -0.2]], [[1e-10, 3e-10]], [500.0, 600.0])
    np.testing.assert_allclose(CONTRAST_OF_FIXED(spectra, 550.0, 5.0, star()), [2e-10], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: planets(radius_rearth=[1.0, -1.0, 1.0]),
            r"radius_rearth is -1 at \[1\]: it must be finite and not below 0",
        ),
        (
            lambda: planets(radius_rearth=[1.0]),
            r"radius_rearth has the shape \(1,\): it must be \(3,\), as the orbit's",
        ),
        (lambda: planets(albedo=[0.3, np.nan, 0.3]), r"albedo is nan at \[1\]"),
        (
            lambda: planets(albedo=np.ones((3, 2))),
            r"albedo has the shape \(3, 2\): it must be \(3,\), one number for each",
        ),
        (
            lambda: planets(albedo=np.ones((3, 2)), wavelengths_nm=[4.0, 5.0, 6.0]),
            r"albedo has the shape \(3, 2\): it must be",
        ),
        (lambda: planets(mass_mearth=[1.0, 1.0, np.inf]), r"mass_mearth is inf at \[2\]"),
        (
            lambda: planets(albedo=np.ones((3, 2)), wavelengths_nm=[400.0, 500.0]).contrast(600.0, 0.0, star()),
            "wavelength_nm is 600: the table holds 400 to 500 nm",
        ),
        (lambda: FixedPlanets([0.1, 0.2], [1e-10]), r"positions_arcsec has the shape \(2,\): it must be \[k, 2\]"),
        (lambda: FixedPlanets([[0.1, np.inf]], [1e-10]), r"positions_arcsec is inf at \[0, 1\]"),
        (lambda: FixedPlanets([[0.1, 0.2]], [-1e-10]), r"contrast_to_star is -1e-10 at \[0\]"),
    ],
)
def test_bad_input_is_named(make, sentence):
    with pytest.raises(BadInput, match=sentence):
        make()
