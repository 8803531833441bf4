"""The propagation against closed forms and against a plain computation with complex numbers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.pupil import half_axis
from jaxaudit_cases.coronagraph.package.stellar import clear, disc_image, image_field
from jaxaudit_cases.coronagraph.package.vortex import Propagator, VortexDesign, focal_levels

DESIGN = VortexDesign(samples=48)
PIXELS, SCALE = 40, 0.25
EXACT = Propagator(DESIGN, PIXELS, SCALE, np.float64)


def airy(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The brightness of a clear circle's image, 1 at its peak, by the integral that defines J1."""
    angle = (np.arange(400) + 0.5) * np.pi / 400
    j1 = np.mean(np.cos(angle - x[..., None] * np.sin(angle)), axis=-1)
    return (2 * j1 / x) ** 2


def test_without_a_mask_the_image_is_the_stop_s_airy_disc() -> None:
    stop = 0.9
    image = Propagator(VortexDesign(charge=0, lyot=stop), PIXELS, SCALE, np.float64).image(0.5, -1.0)
    y, x = np.indices((PIXELS, PIXELS)) - (PIXELS - 1) / 2
    distance = np.hypot(x * SCALE - 0.5, y * SCALE + 1.0)
    want = airy(np.pi * stop * distance) * np.pi / 4 * stop**4 * SCALE**2
    assert np.abs(image - want).max() < 1e-3 * want.max()


def test_it_agrees_with_the_plain_computation() -> None:
    half = half_axis(DESIGN.samples)
    u = np.concatenate([-half[::-1], half])
    tilted = clear(DESIGN.samples) * np.exp(2j * np.pi * (1.2 * u[None, :] - 2.3 * u[:, None]))
    plain = np.abs(image_field(tilted, DESIGN, PIXELS, SCALE)) ** 2
    assert np.abs(EXACT.image(1.2, -2.3) - plain).max() < 1e-12 * plain.max()


def test_float32_keeps_its_promise() -> None:
    single = Propagator(DESIGN, PIXELS, SCALE)
    brightest = EXACT.image(3.0, 0.0).max()
    for place in [(0.0, 0.0), (0.5, 0.25), (3.0, 0.0)]:
        assert np.abs(single.image(*place) - EXACT.image(*place)).max() < 1e-6 * brightest


def test_the_star_on_the_axis_is_rejected() -> None:
    assert EXACT.image(0.0, 0.0).sum() < 1e-5
    assert 0.4 < EXACT.image(3.0, 0.0).sum() < 0.7


@pytest.mark.slow
@pytest.mark.parametrize("charge", [4, 6])
def test_light_near_the_axis_grows_as_a_power_of_the_distance(charge: int) -> None:
    """A disc of diameter d leaks in proportion to d to the charge, while d is small."""
    mask = Propagator(VortexDesign(charge=charge, samples=128), PIXELS, SCALE, np.float64)
    ratio = disc_image(mask, 0.4).sum() / disc_image(mask, 0.2).sum()
    assert ratio == pytest.approx(2**charge, rel=0.08)


def test_mirrored_sources_have_mirrored_images() -> None:
    image = EXACT.image(1.2, 2.3)
    tolerance = 1e-13 * image.max()
    assert np.abs(EXACT.image(-1.2, 2.3)[:, ::-1] - image).max() < tolerance
    assert np.abs(EXACT.image(1.2, -2.3)[::-1] - image).max() < tolerance
    assert np.abs(EXACT.image(2.3, 1.2).T - image).max() < tolerance


def test_a_row_is_its_sources_one_by_one() -> None:
    x = np.arange(19) * 0.25
    row = EXACT.images(EXACT.columns(x), 1.0)
    for count in (0, 7, 8, 18):
        assert np.abs(row[count] - EXACT.image(x[count], 1.0)).max() < 1e-15


def test_the_levels_share_the_plane() -> None:
    levels = focal_levels(32)
    area = sum(float(level.weight.sum()) for level in levels)
    assert area == pytest.approx(32.0**2, rel=1e-5)
    assert all(level.weight.min() > -1e-15 for level in levels)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"charge": 5}, "charge is 5: wanted an even number"),
        ({"lyot": 1.2}, "lyot is 1.2: wanted a part of the pupil's diameter"),
        ({"samples": 15}, "samples is 15: wanted an even number"),
    ],
)
def test_designs_that_cannot_be(fields: dict[str, int], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        VortexDesign(**fields)
