"""Changes that were kept alone, upon those that were kept before."""

from jaxaudit.model.outcome import Measured, Outcome
from jaxaudit.model.proposal import Reason
from jaxaudit.verify.adding import added, chained

FEWER = Measured("compiles", 9, 2, 2 / 9, 2 / 9, 1)
SECONDS = Measured("seconds", 10.0, 5.0, 0.4, 0.6, 5)


def outcome(*measured, verdict="keep", code="gain", text="less"):
    return Outcome("1", verdict, Reason(code, text), measured=measured)


def test_a_gain_that_adds_keeps_what_was_measured_alone():
    alone = outcome(FEWER, SECONDS)
    assert added(alone, outcome(SECONDS._replace(before=5.0, after=4.0))) == alone


def test_a_gain_that_does_not_add_is_dropped_and_says_so():
    nothing = outcome(verdict="drop", code="no-gain", text="nothing got measurably better")
    left = added(outcome(FEWER), nothing)
    assert (left.verdict, left.reason.code) == ("drop", "no-gain")
    assert left.reason.text == "alone it helps, upon what was kept before it does not: nothing got measurably better"
    assert not left.measured


def test_what_all_come_to_goes_from_the_unchanged_program_to_the_last():
    then = outcome(Measured("seconds", 5.0, 4.0, 0.75, 0.85, 10), Measured("constants_bytes", 4e6, 0.0, 0.0, 0.0, 1))
    whole = {one.metric: one for one in chained(outcome(FEWER, SECONDS), then).measured}
    assert whole["compiles"] == FEWER
    assert (whole["seconds"].before, whole["seconds"].after, whole["seconds"].pairs) == (10.0, 4.0, 5)
    assert (round(whole["seconds"].low, 3), round(whole["seconds"].high, 3)) == (0.3, 0.51)
    assert whole["constants_bytes"].after == 0.0
