"""Poisson counts, exactly and quickly, for many pixels whose means are small."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

WALKED = 16.0
"""Means up to this are drawn by walking from the mode, in some twenty steps; larger ones by an expansion."""
LOST = 1e-9
"""Where both sides of a walk give less than this, what is left of the uniform number is rounding."""
AT_ONCE = 6
"""Steps between two looks at whether all are done: XLA fuses them into one pass over the pixels."""

Walk = tuple[Array, Array, Array, Array, Array]


def poisson(key: Array, mean: Array) -> Array:
    """Poisson counts of these means, as floats of the same type; NaN where a mean is negative or NaN.

    One uniform number for each count. Up to a mean of 16 its distribution function is inverted, value by value
    outwards from the mode. Beyond, the quantile is expanded in powers of the mean (Giles 2016, "Algorithm 955", has the
    terms), which is off by one for fewer than one number in two thousand.
    """
    return counts_at(jax.random.uniform(key, mean.shape, mean.dtype), mean)


def counts_at(uniform: Array, mean: Array) -> Array:
    """The counts that these uniform numbers [0, 1) stand for."""
    valid = mean >= 0
    held = jnp.where(valid, mean, 0)
    small = jnp.minimum(held, WALKED)
    counts = jnp.where(held <= WALKED, _walked(uniform, small), _expanded(uniform, jnp.maximum(held, WALKED)))
    return jnp.where(valid, counts, jnp.nan)


def normal_at(uniform: Array) -> Array:
    """The standard normal numbers that these uniform ones [0, 1) stand for."""
    # JAX draws them so, too: one primitive, where `ndtri` is a hundred equations.
    return jax.lax.erf_inv(jnp.clip(2 * uniform - 1, -1 + 1e-7, 1 - 1e-7)) * 2**0.5


def _walked(uniform: Array, mean: Array) -> Array:
    mode = jnp.floor(mean)
    first = _probability_of_mode(mean, mode)
    per = jnp.where(mean > 0, 1 / jnp.maximum(mean, 1e-30), 0)

    def more(state: Walk) -> Array:
        return jnp.any(state[0] >= 0)

    def outwards(state: Walk) -> Walk:
        left, above, below, away, count = state
        upper, lower = mode + away, mode - away
        above = above * mean * (1 / upper)
        there, left = left >= 0, left - above
        count = jnp.where(there & (left < 0), upper, count)
        below = below * (lower + 1) * per
        there, left = left >= 0, left - below
        count = jnp.where(there & (left < 0), lower, count)
        return left, above, below, away + 1, count

    def steps(state: Walk) -> Walk:
        for _ in range(AT_ONCE):
            state = outwards(state)
        left, above, below, away, count = state
        return jnp.where((above < LOST) & (below < LOST), -1.0, left), above, below, away, count

    one = jnp.ones((), mean.dtype)
    return jax.lax.while_loop(more, steps, (uniform - first, first, first, one, mode))[-1]


def _probability_of_mode(mean: Array, mode: Array) -> Array:
    """exp(-mean) mean^mode / mode!, without cancellation: Stirling's remainder and a series for the deviance."""
    at = jnp.maximum(mode, 1)
    ratio = (mean - at) / at
    # at * (ratio - log(1 + ratio)), where ratio lies in [0, 1): by series in v = ratio / (2 + ratio).
    v = ratio / (2 + ratio)
    v2 = v * v
    series = v2 * (1 / 3 + v2 * (1 / 5 + v2 * (1 / 7 + v2 * (1 / 9 + v2 * (1 / 11 + v2 / 13)))))
    deviance = at * (ratio * v - 2 * v * series)
    inverse = 1 / at
    i2 = inverse * inverse
    stirling = inverse * (1 / 12 - i2 * (1 / 360 - i2 * (1 / 1260 - i2 * (1 / 1680 - i2 / 1188))))
    remainder = jnp.where(at == 1, 1 - 0.5 * jnp.log(2 * jnp.pi), stirling)
    far = jnp.exp(-deviance - remainder) / jnp.sqrt(2 * jnp.pi * at)
    return jnp.where(mode < 1, jnp.exp(-mean), far)


def _expanded(uniform: Array, mean: Array) -> Array:
    z = normal_at(uniform)
    root, z2 = jnp.sqrt(mean), z * z
    quantile = mean + root * z + (z2 / 6 + 1 / 3) - z * (z2 / 72 + 1 / 36) / root
    quantile = quantile + ((z2 / 270 + 7 / 810) * z2 - 8 / 405) / mean
    return jnp.maximum(jnp.floor(quantile), 0)
