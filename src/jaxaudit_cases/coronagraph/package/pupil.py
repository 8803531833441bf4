"""Circles as samples: the aperture and the Lyot stop of a telescope of diameter 1.

Both are even in x and y, so a quarter says all: sample [j, i] lies at ((i + 1/2), (j + 1/2)) / samples diameters from the
centre.
"""

import numpy as np
from numpy.typing import NDArray

FINE = 8
"""A sample on the edge holds the fraction of its area inside, counted on this many points a side."""


def half_axis(samples: int) -> NDArray[np.float64]:
    """Where the samples of one half axis lie, in diameters of the pupil [samples // 2]."""
    return (np.arange(samples // 2) + 0.5) / samples


def quarter_disc(samples: int, diameter: float = 1.0) -> NDArray[np.float64]:
    """A clear circle's quarter [samples // 2, samples // 2]: 1 inside, 0 outside, the covered fraction on the edge."""
    half = samples // 2
    points = (np.arange(half * FINE) + 0.5) / (samples * FINE)
    inside = points[:, None] ** 2 + points[None, :] ** 2 <= (diameter / 2) ** 2
    return inside.reshape(half, FINE, half, FINE).mean(axis=(1, 3))


def whole(quarter: NDArray[np.float64]) -> NDArray[np.float64]:
    """All four quarters of what is even in x and y [samples, samples]."""
    right = np.concatenate([quarter[::-1], quarter])
    return np.concatenate([right[:, ::-1], right], axis=1)
