"""What a change froze, as its run tells."""

from jaxaudit.model.evidence import EffectSeen, Environment, Evidence, Site, StaleSeen
from jaxaudit.model.spot import Spot
from jaxaudit.verify.frozen import kept_from_the_trace

SITE, AT = Site("step", "a.py", 3), Spot("a.py", 4, "step")
STALE = StaleSeen(SITE, "self.dt", AT, "0.01", "0.00999")
DRAW = EffectSeen(SITE, "rng.normal()", AT, "draw")
NOTHING = Evidence(Environment(1))


def test_a_value_that_goes_on_as_it_was():
    said = kept_from_the_trace(NOTHING, Evidence(Environment(1), stale=(STALE,)))
    assert said == "`step` goes on with the `self.dt` of its trace: it changed afterwards from 0.01 to 0.00999"


def test_an_effect_that_happens_once():
    said = kept_from_the_trace(NOTHING, Evidence(Environment(1), effects=(DRAW,)))
    assert said == "`rng.normal()` in `step` is drawn only while it is traced: once, and in every call before"


def test_what_was_so_before_is_not_the_changes():
    same = Evidence(Environment(1), stale=(STALE,), effects=(DRAW,))
    assert kept_from_the_trace(same, same) == "" == kept_from_the_trace(same, NOTHING)
