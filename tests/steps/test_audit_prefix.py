"""How long a prefix is, and what is said of it."""

from types import SimpleNamespace

import pytest

from jaxaudit.steps.audit_prefix import goals_of, shortened
from jaxaudit.verify.running import Prefix, Way
from jaxaudit.verify.unchanged import Base


@pytest.mark.parametrize(
    ("names", "most", "goals"),
    [
        ({"step"}, 10, {"step": 10}),
        ({"_step", "prepare"}, 10, {"step": 10, "prepare": 1}),
        ({"helper"}, 3, {"step": 3, "prepare": 1}),
        ((), 400, {"step": 400, "prepare": 1}),
    ],
)
def test_functions_of_interest_as_often_as_they_were_called_but_not_too_often(names, most, goals):
    assert goals_of({"step": 900, "prepare": 1, "never": 0}, names, most) == goals


def base(cut, calls):
    ran = SimpleNamespace(cut=cut, calls=calls, seconds=150.0)
    return Base(Way(("fit.py",), name="fit.py"), [ran])


def proposal():
    return SimpleNamespace(texts={}, touched=("main.step",))


def test_a_program_that_ended_is_tried_whole(tmp_path):
    one = base(False, {"step": 4})
    assert shortened([one], [proposal()], 0, tmp_path) == "" and one.prefix is None and one.runs


def test_a_program_that_was_stopped_is_tried_on_a_prefix(tmp_path):
    one = base(True, {"step": 4000, "prepare": 1})
    assert shortened([one], [proposal()], 0, tmp_path) == (
        "fit.py had not ended after 2.5 min and was stopped: each run from here on is stopped when it has called `step` 10 "
        "times; what comes later is not compared"
    )
    assert one.prefix == Prefix(calls={"step": 10}) and one.runs == []


def test_the_user_may_ask_for_one(tmp_path):
    one = base(False, {"step": 4000})
    assert "fit.py is tried on a prefix" in shortened([one], [proposal()], 25, tmp_path)
    assert one.prefix == Prefix(calls={"step": 25})


def test_where_nothing_is_proposed_the_reader_learns_that_it_was_stopped(tmp_path):
    assert "what comes later was not observed" in shortened([base(True, {"step": 4})], [], 0, tmp_path)
