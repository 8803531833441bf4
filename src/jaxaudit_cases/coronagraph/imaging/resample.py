"""Maps onto the detector: separable Keys cubic sampling, as two small matrix products."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def keys(distance: Array) -> Array:
    """Keys' cubic kernel (a = -1/2) at these distances, in samples: third order, zero from two samples on."""
    t = jnp.abs(distance)
    near = (1.5 * t - 2.5) * t * t + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return jnp.where(t < 1, near, jnp.where(t < 2, far, 0))


def sampling_matrix(pixels: int, samples: int, scale: Array) -> Array:
    """What each of `pixels` detector pixels takes from each of `samples` map pixels, along one axis.

    `scale` is the width of a detector pixel in map pixels. Both grids share their geometric centre; outside the
    map there is nothing.
    """
    at = (jnp.arange(pixels, dtype=scale.dtype) - (pixels - 1) / 2) * scale + (samples - 1) / 2
    return keys(at[:, None] - jnp.arange(samples, dtype=scale.dtype)[None, :])


def resampled(image: Array, matrix: Array) -> Array:
    """The image [samples, samples] as the detector's pixels see it, values kept (not counts: see `scale`)."""
    return matrix @ image @ matrix.T
