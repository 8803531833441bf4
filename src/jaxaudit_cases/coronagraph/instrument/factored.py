"""The coronagraph whose point spread functions are stored as factors of the cube: 13 times smaller at 64 pixels, 31 at 256."""

from __future__ import annotations

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from jaxaudit_cases.coronagraph.checks import number
from jaxaudit_cases.coronagraph.instrument.coronagraph import AbstractCoronagraph
from jaxaudit_cases.coronagraph.instrument.star_maps import StarMaps
from jaxaudit_cases.coronagraph.package.factor import Factors, halves


class AbstractCore(eqx.Module):
    """What carries sources to images between the factors: a linear map of [s, s] to [r, r]."""

    @abstractmethod
    def __call__(self, sources: Array) -> Array:
        """Images [4, r, r] of sources [4, s, s]."""


class PlainCore(AbstractCore):
    """Of any coronagraph."""

    matrix: Array
    """[r * r', s * s']"""
    images: tuple[int, int] = eqx.field(static=True)
    """r and r'"""

    def __call__(self, sources: Array) -> Array:
        return (self.matrix @ _columns(sources)).T.reshape(4, *self.images)


class MirroredCore(AbstractCore):
    """Of a coronagraph that looks the same with x and y exchanged: half as many numbers.

    What is even under the exchange stays even, what is odd stays odd, so that the core falls into two blocks.
    """

    even: Array
    """[r * (r + 1) / 2, s * (s + 1) / 2]"""
    odd: Array
    """[r * (r - 1) / 2, s * (s - 1) / 2]"""

    def __call__(self, sources: Array) -> Array:
        columns, side = _columns(sources), sources.shape[1]
        row, column = np.triu_indices(side)
        even = self.even @ (columns[row * side + column] + columns[column * side + row])
        row, column = np.triu_indices(side, 1)
        odd = self.odd @ (columns[row * side + column] - columns[column * side + row])
        return _square(even, odd)


def _columns(sources: Array) -> Array:
    """[s * s, 4]: quadrants last, for XLA's product of four rows with a large matrix is several times slower on CPU."""
    return sources.reshape(4, -1).T


def _square(even: Array, odd: Array) -> Array:
    """Images [4, r, r] of the upper triangles [..., 4] of what is even and of what is odd under the exchange."""
    side = round(((8 * even.shape[0] + 1) ** 0.5 - 1) / 2)
    row, column = np.indices((side, side)).reshape(2, -1)
    low, high = np.minimum(row, column), np.maximum(row, column)
    with_diagonal = low * side - low * (low + 1) // 2 + high
    without = np.where(low == high, 0, with_diagonal - low - 1)
    sign = np.sign(column - row).astype(even.dtype)
    return (even[with_diagonal] + odd[without] * sign[:, None]).T.reshape(4, side, side)


class FactoredCoronagraph(AbstractCoronagraph):
    """cube[iy, ix, y, x] = norms[iy, ix] * sum over a, b, c, d of core[c, d, a, b] with the four factors.

    `sources_y` [half + 1, s] and `sources_x` are for positions, `images_y` [n, r] and `images_x` for pixels. Each
    point spread function is divided by its norm before the cube is factored, so that dark ones, behind the mask, are
    as exact as bright ones.
    """

    core: AbstractCore
    norms: Array
    sources_y: Array
    sources_x: Array
    images_y: Array
    images_x: Array
    star_maps: StarMaps
    sky_transmission: Array = eqx.field(converter=number)
    pixel_lod: Array = eqx.field(converter=number)

    @classmethod
    def of(
        cls, factors: Factors, star_maps: StarMaps, sky_transmission: ArrayLike, pixel_lod: ArrayLike
    ) -> FactoredCoronagraph:
        """Of the factors of a cube."""
        core: AbstractCore
        if factors.mirrored:
            core = MirroredCore(*(number(half) for half in halves(factors.core)))
        else:
            images, sources = factors.core.shape[:2], factors.core.shape[2:]
            core = PlainCore(number(factors.core.reshape(images[0] * images[1], sources[0] * sources[1])), images)
        return cls(
            core=core,
            norms=number(factors.norms),
            sources_y=number(factors.sources_y),
            sources_x=number(factors.sources_x),
            images_y=number(factors.images_y),
            images_x=number(factors.images_x),
            star_maps=star_maps,
            sky_transmission=number(sky_transmission),
            pixel_lod=number(pixel_lod),
        )

    def image(self, quadrants: Array, sampling: Array) -> Array:
        """Through the factors, without ever making the cube or the map."""
        by_row = (quadrants * self.norms[None]) @ self.sources_x
        # Turned twice, XLA's product of the four quadrants is its fast one.
        sources = jnp.swapaxes(jnp.swapaxes(by_row, 1, 2) @ self.sources_y, 1, 2)
        images = self.core(sources)
        up, right = sampling @ self.images_y, sampling @ self.images_x
        # Mirrored functions, seen by an even grid of pixels, are the same rows from the other end.
        down = up[::-1]
        to_right = up @ images[0] + down @ images[3]
        to_left = up @ images[1] + down @ images[2]
        return to_right @ right.T + (to_left @ right.T)[:, ::-1]
