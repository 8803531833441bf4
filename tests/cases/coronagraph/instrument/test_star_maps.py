import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.instrument.star_maps import StarMaps

DIAMETERS = np.array([0.0, 0.01, 0.02, 0.05, 0.1])
star_map = jax.jit(lambda maps, diameter: maps(diameter))
MAPS = 1e-10 * (0.1 + DIAMETERS[:, None, None] ** 2 * 100 + np.random.default_rng(0).random((5, 6, 6)))


@pytest.mark.parametrize("diameter", [0.0, 0.005, 0.01, 0.0333, 0.099, 0.1])
def test_it_is_the_spline_through_logarithms(diameter):
    expected = np.exp(CubicSpline(DIAMETERS, np.log(MAPS))(diameter))
    np.testing.assert_allclose(star_map(StarMaps.of(DIAMETERS, MAPS), jnp.float32(diameter)), expected, rtol=3e-5)


def test_larger_stars_than_the_largest_are_like_it():
    np.testing.assert_allclose(star_map(StarMaps.of(DIAMETERS, MAPS), jnp.float32(3.0)), MAPS[-1], rtol=3e-5)


def test_one_map_is_enough():
    np.testing.assert_allclose(star_map(StarMaps.of([0.0], MAPS[:1]), jnp.float32(0.02)), MAPS[0], rtol=1e-5)


def test_dark_pixels_stay_dark():
    maps = MAPS.copy()
    maps[:, 0, 0] = 0
    assert star_map(StarMaps.of(DIAMETERS, maps), jnp.float32(0.03))[0, 0] < 1.1e-3 * MAPS.min()


@pytest.mark.parametrize(
    ("diameters", "maps", "sentence"),
    [
        (DIAMETERS[:4], MAPS, "stellar maps have the shape (5, 6, 6): 4 square maps were expected"),
        (DIAMETERS[[0, 2, 1, 3, 4]], MAPS, "diameters_lod is 0.01 at [1]: it must be increasing"),
        (DIAMETERS, -MAPS, "stellar_maps is"),
        (DIAMETERS, 0 * MAPS, "stellar_maps is 0 everywhere"),
    ],
)
def test_maps_that_cannot_be_are_refused(diameters, maps, sentence):
    with pytest.raises(BadInput, match=re.escape(sentence)):
        StarMaps.of(diameters, maps)
