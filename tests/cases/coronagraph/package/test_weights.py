"""Weights of known places: exact for the polynomials that they are made from."""

import numpy as np
import pytest

from jaxaudit_cases.coronagraph.package.weights import around, on_axis

AXIS = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8.0])
EVERY = np.ones(len(AXIS), dtype=bool)


@pytest.mark.parametrize("place", [0.3, 2.4, 7.9, 3.0])
def test_between_places_on_an_axis(place: float) -> None:
    chosen, weight = on_axis(AXIS, EVERY, place)
    for power in range(6):
        assert weight @ AXIS[chosen] ** power == pytest.approx(place**power, rel=1e-9)


def test_a_known_place_counts_alone_even_where_it_stands_for_no_other() -> None:
    usable = AXIS < 7
    assert [part.tolist() for part in on_axis(AXIS, usable, 8.0)] == [[9], [1.0]]
    assert 9 not in on_axis(AXIS, usable, 7.0)[0]


@pytest.mark.parametrize(("place", "straight"), [(9.0, 9.0), (10.0, 10.0), (15.0, 10.0), (-0.25, -0.25), (-3.0, -0.5)])
def test_beyond_the_last_place_a_line_goes_on_for_one_step(place: float, straight: float) -> None:
    chosen, weight = on_axis(AXIS, EVERY, place)
    assert weight @ AXIS[chosen] == pytest.approx(straight)


def test_scattered_places() -> None:
    known = np.random.default_rng(1).uniform(-3, 3, (60, 2))
    place = np.array([0.4, -0.7])
    near, weight = around(known, place)
    x, y = known[near].T
    for term in (np.ones_like, lambda v: v):
        assert weight @ term(x) == pytest.approx(1 if term is np.ones_like else place[0])
    assert weight @ (x * y) == pytest.approx(place[0] * place[1])
    assert weight @ (y * y) == pytest.approx(place[1] ** 2)


def test_far_beyond_scattered_places_the_closest_counts_alone() -> None:
    known = np.random.default_rng(1).uniform(-3, 3, (60, 2))
    near, weight = around(known, np.array([30.0, 0.0]))
    assert weight.tolist() == [1.0]
    assert near[0] == np.argmin(np.hypot(*(known - [30.0, 0.0]).T))
