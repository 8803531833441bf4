"""Kepler's equation, to the last digits that the floating type holds, for eccentricities up to 0.999.

Two things cost digits near the periapsis of an eccentric orbit: 1 - e cos E, and E - e sin E. Both are formed here as sums
of positive terms, (1 - e) + 2 e sin2(E/2) and (1 - e) E + e (E - sin E), the last bracket by its series.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

_STEPS = 2


@jax.custom_jvp
def eccentric_anomaly(mean_anomaly_rad: Array, eccentricity: Array) -> Array:
    """E of E - e sin E = M, for 0 <= e < 1; M between -pi and pi (elsewhere it is brought there first)."""
    mean = mean_anomaly_rad - 2 * jnp.pi * jnp.round(mean_anomaly_rad / (2 * jnp.pi))
    guess = _mikkola(mean, eccentricity)
    for _ in range(_STEPS):
        guess = guess - _halley(guess, mean, eccentricity)
    return guess


@eccentric_anomaly.defjvp
def _tangent(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    mean, eccentricity = primals
    anomaly = eccentric_anomaly(mean, eccentricity)
    slope = one_minus_e_cos(anomaly, eccentricity)
    return anomaly, (tangents[0] + jnp.sin(anomaly) * tangents[1]) / slope


def one_minus_e_cos(anomaly_rad: Array, eccentricity: Array) -> Array:
    """1 - e cos E: the distance in semi-major axes."""
    return (1 - eccentricity) + 2 * eccentricity * jnp.sin(anomaly_rad / 2) ** 2


def minus_sine(angle_rad: Array) -> Array:
    """x - sin x, without the loss of digits at small angles."""
    square = angle_rad**2
    series = jnp.ones_like(square)
    for k in range(8, 0, -1):
        series = 1 - square / ((2 * k + 2) * (2 * k + 3)) * series
    return jnp.where(jnp.abs(angle_rad) < 1, angle_rad * square / 6 * series, angle_rad - jnp.sin(angle_rad))


def _halley(anomaly: Array, mean: Array, eccentricity: Array) -> Array:
    """How far off a guess is, to third order."""
    short = (1 - eccentricity) * anomaly + eccentricity * minus_sine(anomaly) - mean
    slope = one_minus_e_cos(anomaly, eccentricity)
    curve = eccentricity * jnp.sin(anomaly)
    return short * slope / (slope**2 - short * curve / 2)


def _mikkola(mean: Array, eccentricity: Array) -> Array:
    """A start within 0.002 of the solution (Mikkola 1987, Celestial Mechanics 40, 329): a cubic in sin(E/3)."""
    scale = 4 * eccentricity + 0.5
    alpha, beta = (1 - eccentricity) / scale, jnp.abs(mean) / 2 / scale
    root = jnp.cbrt(beta + jnp.sqrt(beta**2 + alpha**3))
    sine = root - alpha / root
    sine = sine - 0.078 * sine**5 / (1 + eccentricity)
    return jnp.sign(mean) * (jnp.abs(mean) + eccentricity * (3 * sine - 4 * sine**3))
