import jax
import numpy as np
import pytest

from cases.coronagraph.sky.ellipse import SUN_GM, slowly
from cases.coronagraph.sky.precision import double
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.elements import orbit_of
from jaxaudit_cases.coronagraph.sky.orbit import Orbit

# Also circles, orbits seen face-on (either way round) and edge-on, where a node or a periapsis is not defined.
ELEMENTS = np.array(
    [
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0],
        [0.4, 0.9, 1.0, 0.7, 2.0, -3.0, 0.0],
        [5.2, 0.3, np.pi / 2, 3.0, -1.0, 0.01, 0.0],
        [3.0, 0.0, 2.5, -2.0, 0.0, 2.0, 0.0],
        [2.0, 0.5, np.pi, 0.0, 1.0, 1.0, 0.0],
    ]
)


def test_an_orbit_from_place_and_motion_goes_the_same_way():
    masses, time, step = np.array([1.0, 0.5, 2.0, 1.0, 1.3]), 12.0, 1e-3

    def at(day):
        return np.array([slowly(elements, day, mass) for elements, mass in zip(ELEMENTS, masses)])

    motion = (8 * (at(time + step) - at(time - step)) - at(time + 2 * step) + at(time - 2 * step)) / (12 * step)
    with double():
        orbit, position = orbit_of(at(time), motion, masses, time), jax.jit(Orbit.position)
        for day in (12.0, 100.0, -70.0):
            np.testing.assert_allclose(position(orbit, day, masses), at(day), atol=5e-8)
        np.testing.assert_allclose(orbit.semi_major_axis_au, ELEMENTS[:, 0], rtol=1e-9)
        np.testing.assert_allclose(orbit.eccentricity, ELEMENTS[:, 1], atol=1e-9)
        np.testing.assert_allclose(orbit.inclination_rad, ELEMENTS[:, 2], atol=1e-9)


def test_a_planet_that_flies_away_is_named():
    escape = np.sqrt(2 * SUN_GM)
    with pytest.raises(BadInput, match="is on no closed orbit"):
        orbit_of(np.array([[1.0, 0, 0]]), np.array([[0, 1.0001 * escape, 0]]), np.array([1.0]), 0.0)
