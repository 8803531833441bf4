"""A coronagraph small enough for tests, in closed form and slowly: it takes out all light that comes from the star.

Behind a clear round pupil the field of a source is projected off the field of an on-axis one. What is left falls with
the square of the offset, as behind a vortex, and depends on where the source is. NumPy, float64, one source at a time.
"""

from functools import cache

import numpy as np

PIXEL_LOD = 0.25
SAMPLES = 20


@cache
def pupil():
    """x, y (in diameters) and weights of the pupil's points."""
    line = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    y, x = np.meshgrid(line, line, indexing="ij")
    inside = x**2 + y**2 <= 0.25
    return x[inside], y[inside], np.full(inside.sum(), 1.0 / inside.sum())


def psf(pixels, x_lod, y_lod):
    """The image [pixels, pixels] of a source at this offset, as fractions of its photons per pixel."""
    x, y, weight = pupil()
    tilted = np.exp(2j * np.pi * (x * x_lod + y * y_lod))
    field = (tilted - np.sum(weight * tilted)) * weight
    at = (np.arange(pixels) - (pixels - 1) / 2) * PIXEL_LOD
    by_x = np.exp(-2j * np.pi * np.outer(at, x))
    by_y = np.exp(-2j * np.pi * np.outer(at, y))
    amplitude = (by_y * field) @ by_x.T
    area = np.pi / 4
    return np.abs(amplitude) ** 2 * PIXEL_LOD**2 * area


@cache
def cube(pixels=32):
    """The quarter cube [k, k, pixels, pixels], float64."""
    nodes = pixels // 2 + 1
    made = np.empty((nodes, nodes, pixels, pixels))
    for row in range(nodes):
        for column in range(row, nodes):
            made[row, column] = psf(pixels, column * PIXEL_LOD, row * PIXEL_LOD)
            made[column, row] = made[row, column].T
    return made
