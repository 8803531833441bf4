"""Images between their pixels: Keys' cubic convolution with a = -1/2 (also Catmull-Rom), zero outside."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from jaxaudit_cases.coronagraph.sky.barrier import formed_once

_MARGIN = 4
_AT_ONCE = 4096
"""Points that are sampled together: what lies between their sixteen pixels and their sum stays in a processor's cache."""


def sampled(image: Array, x: Array, y: Array) -> Array:
    """The image [rows, columns] at these points, in pixels from the centre of pixel [0, 0]: columns x, rows y."""
    # Once, not for each of the sixteen pixels that a point takes.
    padded = formed_once(jnp.pad(image, _MARGIN))
    groups = -(-x.size // _AT_ONCE)
    if groups == 1:
        return _sampled(padded, x, y)
    each = -(-x.size // groups)
    points = [jnp.pad(line.reshape(-1), (0, groups * each - x.size)).reshape(groups, each) for line in (x, y)]
    values = jax.lax.map(lambda point: _sampled(padded, *point), tuple(points))
    return values.reshape(-1)[: x.size].reshape(x.shape)


def _sampled(padded: Array, x: Array, y: Array) -> Array:
    rows, columns = (size - 2 * _MARGIN for size in padded.shape)
    left, weights_x = _taps(x, columns)
    top, weights_y = _taps(y, rows)
    # Unsigned: JAX need not ask which of them count from the end.
    corner = (top * padded.shape[1] + left).astype(jnp.uint32)
    flat = padded.reshape(-1)
    total = jnp.zeros_like(x)
    for row, weight_y in enumerate(weights_y):
        line = jnp.zeros_like(x)
        for column, weight_x in enumerate(weights_x):
            place = corner + jnp.uint32(row * padded.shape[1] + column)
            line = line + weight_x * flat.at[place].get(mode="promise_in_bounds")
        total = total + weight_y * line
    return total


def _taps(at: Array, size: int) -> tuple[Array, tuple[Array, Array, Array, Array]]:
    """The first of the four pixels (of the padded image) around each point, and the four weights."""
    low = jnp.floor(at)
    t = at - low
    first = jnp.clip(low, 1 - _MARGIN, size + 1).astype(jnp.int32) - 1 + _MARGIN
    weights = (
        t * (-0.5 + t * (1 - 0.5 * t)),
        1 + t**2 * (-2.5 + 1.5 * t),
        t * (0.5 + t * (2 - 1.5 * t)),
        t**2 * (-0.5 + 0.5 * t),
    )
    return first, weights
