"""After how many pairs a verdict may fall."""

from jaxaudit.verify.judging import settled, timed

FIGURES = ("cpu_s", "steady_s", "compile_s")


def look(ratio, pairs, spread=0.01):
    """Clocks of so many pairs, the changed runs `ratio` times as long."""
    wobble = [1.0, 1.0 + spread, 1.0 - spread] * pairs
    before = [dict.fromkeys(((name, "") for name in FIGURES), 3.0) for _ in range(pairs)]
    after = [dict.fromkeys(((name, "") for name in FIGURES), 3.0 * ratio * wobble[turn]) for turn in range(pairs)]
    return [timed(name, before, after) for name in FIGURES]


def test_beside_a_counted_gain_three_slower_pairs_are_not_believed():
    assert not settled(look(1.15, 3), veto=True, hoped=False)
    assert not settled(look(1.15, 5), veto=True, hoped=False)
    assert settled(look(1.15, 10), veto=True, hoped=False)


def test_a_great_loss_needs_no_more_pairs():
    assert settled(look(1.6, 3), veto=True, hoped=False)
    assert settled(look(1.15, 5), veto=False, hoped=False), "nothing was counted: no gain to lose"


def test_a_counted_gain_that_is_as_fast_is_kept_at_once():
    assert settled(look(1.0, 3), veto=True, hoped=False)
    assert settled(look(0.8, 3), veto=True, hoped=False)
    assert not settled(look(1.04, 3, spread=0.05), veto=True, hoped=False)
