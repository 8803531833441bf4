import jax
import numpy as np
import pytest

from cases.coronagraph.sky.precision import WIDTHS, double, slope
from jaxaudit_cases.coronagraph.sky.kepler import eccentric_anomaly, minus_sine, one_minus_e_cos

ECCENTRICITIES = [0.0, 0.01, 0.3, 0.7, 0.9, 0.95, 0.999]


def newton(mean, eccentricity):
    """Kepler's equation by guarded Newton steps in long doubles, for 0 <= M <= pi."""
    low, high = np.zeros_like(mean), np.full_like(mean, np.pi)
    anomaly = (low + high) / 2
    for _ in range(120):
        below = anomaly - eccentricity * np.sin(anomaly) < mean
        low, high = np.where(below, anomaly, low), np.where(below, high, anomaly)
        step = (anomaly - eccentricity * np.sin(anomaly) - mean) / (1 - eccentricity * np.cos(anomaly))
        inside = (anomaly - step > low) & (anomaly - step < high)
        anomaly = np.where(inside, anomaly - step, (low + high) / 2)
    return anomaly


@pytest.mark.parametrize("width", WIDTHS)
def test_it_agrees_with_newton_to_the_last_digits_of_the_type(width):
    mean = np.concatenate([np.geomspace(1e-8, 3.14, 300), np.linspace(1e-3, 3.1415, 300)]).astype(width)
    eccentricities = np.array(ECCENTRICITIES, width)
    slow = np.array([newton(mean.astype(np.longdouble), e) for e in eccentricities.astype(np.longdouble)])
    with WIDTHS[width]():
        fast = jax.jit(jax.vmap(jax.vmap(eccentric_anomaly, (0, None)), (None, 0)))(mean, eccentricities)
        assert fast.dtype == width
    # Relative, so also just after the periapsis: 1.2e-7 in float32, 2.2e-16 in float64, times 1.5.
    np.testing.assert_allclose(np.asarray(fast, np.longdouble), slow, rtol=1.5 * np.finfo(width).eps)


def test_it_is_odd_and_goes_round():
    mean, eccentricity = np.linspace(-3, 3, 7, dtype="float32"), np.full(7, 0.8, "float32")
    solve = jax.jit(eccentric_anomaly)
    anomaly = solve(mean, eccentricity)
    np.testing.assert_array_equal(anomaly[::-1], -anomaly)
    np.testing.assert_allclose(solve(mean + np.float32(2 * np.pi), eccentricity), anomaly, atol=3e-6)


@pytest.mark.parametrize("width", WIDTHS)
def test_small_differences_keep_their_digits(width):
    angles = np.geomspace(1e-3, 3.0, 200)
    eps = np.finfo(width).eps
    with WIDTHS[width]():
        short = jax.jit(minus_sine)(angles.astype(width))
        distance = jax.jit(one_minus_e_cos)(angles.astype(width), np.asarray(0.95, width))
    exact = np.asarray(angles, width).astype(np.longdouble)
    series = sum((-1) ** (k + 1) * exact ** (2 * k + 1) / np.prod(np.arange(1.0, 2 * k + 2)) for k in range(1, 25))
    # Above an angle of 1 the difference is formed as it stands, and loses 6 units.
    np.testing.assert_allclose(np.asarray(short, np.longdouble), series, rtol=8 * eps)
    wanted = 1 - np.asarray(0.95, width).astype(np.longdouble) * np.cos(exact)
    np.testing.assert_allclose(np.asarray(distance, np.longdouble), wanted, rtol=4 * eps)


def test_its_derivatives_are_those_of_differences():
    mean, eccentricity = np.meshgrid([0.0, 0.02, 1.0, 3.0], [0.05, 0.5, 0.95])
    at = mean.ravel(), eccentricity.ravel()
    with double():
        solve = jax.jit(eccentric_anomaly)
        by_mean, by_eccentricity = jax.jit(jax.vmap(jax.grad(eccentric_anomaly, (0, 1))))(*at)
        second = jax.jit(jax.vmap(jax.grad(jax.grad(eccentric_anomaly))))(*at)
        slow_by_mean = slope(lambda step: solve(at[0] + step, at[1]), 0.0, 1e-4)
        slow_by_eccentricity = slope(lambda step: solve(at[0], at[1] + step), 0.0, 1e-4)
        steep = jax.jit(jax.vmap(jax.grad(eccentric_anomaly)))
        slow_second = slope(lambda step: steep(at[0] + step, at[1]), 0.0, 1e-4)
    np.testing.assert_allclose(by_mean, slow_by_mean, rtol=3e-6)
    np.testing.assert_allclose(by_eccentricity, slow_by_eccentricity, rtol=3e-6, atol=1e-9)
    np.testing.assert_allclose(second, slow_second, rtol=3e-4, atol=1e-6)
