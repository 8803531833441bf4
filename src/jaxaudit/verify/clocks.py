"""Verdicts by time: ratios of interleaved pairs, their bootstrap interval, and the baseline against itself."""

import itertools
import random
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

LOOKS = (5, 10, 20)
"""Numbers of pairs after which a verdict may be given; never in between."""
GAIN = 0.95
"""A ratio must lie below this to be a gain."""
WORSE = 1.05
DRAWS = 2000


class Interval(NamedTuple):
    """A ratio after/before with the bounds of 99 in 100 resamplings."""

    ratio: float
    low: float
    high: float
    pairs: int


def interval(ratios: Sequence[float], seed: int = 0) -> Interval:
    """The median of the pairs' ratios. The same ratios give the same interval."""
    chance = random.Random(seed)
    count = len(ratios)
    medians = sorted(median(chance.choices(ratios, k=count)) for _ in range(DRAWS))
    return Interval(median(ratios), medians[int(0.005 * DRAWS)], medians[int(0.995 * DRAWS) - 1], count)


def ratios(before: Sequence[float], after: Sequence[float]) -> list[float]:
    return [b / a if a > 0 else 1.0 for a, b in zip(before, after)]


def null_ratios(before: Sequence[float]) -> list[float]:
    """The baseline against itself: each run with the one before it, both ways round; 1 where the clock stood still."""
    pairs = list(itertools.pairwise(before))
    return [b / a for a, b in pairs if a > 0] + [a / b for a, b in pairs if b > 0] or [1.0]


def is_faster(measured: Interval, null: Interval) -> bool:
    return measured.ratio <= GAIN and measured.high < min(1.0, null.low)


def is_slower(measured: Interval, null: Interval) -> bool:
    return measured.ratio >= WORSE and measured.low > max(1.0, null.high)
