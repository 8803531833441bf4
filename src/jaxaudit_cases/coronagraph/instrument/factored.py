"""The coronagraph whose point spread functions are stored as factors of the cube: 11 times smaller at 64 pixels, 28 at 256."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

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
    """[pairs of the images, pairs of the sources]"""
    taken: Array
    """Which of the s * s sources each column takes."""
    placed: Array
    """Which row gives each of the r * r images' parts: one beyond the last, where nothing does."""

    @classmethod
    def of(cls, factors: Factors) -> PlainCore:
        """Of the factors of a cube."""
        across, wide = factors.sources_x.shape[1], factors.images_x.shape[1]
        return cls(
            number(factors.core),
            jnp.asarray(factors.sources @ (across, 1)),
            jnp.asarray(_places(factors.images, (factors.images_y.shape[1], wide))),
        )

    def __call__(self, sources: Array) -> Array:
        parts = _with_nothing(self.matrix @ _columns(sources)[self.taken])
        return jnp.moveaxis(parts[self.placed], 2, 0)


class MirroredCore(AbstractCore):
    """Of a coronagraph that looks the same with x and y exchanged: half as many numbers.

    What is even under the exchange stays even, what is odd stays odd, so that the core falls into two blocks.
    """

    even: Array
    odd: Array
    """[pairs of the images, pairs of the sources], those pairs that don't descend (that ascend)"""
    taken_even: Array
    taken_odd: Array
    """Which of the s * s sources, and of the swapped ones, each column takes [2, pairs]."""
    placed_even: Array
    placed_odd: Array
    """Which row gives each of the images' parts [r, r]: one beyond the last, where nothing does."""

    @classmethod
    def of(cls, factors: Factors) -> MirroredCore:
        """Of the factors of a cube."""
        even, odd = halves(factors)
        side, wide = factors.sources_x.shape[1], factors.images_x.shape[1]
        (a, b), (c, d) = factors.sources.T, factors.images.T
        taken = np.stack([a * side + b, b * side + a])
        parts = []
        for rows in (c <= d, c < d):
            upper = _places(factors.images[rows], (wide, wide))
            parts.append(jnp.asarray(np.minimum(upper, upper.T)))
        return cls(number(even), number(odd), jnp.asarray(taken[:, a <= b]), jnp.asarray(taken[:, a < b]), *parts)

    def __call__(self, sources: Array) -> Array:
        columns, wide = _columns(sources), self.placed_even.shape[0]
        even = self.even @ (columns[self.taken_even[0]] + columns[self.taken_even[1]])
        odd = self.odd @ (columns[self.taken_odd[0]] - columns[self.taken_odd[1]])
        row, column = np.indices((wide, wide))
        sign = np.sign(column - row)[:, :, None].astype(even.dtype)
        return jnp.moveaxis(_with_nothing(even)[self.placed_even] + _with_nothing(odd)[self.placed_odd] * sign, 2, 0)


def _columns(sources: Array) -> Array:
    """[s * s, 4]: quadrants last, for XLA's product of four rows with a large matrix is several times slower on CPU."""
    return sources.reshape(4, -1).T


def _places(pairs: np.ndarray[Any, Any], shape: tuple[int, int]) -> np.ndarray[Any, Any]:
    """For each pair of a grid, where it stands among these; one beyond the last, if it does not."""
    places = np.full(shape, len(pairs), np.int32)
    places[pairs[:, 0], pairs[:, 1]] = np.arange(len(pairs))
    return places


def _with_nothing(rows: Array) -> Array:
    """With a row of zeros at the end."""
    return jnp.pad(rows, ((0, 1), (0, 0)))


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
        return cls(
            core=(MirroredCore if factors.mirrored else PlainCore).of(factors),
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
        up = sampling @ self.images_y
        right = up if isinstance(self.core, MirroredCore) else sampling @ self.images_x
        # Mirrored functions, seen by an even grid of pixels, are the same rows from the other end.
        down = up[::-1]
        to_right = up @ images[0] + down @ images[3]
        to_left = up @ images[1] + down @ images[2]
        return to_right @ right.T + (to_left @ right.T)[:, ::-1]
