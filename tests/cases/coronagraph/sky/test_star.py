import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.light import blackbody_jy
from jaxaudit_cases.coronagraph.sky.star import Star

JY = 1e-26 / 6.62607015e-34
FLUX = jax.jit(Star.flux)
WAVELENGTHS = [400.0, 500.0, 700.0]


def test_flux_runs_along_straight_lines_in_wavelength_and_time():
    flux_jy = np.array([[1.0, 3.0], [2.0, 7.0], [5.0, 4.0]])
    star = Star(WAVELENGTHS, flux_jy, times_d=[0.0, 10.0])
    between = 0.75 * (0.5 * 2 + 0.5 * 5) + 0.25 * (0.5 * 7 + 0.5 * 4)
    np.testing.assert_allclose(FLUX(star, 600.0, 2.5), between * JY / 600, rtol=5e-7)
    for i, wavelength in enumerate(WAVELENGTHS):
        for j, time in enumerate([0.0, 10.0]):
            np.testing.assert_allclose(FLUX(star, wavelength, time), flux_jy[i, j] * JY / wavelength, rtol=3e-7)


def test_a_steady_star_needs_no_time():
    assert FLUX(Star(WAVELENGTHS, [1.0, 1.0, 1.0]), 450.0) == pytest.approx(JY / 450)


def test_a_series_of_times_and_wavelengths_under_jit():
    star = Star(WAVELENGTHS, [[1.0, 3.0], [2.0, 7.0], [5.0, 4.0]], times_d=[0.0, 10.0])
    by_time = jax.vmap(Star.flux, (None, None, 0))
    many = jax.jit(jax.vmap(by_time, (None, 0, None)))(star, jnp.array([450.0, 600.0]), jnp.array([0.0, 2.5, 10.0]))
    one_by_one = [[FLUX(star, w, t) for t in (0.0, 2.5, 10.0)] for w in (450.0, 600.0)]
    np.testing.assert_allclose(many, one_by_one, rtol=3e-7)


def test_gradients_reach_the_table_and_the_wavelength():
    star = Star(WAVELENGTHS, [1.0, 2.0, 5.0])
    by_table, by_wavelength = jax.jit(jax.grad(Star.flux, (0, 1)))(star, 600.0)
    np.testing.assert_allclose(by_table.flux_jy, np.array([0, 0.5, 0.5]) * JY / 600, rtol=3e-7)
    # d/dw of (2 + 3 (w - 500) / 200) JY / w
    slope = JY * (3 / 200 / 600 - 3.5 / 600**2)
    np.testing.assert_allclose(by_wavelength, slope, rtol=2e-6)
    # On the last node the slope is that of the last segment.
    edge = JY * (3 / 200 / 700 - 5 / 700**2)
    np.testing.assert_allclose(jax.jit(jax.grad(Star.flux, 1))(star, 700.0), edge, rtol=1e-5)


def test_a_black_body_between_its_nodes_is_right_to_5e_5():
    star = jax.jit(Star.blackbody)(5772.0)
    np.testing.assert_allclose(star.diameter_arcsec, 9.300934e-4, rtol=1e-6)
    for wavelength in (402.5, 552.5, 1002.5):
        jy = jax.jit(blackbody_jy)(jnp.float32(wavelength), jnp.float32(5772.0), star.diameter_arcsec)
        np.testing.assert_allclose(FLUX(star, wavelength), jy * JY / wavelength, rtol=5e-5)


def test_a_black_body_can_be_fitted_by_its_temperature():
    value, slope = jax.jit(jax.value_and_grad(lambda t: Star.blackbody(t).flux(550.0)))(5772.0)
    bend = 1.438776877e7 / (550 * 5772.0)
    relative = bend / 5772.0 / (1 - np.exp(-bend))
    np.testing.assert_allclose(slope / value, relative, rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: Star(WAVELENGTHS, [1.0, np.nan, 1.0]),
            r"flux_jy is nan at \[1\]: it must be a flux, finite and not below 0",
        ),
        (lambda: Star(WAVELENGTHS, [1.0, -2.0, 1.0]), r"flux_jy is -2 at \[1\]"),
        (lambda: Star(WAVELENGTHS, [1.0, 1.0]), r"flux_jy has the shape \(2,\): it must be \(3,\), one value for each"),
        (lambda: Star([400.0, 400.0], [1.0, 1.0]), r"wavelengths_nm\[1:\] is 400 at \[0\]: it must be increasing"),
        (lambda: Star([500.0], [1.0]), r"wavelengths_nm has the shape \(1,\): it must be a line of at least two"),
        (
            lambda: Star(WAVELENGTHS, [1.0] * 3, distance_pc=-1.0),
            "distance_pc is -1: it must be a positive number of parsecs",
        ),
        (lambda: Star(WAVELENGTHS, [1.0] * 3, diameter_arcsec=np.nan), "diameter_arcsec is nan"),
        (lambda: Star(WAVELENGTHS, [1.0] * 3, mass_msun=0.0), "mass_msun is 0"),
        (
            lambda: Star(WAVELENGTHS, [1.0] * 3, mass_msun=[1.0]),
            r"mass_msun has the shape \(1,\): it must be one number",
        ),
        (lambda: Star(WAVELENGTHS, [1.0] * 3).flux(399.0), "wavelength_nm is 399: the table holds 400 to 700 nm"),
        (lambda: Star(WAVELENGTHS, [1.0] * 3).flux(np.nan), "wavelength_nm is nan: it must be a finite number"),
        (lambda: Star(WAVELENGTHS, [1.0] * 3).flux(jnp.ones(2)), r"wavelength_nm has the shape \(2,\): it must be one"),
        (lambda: Star.blackbody(-3.0), "temperature_k is -3"),
    ],
)
def test_bad_input_is_named(make, sentence):
    with pytest.raises(BadInput, match=sentence):
        make()


def test_a_date_outside_the_table_is_named():
    star = Star(WAVELENGTHS, np.ones((3, 2)), times_d=[0.0, 10.0])
    with pytest.raises(BadInput, match="time_d is 11: the table holds 0 to 10 days after the scene's epoch"):
        star.flux(500.0, 11.0)
