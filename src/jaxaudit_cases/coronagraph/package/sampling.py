"""Values of an image between its pixels: a windowed sinc, with the image mirrored at its edges.

Images may stand in a stack [..., y, x], which costs less than one after the other.
"""

import numpy as np
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.package.vortex import Array

REACH = 8
"""Pixels to each side that count."""
SHAPE = 9.0
"""Kaiser's parameter: errors of about 3e-5 of the peak for light sampled twice as finely as it must be."""


def taps(length: int, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix that takes `length` samples to their values at `places`, in samples from the first [place, length].

    A constant stays what it is.
    """
    start = np.floor(places).astype(np.intp) - REACH + 1
    near = start[:, None] + np.arange(2 * REACH)
    distance = places[:, None] - near
    window = np.i0(SHAPE * np.sqrt(np.clip(1 - (distance / REACH) ** 2, 0, None)))
    weight = np.sinc(distance) * window
    weight /= weight.sum(axis=1, keepdims=True)
    folded = np.mod(near, 2 * length)
    folded = np.where(folded < length, folded, 2 * length - 1 - folded)
    matrix = np.zeros((len(places), length))
    np.add.at(matrix, (np.arange(len(places))[:, None], folded), weight)
    return matrix


def at(image: Array, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """An image's values at points, in pixels from its centre [..., point]."""
    rows, columns = image.shape[-2:]
    across = taps(columns, x + (columns - 1) / 2)
    return np.einsum("pi,...pi->...p", taps(rows, y + (rows - 1) / 2), across @ image.swapaxes(-2, -1))


def finer(image: Array, times: int) -> NDArray[np.float64]:
    """An image of `times` as many pixels a side, each with the old ones' values at its centre."""
    rows, columns = ((np.arange(length * times) + 0.5) / times - 0.5 for length in image.shape[-2:])
    return taps(image.shape[-2], rows) @ image @ taps(image.shape[-1], columns).T


def disc_mean(image: Array, x: float, y: float, radius: float) -> NDArray[np.float64]:
    """The mean value on a disc around a point, all in pixels from the centre [...]."""
    node, weight = np.polynomial.legendre.leggauss(8)
    angle = (np.arange(24) + 0.5) * (2 * np.pi / 24)
    radii = radius * np.sqrt((node + 1) / 2)
    values = at(image, (x + radii[:, None] * np.cos(angle)).ravel(), (y + radii[:, None] * np.sin(angle)).ravel())
    return values.reshape(*values.shape[:-1], len(radii), -1).mean(axis=-1) @ weight / 2


def circle_mean(image: Array, radius: float) -> NDArray[np.float64]:
    """The mean value on a circle around the centre, radius in pixels [...]."""
    count = 16 + int(np.ceil(8 * np.pi * radius))
    angle = (np.arange(count) + 0.5) * (2 * np.pi / count)
    return at(image, radius * np.cos(angle), radius * np.sin(angle)).mean(axis=-1)
