import random

import pytest

from jaxaudit.verify.clocks import LOOKS, interval, is_faster, is_slower, null_ratios, ratios


def noisy(chance, mean, count):
    """Run times as shared machines give them: a floor, a tail, and now and then a slow one."""
    return [
        mean * (1 + 0.03 * chance.expovariate(1.0) + (0.3 if chance.random() < 0.05 else 0.0)) for _ in range(count)
    ]


def verdict(before, after):
    """What the looks say: the first that is sure."""
    for look in LOOKS:
        seen, null = interval(ratios(before[:look], after[:look])), interval(null_ratios(before[:look]))
        if is_faster(seen, null):
            return "faster"
        if is_slower(seen, null):
            return "slower"
    return "same"


@pytest.mark.parametrize(("times", "most"), [(60, 1), pytest.param(400, 4, marks=pytest.mark.slow)])
def test_a_change_that_changes_nothing_is_hardly_ever_kept(times, most):
    chance = random.Random(7)
    said = [verdict(noisy(chance, 1.0, 20), noisy(chance, 1.0, 20)) for _ in range(times)]
    assert said.count("faster") <= most and said.count("slower") <= most


def test_a_fifth_faster_is_seen():
    chance = random.Random(8)
    said = [verdict(noisy(chance, 1.0, 20), noisy(chance, 0.8, 20)) for _ in range(50)]
    assert said.count("faster") >= 48


def test_a_fifth_slower_is_seen():
    chance = random.Random(9)
    said = [verdict(noisy(chance, 1.0, 20), noisy(chance, 1.2, 20)) for _ in range(50)]
    assert said.count("slower") >= 45


def test_the_same_ratios_give_the_same_interval():
    assert interval([0.9, 1.0, 1.1]) == interval([0.9, 1.0, 1.1])


def test_a_clock_that_stands_still_says_nothing():
    """A program that compiles in several threads at once has no time outside of compiling."""
    assert verdict([0.0] * 20, [0.0] * 20) == "same"
    assert verdict([0.0] * 20, [1.0] * 20) == "same"
