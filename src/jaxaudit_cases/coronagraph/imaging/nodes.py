"""The nodes of a PSF cube: where a scene's light is put before one product makes an image of it.

Nodes lie on a square grid around the star, `half` to each side, one map pixel apart; index [row, column] is
[y + half, x + half]. The cube holds the quadrant of positive x and y, so that weights are folded into four quadrants.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

REACH = 8
"""Half the width of the interpolation, in nodes."""
SHAPE = 13.0
"""The window's shape: larger is narrower in space and wider in frequency. At 13, images between nodes are off by 1e-6 (at 8.6 by 3e-5)."""


def axis_weights(position: Array, half: int) -> Array:
    """What a point source at this position (in nodes from the star) gives to each node of one axis: [2 * half + 1].

    A windowed sinc over sixteen nodes: the PSF as a function of the source's position is band-limited, and nodes
    0.25 lambda/D apart sample it twice as densely as needed. Within eight nodes of the field's edge the window gets
    narrower, down to nothing on the edge: a source that crosses it fades out within one node.
    """
    nodes = jnp.arange(-half, half + 1, dtype=position.dtype)
    held = jnp.clip(position, -half, half)
    reach = jnp.clip(half + 1 - jnp.abs(held), 1.0, REACH)
    away = held - nodes
    inside = 1 - jnp.square(away / reach)
    root = jnp.sqrt(jnp.where(inside > 0, inside, 1))
    window = jnp.where(inside > 0, jnp.exp(SHAPE * reach / REACH * (root - 1)), 0)
    weights = jnp.sinc(away) * window
    there = jnp.clip(half + 1 - jnp.abs(position), 0, 1)
    return weights / jnp.sum(weights) * there


def point_sources(offsets: Array, fluxes: Array, half: int) -> Array:
    """Node weights [2 * half + 1, 2 * half + 1] of point sources: `offsets` [k, 2] (x, y) in nodes, `fluxes` [k]."""
    by_axis = jax.vmap(jax.vmap(lambda at: axis_weights(at, half)))(offsets)
    return jnp.einsum("k,ki,kj->ij", fluxes, by_axis[:, 1], by_axis[:, 0])


def positions(half: int, step: Array, turn: Array) -> tuple[Array, Array]:
    """Where the nodes lie on the sky, (x, y) each [2 * half + 1, 2 * half + 1].

    `step` is the distance of two nodes; the detector is turned by `turn` (radians) against the sky.
    """
    line = jnp.arange(-half, half + 1, dtype=step.dtype) * step
    x, y = line[None, :], line[:, None]
    cos, sin = jnp.cos(turn), jnp.sin(turn)
    return x * cos - y * sin, x * sin + y * cos


def folded(weights: Array) -> Array:
    """Node weights by quadrant [4, half + 1, half + 1]: as the cube stores them, mirrored in x, in both, in y.

    Nodes on an axis belong to one quadrant only.
    """
    half = weights.shape[0] // 2
    right, left = weights[:, half:], weights[:, half::-1].at[:, 0].set(0)
    return jnp.stack([right[half:], left[half:], _lower(left), _lower(right)])


def _lower(columns: Array) -> Array:
    half = columns.shape[0] // 2
    return columns[half::-1].at[0].set(0)


def unfolded(images: Array) -> Array:
    """The image [n, n] of four quadrants' images [4, n, n], in the order of `folded`."""
    return images[0] + images[1, :, ::-1] + images[2, ::-1, ::-1] + images[3, ::-1, :]
