"""Images of sources on all nodes of a quadrant, from a library of few sources.

Behind the mask, a source's image moves with it and changes slowly. So known images are moved onto the wanted source and
summed by polynomial weights of their places. Against a propagated cube (64 px, library of 11 x 11 sources in 8 lambda/D):
rms error over rms median 3 % from 1 to 2 lambda/D, 0.7 % from 2 to 3, 0.3 to 0.9 % beyond and at worst 2 %; within
1 lambda/D, where less than 3 % of the light passes, it is of the order of the image itself.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.package.grid import nodes
from jaxaudit_cases.coronagraph.package.move import shift, turned
from jaxaudit_cases.coronagraph.package.read import Package
from jaxaudit_cases.coronagraph.package.sources import Sources, sources_of
from jaxaudit_cases.coronagraph.package.vortex import Array
from jaxaudit_cases.coronagraph.package.weights import around, on_axis

Row = Callable[[float], Array]
"""Makes the images [ix, y, x] of the nodes at one height y (lambda/D)."""


def interpolated_rows(package: Package, start: int = 0) -> Iterator[Array]:
    """The images [ix, y, x] of each row of nodes, from row `start` on."""
    axis = np.arange(nodes(package.pixels)) * package.pixel_scale_lod
    row = row_maker(package, axis)
    for y in axis[start:]:
        yield np.maximum(row(float(y)), 0)


def row_maker(package: Package, axis: Array) -> Row:
    """The way that suits where the library's sources are."""
    sources = sources_of(package)
    if package.symmetry == "radial":
        return lambda y: around_the_star(package, sources, axis, y)
    grid = grid_of(sources)
    if grid is None:
        return lambda y: scattered(package, sources, axis, y)
    return lambda y: on_grid(package, sources, grid, axis, y)


def grid_of(sources: Sources) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]] | None:
    """The places on x and y and the source at each crossing [y, x], if the sources fill a grid."""
    x, column = np.unique(np.round(sources.places_lod[:, 0], 6), return_inverse=True)
    y, row = np.unique(np.round(sources.places_lod[:, 1], 6), return_inverse=True)
    if len(x) * len(y) != len(column):
        return None
    at = np.empty((len(y), len(x)), np.intp)
    at[row, column] = np.arange(len(column))
    return x, y, at


def on_grid(
    package: Package,
    sources: Sources,
    grid: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]],
    axis: Array,
    y: float,
) -> Array:
    """A row of nodes, one axis after the other: the known columns at this height first, then the nodes between them."""
    known_x, known_y, at = grid
    scale, half = package.pixel_scale_lod, package.pixels * package.pixel_scale_lod / 2
    inside = sources.inside(half)
    chosen, weight = on_axis(known_y, np.asarray(inside[at].any(axis=1)), y)
    moves = [part * shift(package.pixels, (y - known_y[line]) / scale) for line, part in zip(chosen, weight)]
    usable = np.asarray(inside[at].any(axis=0))
    columns: dict[int, Array] = {}
    images = np.zeros((len(axis), package.pixels, package.pixels))
    for image, x in zip(images, axis):
        for column, part in zip(*on_axis(known_x, usable, x)):
            if column not in columns:
                columns[column] = sum(
                    (move @ sources.image(at[line, column]) for line, move in zip(chosen, moves)), np.zeros(())
                )
            image += columns[column] @ (part * shift(package.pixels, (x - known_x[column]) / scale)).T
    return images


def scattered(package: Package, sources: Sources, axis: Array, y: float) -> Array:
    """A row of nodes, each by the sources around it."""
    scale, half = package.pixel_scale_lod, package.pixels * package.pixel_scale_lod / 2
    usable = np.flatnonzero(sources.inside(half))
    images = np.zeros((len(axis), package.pixels, package.pixels))
    for image, x in zip(images, axis):
        node = np.array([x, y])
        same = np.flatnonzero(np.abs(sources.places_lod - node).max(axis=1) < 1e-6)
        near, weight = (same, np.ones(1)) if len(same) else around(sources.places_lod[usable], node)
        for source, part in zip(near if len(same) else usable[near], weight):
            dx, dy = (node - sources.places_lod[source]) / scale
            image += shift(package.pixels, dy) @ sources.image(source) @ (part * shift(package.pixels, dx)).T
    return images


def around_the_star(package: Package, sources: Sources, axis: Array, y: float) -> Array:
    """A row of nodes of a coronagraph that looks the same from all sides: interpolated along x, then turned in place."""
    scale, half = package.pixel_scale_lod, package.pixels * package.pixel_scale_lod / 2
    wide = package.pixels + 2 * (package.pixels // 4 + 4)  # a corner's source lies beyond the library's images
    edge = slice((wide - package.pixels) // 2, (wide + package.pixels) // 2)
    tall = np.eye(package.pixels, wide, (wide - package.pixels) // 2)
    known = sources.places_lod[:, 0]
    images = np.zeros((len(axis), package.pixels, package.pixels))
    for image, x in zip(images, axis):
        radius = float(np.hypot(x, y))
        moved = np.zeros((package.pixels, wide))
        for source, part in zip(*on_axis(known, sources.inside(half), radius)):
            moved += sources.image(source) @ (part * shift(package.pixels, (radius - known[source]) / scale, wide)).T
        image += turned(tall.T @ moved, float(np.arctan2(y, x)))[edge, edge]
    return images
