"""Values between pixels, and means over discs and circles, against closed forms."""

import numpy as np
import pytest
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.package.sampling import at, circle_mean, disc_mean, finer, taps


def spot(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """A round spot of width 3 pixels, 2.3 pixels right of the centre and 1.6 below it."""
    return np.exp(-((x - 2.3) ** 2 + (y + 1.6) ** 2) / 18)


AXIS = np.arange(40) - 19.5
IMAGE = spot(AXIS[None, :], AXIS[:, None])


def test_between_pixels() -> None:
    x, y = np.random.default_rng(3).uniform(-12, 12, (2, 50))
    assert np.abs(at(IMAGE, x, y) - spot(x, y)).max() < 3e-5


def test_a_constant_stays_up_to_the_edge() -> None:
    assert np.abs(taps(40, np.linspace(-0.5, 39.5, 33)).sum(axis=1) - 1).max() < 1e-12


def test_finer_pixels() -> None:
    axis = (np.arange(120) - 59.5) / 3
    assert np.abs(finer(IMAGE, 3) - spot(axis[None, :], axis[:, None])).max() < 3e-5


def test_the_mean_on_a_disc() -> None:
    want = (1 - np.exp(-(4.0**2) / 18)) * 18 / 4.0**2  # of a round spot around its own centre
    assert disc_mean(IMAGE, 2.3, -1.6, 4.0) == pytest.approx(want, rel=1e-5)


def test_the_mean_on_a_circle() -> None:
    radius, off = 5.0, np.hypot(2.3, 1.6)
    want = np.exp(-(radius**2 + off**2) / 18) * np.i0(radius * off / 9)
    assert circle_mean(IMAGE, radius) == pytest.approx(want, rel=1e-5)
