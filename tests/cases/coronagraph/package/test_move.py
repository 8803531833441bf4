"""Images moved and turned, against smooth images made where they should come to lie."""

import numpy as np
import pytest
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.package.move import shift, turned


def spot(x0: float, y0: float, width: float = 2.5, pixels: int = 48) -> NDArray[np.float64]:
    """A round spot, x0 and y0 pixels from the centre."""
    y, x = np.indices((pixels, pixels)) - (pixels - 1) / 2
    return np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * width**2))


def test_a_part_of_a_pixel() -> None:
    moved = shift(48, -1.2) @ spot(1.0, 2.0) @ shift(48, 3.7).T
    assert np.abs(moved - spot(4.7, 0.8)).max() < 1e-6


def test_onto_a_wider_image() -> None:
    moved = shift(48, 0.0, 64) @ spot(10.0, 0.0) @ shift(48, 15.3, 64).T
    assert np.abs(moved - spot(25.3, 0.0, pixels=64)).max() < 1e-6


@pytest.mark.parametrize("degrees", [0, 10, 45, 46, 60, 90])
def test_turned_from_x_towards_y(degrees: float) -> None:
    angle = np.radians(degrees)
    want = spot(11 * np.cos(angle) - 3 * np.sin(angle), 11 * np.sin(angle) + 3 * np.cos(angle))
    assert np.abs(turned(spot(11.0, 3.0), angle) - want).max() < 1e-6
