"""How much each known source counts for one between them."""

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 6
"""Known places on an axis that a polynomial goes through."""

Weights = tuple[NDArray[np.intp], NDArray[np.float64]]


def on_axis(known: NDArray[np.float64], usable: NDArray[np.bool_], place: float) -> Weights:
    """Which of the increasing places `known` count for `place`, and how much.

    A known place counts alone. Between usable ones, the polynomial through the nearest six; beyond the last, a straight
    line through the last two, as far as these are apart, and no change after that.
    """
    same = np.flatnonzero(np.abs(known - place) < 1e-6)
    if len(same):
        return same[:1], np.ones(1)
    chosen = np.flatnonzero(usable)
    places = known[chosen]
    if len(places) == 1:
        return chosen, np.ones(1)
    if not places[0] < place < places[-1]:
        pair = slice(-2, None) if place >= places[-1] else slice(1, None, -1)
        last, before = places[pair][1], places[pair][0]
        beyond = min((place - last) / (last - before), 1.0)
        return chosen[pair], np.array([-beyond, 1 + beyond])
    count = min(NEIGHBOURS, len(places))
    start = int(np.clip(np.searchsorted(places, place) - count // 2, 0, len(places) - count))
    near = slice(start, start + count)
    return chosen[near], lagrange(places[near], place)


def lagrange(places: NDArray[np.float64], place: float) -> NDArray[np.float64]:
    """The weights of the polynomial through all places."""
    others = ~np.eye(len(places), dtype=bool)
    ratio = (place - places[None, :]) / np.where(others, places[:, None] - places[None, :], 1.0)
    return np.prod(np.where(others, ratio, 1.0), axis=1)


CLOSE = 12
"""Scattered sources around a place that a polynomial is fitted to."""
STEADY = 3.0
"""Weights whose magnitudes sum to more than this make more of errors than of trends."""


def around(known: NDArray[np.float64], place: NDArray[np.float64]) -> Weights:
    """Which of the scattered places `known` [source, 2] count for `place`, and how much.

    A known place counts alone. Else a polynomial of second order is fitted to the twelve closest, closer ones more; of
    first order where that would be unsteady; and where that is too, as beyond the last sources, the closest counts alone.
    """
    distance = np.hypot(*(known - place).T)
    near = np.argsort(distance, kind="stable")[:CLOSE]
    if distance[near[0]] < 1e-6:
        return near[:1], np.ones(1)
    trust = 1 / distance[near] ** 2
    x, y = ((known[near] - place) / distance[near].max()).T
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    for count in (6, 3):
        fitted = np.linalg.pinv(terms[:, :count] * trust[:, None])[0] * trust
        if abs(fitted.sum() - 1) < 1e-6 and np.abs(fitted).sum() <= STEADY:
            return near, fitted
    return near[:1], np.ones(1)
