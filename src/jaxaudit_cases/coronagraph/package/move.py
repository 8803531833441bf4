"""Images moved by parts of a pixel, and turned: sinc interpolation, with nothing beyond the edge."""

import numpy as np
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.package.vortex import Array


def shift(length: int, distance: float, wider: int | None = None) -> NDArray[np.float64]:
    """The matrix that moves `length` samples up by `distance` samples [wider, length].

    The result has `wider` samples around the same centre (as many as came in, when None).
    """
    wider = wider or length
    to = np.arange(wider) - (wider - 1) / 2
    come = np.arange(length) - (length - 1) / 2
    return np.sinc(to[:, None] - come[None, :] - distance)


def turned(image: Array, angle_rad: float) -> Array:
    """A square image turned about its centre, from x towards y; the angle is from 0 to a right angle.

    Up to half of that the image is sheared three times along its axes; more begins with an exact quarter turn.
    """
    if angle_rad > np.pi / 4:
        image, angle_rad = image[::-1].T, angle_rad - np.pi / 2
    if angle_rad == 0:
        return image
    along_x, along_y = -np.tan(angle_rad / 2), np.sin(angle_rad)
    once = sheared(image, along_x)
    return sheared(sheared(once.T, along_y).T, along_x)


def sheared(image: Array, slope: float) -> Array:
    """Each row moved along x by `slope` times its height above the centre."""
    length = image.shape[1]
    padded = 2 * length
    height = np.arange(len(image)) - (len(image) - 1) / 2
    step = np.exp(-2j * np.pi * slope * height / padded)
    steps = np.broadcast_to(step[:, None], (len(step), padded // 2 + 1)).copy()
    steps[:, 0] = 1
    waves = np.fft.rfft(image, padded, axis=1) * np.cumprod(steps, axis=1)
    return np.fft.irfft(waves, padded, axis=1)[:, :length]
