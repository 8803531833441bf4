import jax
import numpy as np
import pytest

from cases.coronagraph.sky.ellipse import SUN_GM, slowly
from cases.coronagraph.sky.precision import WIDTHS, double, slope
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.orbit import Orbit

ELEMENTS = {
    "semi_major_axis_au": [1.0, 0.4, 5.2, 30.0],
    "eccentricity": [0.0, 0.2, 0.7, 0.95],
    "inclination_rad": [0.0, 1.0, np.pi / 2, 2.5],
    "node_rad": [0.0, 0.7, 3.0, -2.0],
    "periapsis_rad": [0.0, 2.0, -1.0, 4.0],
    "mean_anomaly_rad": [0.5, -3.0, 0.01, 2.0],
    "epoch_d": [0.0, 10.0, -300.0, 0.0],
}


POSITION = jax.jit(Orbit.position)


@pytest.mark.parametrize(("width", "error"), [("float32", 3e-6), ("float64", 5e-14)])
def test_positions_agree_with_rotations_in_float64(width, error):
    times = [0.0, 100.0, 777.7]
    with WIDTHS[width]():
        orbit = Orbit(**ELEMENTS)
        positions = np.array([POSITION(orbit, time, 1.3) for time in times])
        assert positions.shape == (3, 4, 3)
        assert positions.dtype == width
    for time, found in zip(times, positions):
        for place, elements in zip(found, zip(*ELEMENTS.values())):
            # Of the semi-major axis. In float32 the phase after 8 turns of the second planet counts.
            np.testing.assert_allclose(place, slowly(elements, time, 1.3), rtol=0, atol=error * elements[0])


def test_a_planet_obeys_newtons_law_of_gravity():
    with double():
        orbit = Orbit(**ELEMENTS)
        force = np.asarray(jax.jit(jax.jacfwd(jax.jacfwd(Orbit.position, 1), 1))(orbit, 50.0, 1.0))
        place = np.asarray(POSITION(orbit, 50.0, 1.0))
    pull = -SUN_GM * place / np.linalg.norm(place, axis=-1, keepdims=True) ** 3
    np.testing.assert_allclose(force, pull, rtol=0, atol=1e-11 * np.abs(pull).max())


def test_the_distance_is_the_positions_length_and_the_period_is_keplers():
    with double():
        orbit = Orbit(**ELEMENTS)
        place = np.asarray(POSITION(orbit, 33.0, 1.0))
        np.testing.assert_allclose(
            jax.jit(Orbit.distance_au)(orbit, 33.0, 1.0), np.linalg.norm(place, axis=1), rtol=1e-13
        )
        period = float(np.asarray(jax.jit(Orbit.period_d)(orbit, 1.0))[0])
        np.testing.assert_allclose(period, 365.2568983, rtol=1e-8)
        np.testing.assert_allclose(np.asarray(POSITION(orbit, 33.0 + period, 1.0))[0], place[0], atol=1e-13)


def test_directions_are_as_said():
    quarter = np.pi / 2
    elements = np.zeros((7, 4))
    elements[0] = 1
    node, mean, tilt = 3, 5, 2
    elements[node, 1] = elements[mean, 2:] = elements[tilt, 3] = quarter
    places = POSITION(Orbit(*elements), 0.0, 1.0)
    # Counter-clockwise; after the node of an inclined orbit it is on our side of the star.
    np.testing.assert_allclose(places, [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], atol=1e-7)


@pytest.mark.slow
def test_gradients_are_those_of_differences():
    elements = np.array(list(ELEMENTS.values()))
    elements[1, 0] = 0.1  # below 0 there is no orbit
    with double():
        found = jax.tree.leaves(jax.jit(jax.jacfwd(Orbit.position))(Orbit(*elements), 123.0, 1.0))
    for row, column in np.ndindex(elements.shape):

        def moved(by, row=row, column=column):
            them = elements.copy()
            them[row, column] += by
            return POSITION(Orbit(*them), 123.0, 1.0)

        with double():
            wanted = slope(moved, 0.0, 1e-4)
        np.testing.assert_allclose(
            np.asarray(found[row])[:, :, column], wanted, rtol=0, atol=1e-7 * np.abs(wanted).max() + 1e-10
        )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"eccentricity": [1.0]}, r"eccentricity is 1 at \[0\]: it must be at least 0 and below 1"),
        ({"eccentricity": [-0.1]}, r"eccentricity is -0.1 at \[0\]"),
        ({"semi_major_axis_au": [0.0]}, r"semi_major_axis_au is 0 at \[0\]: it must be positive and finite"),
        ({"node_rad": [np.nan]}, r"node_rad is nan at \[0\]"),
        ({"epoch_d": [0.0, 1.0]}, r"epoch_d has the shape \(2,\): it must be \(1,\), as semi_major_axis_au"),
        ({"semi_major_axis_au": 1.0}, r"semi_major_axis_au has the shape \(\): it must be \[k\]"),
    ],
)
def test_bad_input_is_named(change, sentence):
    elements = {name: values[:1] for name, values in ELEMENTS.items()} | change
    with pytest.raises(BadInput, match=sentence):
        Orbit(**elements)
