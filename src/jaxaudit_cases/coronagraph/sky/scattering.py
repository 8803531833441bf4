"""How much light goes which way: from a planet, from dust."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array


def safe_hypot(x: Array, y: Array) -> Array:
    """The length of (x, y), with a derivative of 0 where it is 0."""
    square = x**2 + y**2
    zero = square == 0
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, square)))


def bend_rad(x: Array, y: Array, z: Array) -> Array:
    """The angle at the star between us (+z) and a planet at (x, y, z): pi less its phase angle."""
    return jnp.arctan2(safe_hypot(x, y), z)


@jax.custom_jvp
def lambert_phase(x: Array, y: Array, z: Array) -> Array:
    """The brightness of a Lambert sphere at (x, y, z) from its star, z towards us: 1 when full, 0 when new.

    Exact to the float type's digits also when new, where it goes with the third power of the angle. Its derivative is
    finite everywhere: the angle's own diverges when the planet is full or new, but cancels.
    """
    return _sine_minus(bend_rad(x, y, z)) / jnp.pi


@lambert_phase.defjvp
def _tangent(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    x, y, z = primals
    dx, dy, dz = tangents
    across = x**2 + y**2
    distance2 = across + z**2
    d_cosine = (across * dz - z * (x * dx + y * dy)) / (distance2 * jnp.sqrt(distance2))
    return lambert_phase(x, y, z), -bend_rad(x, y, z) / jnp.pi * d_cosine


def _sine_minus(angle: Array) -> Array:
    """sin a - a cos a, by its series for small angles."""
    square = angle**2
    series = jnp.ones_like(square)
    for k in range(8, 0, -1):
        series = 1 - square / (2 * k * (2 * k + 3)) * series
    return jnp.where(angle < 1, angle * square / 3 * series, jnp.sin(angle) - angle * jnp.cos(angle))


def henyey_greenstein(cosine: Array, asymmetry: Array) -> Array:
    """Light scattered by the angle of this cosine (1 is straight on), relative to scattering alike in all directions.

    `asymmetry` is the mean cosine: above 0 forward, below 0 backward.
    """
    square = asymmetry**2
    spread = 1 + square - 2 * asymmetry * cosine
    return (1 - square) / (spread * jnp.sqrt(spread))
