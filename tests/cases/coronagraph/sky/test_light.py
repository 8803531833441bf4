import jax
import jax.numpy as jnp
import numpy as np

from cases.coronagraph.sky.precision import double
from jaxaudit_cases.coronagraph.sky.light import blackbody_jy, photons_of_jy, photons_of_magnitude

H, C, K = 6.62607015e-34, 299792458.0, 1.380649e-23


def test_magnitude_22_at_550_nm_is_the_published_number_of_photons():
    assert abs(jax.jit(photons_of_magnitude)(22.0, 550.0) / 0.157909 - 1) < 3e-6


def test_photons_are_energy_by_photon_energy():
    wavelength = np.linspace(300.0, 2000.0, 40)
    metres = wavelength * 1e-9
    # 1 Jy in W/m2/m, by the energy of one photon, per nanometre.
    slow = 1e-26 * C / metres**2 / (H * C / metres) * 1e-9
    fast = jax.jit(photons_of_jy)(np.ones(40, "float32"), wavelength.astype("float32"))
    np.testing.assert_allclose(fast, slow, rtol=3e-7)


def test_a_black_body_follows_planck():
    wavelength, size = np.geomspace(100.0, 2e5, 60), np.deg2rad(0.01 / 3600)
    frequency = C / (wavelength * 1e-9)
    slow = 2 * H * frequency**3 / C**2 / np.expm1(H * frequency / (K * 5772.0)) * np.pi / 4 * size**2 * 1e26
    fast = jax.jit(blackbody_jy)(jnp.asarray(wavelength, dtype=jnp.float32), jnp.float32(5772.0), jnp.float32(0.01))
    np.testing.assert_allclose(fast, slow, rtol=4e-6)  # the exponent of 25 at 100 nm loses a digit


def test_a_black_body_sends_out_what_stefan_and_boltzmann_say():
    with double():
        wavelength = np.geomspace(10.0, 1e7, 20001)
        flux = jax.jit(blackbody_jy)(wavelength, jnp.float64(5772.0), jnp.float64(1.0))
        frequency = C / (np.asarray(wavelength) * 1e-9)
        total = -np.trapezoid(np.asarray(flux) * 1e-26, frequency)
    sigma, radius = 5.670374419e-8, np.deg2rad(0.5 / 3600)
    assert abs(total / (sigma * 5772.0**4 * radius**2) - 1) < 1e-6


def test_a_cool_star_in_the_far_ultraviolet_is_dark_and_its_gradient_is_zero_not_nan():
    value, slope = jax.jit(jax.value_and_grad(blackbody_jy, 1))(jnp.float32(10.0), jnp.float32(300.0), jnp.float32(1.0))
    assert value == 0
    assert slope == 0
