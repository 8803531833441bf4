"""The factors of a PSF cube, found in one pass over it: a Tucker decomposition that keeps dark point sources exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Numbers = np.ndarray[Any, Any]
FINER = 4
"""How much finer the axes are cut than the whole: what the pairs of the last of them carry is then left out pair by pair."""


class Factors(NamedTuple):
    """cube[iy, ix, y, x] = norms[iy, ix] * sum of core[cd, ab] sources_y[iy, a] sources_x[ix, b] images_y[y, c] images_x[x, d].

    Of the pairs (c, d) and (a, b) only those count that carry something: `images` and `sources`.
    """

    core: Numbers
    images: Numbers
    """The pairs (c, d) [pairs, 2] of the core's rows."""
    sources: Numbers
    """The pairs (a, b) [pairs, 2] of its columns."""
    norms: Numbers
    sources_y: Numbers
    sources_x: Numbers
    images_y: Numbers
    images_x: Numbers
    mirrored: bool
    """Whether x and y can be exchanged: then both factors of a kind are the same."""


def factor(cube: Numbers, tolerance: float = 3e-5, told: Callable[[float], None] | None = None) -> Factors:
    """The factors of a cube [k, k, n, n]; what is left out is `tolerance` of it, by the root of its squares.

    Reads the cube row by row, twice (once for the factors, once for the core), so that a memory-mapped one need not
    fit. Sums of squares are kept in float64: in float32 nothing finer than 3e-4 can be told from rounding.
    """
    nodes = cube.shape[0]
    mirrored = _mirrors(cube)
    norms = np.empty(cube.shape[:2], np.float32)
    grams = [np.zeros((size, size)) for size in cube.shape]
    for row in range(nodes):
        slab = _normed(cube[row], norms[row])
        grams[1] += _gram(slab, 0)
        grams[2] += _gram(slab, 1)
        if not mirrored:
            grams[3] += _gram(slab, 2)
        if told:
            told((row + 1) / nodes * 0.7)
    if mirrored:
        grams[0], grams[3] = grams[1], grams[2]
    else:
        grams[0] = _gram_of_rows(cube, norms)
    sources_y, sources_x, images_y, images_x = (_leading(one, tolerance / FINER / 2) for one in grams)
    core = np.zeros((images_y.shape[1], images_x.shape[1], sources_y.shape[1], sources_x.shape[1]), np.float32)
    for row in range(nodes):
        slab = _normed(cube[row], norms[row]).astype(np.float32)
        inner = images_y.T @ slab @ images_x  # [ix, c, d]
        inner = np.tensordot(inner, sources_x, (0, 0))  # [c, d, b]
        core += inner[:, :, None, :] * sources_y[row][None, None, :, None]
        if told:
            told(0.7 + (row + 1) / nodes * 0.3)
    kept, images, sources = _trimmed(core, tolerance, mirrored)
    return Factors(kept, images, sources, norms, sources_y, sources_x, images_y, images_x, mirrored)


def halves(factors: Factors) -> tuple[Numbers, Numbers]:
    """The blocks of a mirrored core: what is even under the exchange of x and y, and what is odd.

    They take sources + swapped and sources - swapped, of those pairs (a, b) that don't descend (a = b: even ones only), and
    give the images' such pairs.
    """
    core, (c, d), (a, b) = factors.core, factors.images.T, factors.sources.T
    swapped = np.lexsort((a, b))  # where (b, a) stands: the pairs are in order
    share = np.where(a == b, 0.25, 0.5).astype(np.float32)
    even = ((core + core[:, swapped]) * share)[c <= d][:, a <= b]
    odd = ((core - core[:, swapped]) * np.float32(0.5))[c < d][:, a < b]
    return even, odd


def _trimmed(core: Numbers, tolerance: float, mirrored: bool) -> tuple[Numbers, Numbers, Numbers]:
    """The core [c, d, a, b] as a matrix, without the pairs (c, d) and (a, b) that carry less than `tolerance`; and the pairs."""
    rows, columns = core.shape[:2], core.shape[2:]
    matrix = core.reshape(rows[0] * rows[1], columns[0] * columns[1])
    squares = np.square(matrix, dtype=np.float64)
    kept = []
    for axis, shape in ((1, rows), (0, columns)):
        energy = squares.sum(axis)
        order = np.argsort(energy)
        enough = np.zeros(energy.size, bool)
        enough[order[np.cumsum(energy[order]) > tolerance**2 / 2 * energy.sum()]] = True
        if mirrored:
            square = enough.reshape(shape)
            enough = (square | square.T).reshape(-1)
        kept.append(np.flatnonzero(enough))
    images, sources = (
        np.stack(np.unravel_index(one, shape), axis=1).astype(np.int32) for one, shape in zip(kept, (rows, columns))
    )
    return np.ascontiguousarray(matrix[np.ix_(*kept)]), images, sources


def _mirrors(cube: Numbers, near: float = 1e-5) -> bool:
    """Whether source and image may both be transposed: asked of every source on a few rows."""
    if cube.shape[0] != cube.shape[1] or cube.shape[2] != cube.shape[3]:
        return False
    rows = sorted({0, 1, cube.shape[0] // 3, cube.shape[0] - 1})
    for row in rows:
        there, back = np.asarray(cube[row]), np.asarray(cube[:, row]).transpose(0, 2, 1)
        if np.abs(there - back).max() > near * np.abs(there).max():
            return False
    return True


def _normed(slab: Numbers, norms: Numbers) -> Numbers:
    """The row's functions [k, n, n] in float64, each divided by its norm, which is written into `norms`."""
    values = np.asarray(slab, np.float64)
    norms[:] = np.sqrt(np.einsum("kyx,kyx->k", values, values))
    scale = np.where(norms > 0, 1 / np.where(norms > 0, norms, 1), 0)
    return np.asarray(values * scale[:, None, None])


def _gram(slab: Numbers, axis: int) -> Numbers:
    flat = np.moveaxis(slab, axis, 0).reshape(slab.shape[axis], -1)
    return np.asarray(flat @ flat.T)


def _gram_of_rows(cube: Numbers, norms: Numbers) -> Numbers:
    total = np.zeros((cube.shape[0], cube.shape[0]))
    for column in range(cube.shape[1]):
        total += _gram(_normed(cube[:, column], norms[:, column]), 0)
    return total


def _leading(gram: Numbers, tolerance: float) -> Numbers:
    """The eigenvectors [size, rank], largest first, beyond which no more than `tolerance` of the norm is left."""
    values, vectors = np.linalg.eigh(gram)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    left = np.sqrt(np.append(np.cumsum(values[::-1])[::-1], 0) / values.sum())
    rank = max(1, int(np.argmax(left <= tolerance)))
    return np.ascontiguousarray(vectors[:, :rank], np.float32)
