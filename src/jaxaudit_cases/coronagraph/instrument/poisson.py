"""Poisson counts, exactly and quickly, for many pixels whose means are small."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

COUNTED = 16.0
"""Means up to this are drawn by adding up probabilities; larger ones by an expansion."""
LOST = 1e-9
"""A count that is less probable does not occur: the sum of all before is 1 but for rounding."""
MOST = 47
"""A mean of 16 gives no larger count than this, by what is lost."""


def poisson(key: Array, mean: Array) -> Array:
    """Poisson counts of these means, as floats of the same type; NaN where a mean is negative or NaN.

    One uniform number for each count: larger numbers give larger counts. Up to a mean of 16 the distribution function is
    inverted, value by value. Beyond, the quantile is expanded in powers of the mean (Giles 2016, "Algorithm 955", has the
    terms), which is off by one for fewer than one number in two thousand.
    """
    return counts_at(jax.random.uniform(key, mean.shape, mean.dtype), mean)


def counts_at(uniform: Array, mean: Array) -> Array:
    """The counts that these uniform numbers [0, 1) stand for."""
    valid = mean >= 0
    held = jnp.where(valid, mean, 0)
    small, large = jnp.minimum(held, COUNTED), jnp.maximum(held, COUNTED)
    counts = jnp.where(held <= COUNTED, _counted(uniform, small), _expanded(uniform, large))
    return jnp.where(valid, counts, jnp.nan)


def normal_at(uniform: Array) -> Array:
    """The standard normal numbers that these uniform ones [0, 1) stand for."""
    # JAX draws them so, too: one primitive, where `ndtri` is a hundred equations.
    return jax.lax.erf_inv(jnp.clip(2 * uniform - 1, -1 + 1e-7, 1 - 1e-7)) * 2**0.5


def _counted(uniform: Array, mean: Array) -> Array:
    probability = jnp.exp(-mean)
    below, count = probability, jnp.zeros_like(mean)
    # jaxaudit: allow unrolled-loop -- one pass over the pixels; any loop of JAX's takes several, and compiles longer
    for value in range(1, MOST + 1):
        count = jnp.where((uniform >= below) & (probability >= LOST), count + 1, count)
        probability = probability * (mean * (1 / value))
        below = below + probability
    return count


def _expanded(uniform: Array, mean: Array) -> Array:
    z = normal_at(uniform)
    root, z2 = jnp.sqrt(mean), z * z
    quantile = mean + root * z + (z2 / 6 + 1 / 3) - z * (z2 / 72 + 1 / 36) / root
    quantile = quantile + ((z2 / 270 + 7 / 810) * z2 - 8 / 405) / mean
    return jnp.maximum(jnp.floor(quantile), 0)
