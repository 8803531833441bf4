"""A finding's own fix is a proposal, with what the run lets us predict; a rule that knows better is asked first."""

from dataclasses import replace

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.edit import Edit
from jaxaudit.model import Finding, Fix, Place
from jaxaudit.model.evidence import FIRST, CompileSeen, Environment, Evidence, Site
from jaxaudit.model.spot import Spot
from jaxaudit.plan.proposing import plan
from jaxaudit.rules import load_rules
from jaxaudit.rules.project import Change, Project, Refused

SOURCE = SourceText.from_text("a.py", "x = 1\n")
BASE = load_rules()["varying-static"]
PLACE = Place("a.py", 1, 1, 1, 6, "step")
STATIC = Finding(
    BASE.name, "t", "m", "error", 0.9, PLACE, {"function": "step"}, source="static", fix=Fix("unsafe", "trace it")
)
RUN = Finding(BASE.name, "t", "m", "error", 1.0, PLACE, {"function": "step", "recompiles": 4}, source="run")
AT = Spot("a.py", 1, "step")


def mend(finding, source):
    return (Edit(0, 1, "y"),)


def refuses(finding, source):
    raise CannotEdit("no such thing")


def asked(findings, project):
    if findings:
        yield Change("another way", tuple(findings), AT, {"a.py": (Edit(0, 1, "z"),)})


def made(findings, **fields):
    rule = replace(BASE, **fields)
    compiles = tuple(CompileSeen(Site("step", "a.py", 1), 0, FIRST) for _ in range(6))
    project = Project(None, Evidence(Environment(1), compiles=compiles), {"a.py": SOURCE}.__getitem__)
    return plan(findings, {rule.name: rule}, project)


def test_the_fix_stands_for_what_the_run_says_of_the_same_fault():
    done = made([STATIC, RUN], mend=mend, propose=asked)
    [proposal] = done.proposals
    assert (proposal.title, proposal.findings) == ("trace it", (0, 1))
    [expected] = proposal.expected
    assert (expected.metric, expected.was, expected.now) == ("compiles", 6, 2)
    assert expected.low <= 2 <= expected.high and proposal.risk == BASE.may_break


def test_what_no_fix_answers_goes_to_the_rule():
    done = made([RUN], mend=mend, propose=asked)
    assert [one.title for one in done.proposals] == ["another way"]


def test_a_rule_that_knows_better_is_asked_first():
    done = made([STATIC, RUN], mend=mend, propose=asked, knows_better=True)
    assert [one.title for one in done.proposals] == ["another way"]


@pytest.mark.parametrize("silent", [lambda findings, project: (), lambda findings, project: iter(())])
def test_where_it_has_nothing_to_say_the_fix_is_tried(silent):
    done = made([STATIC], mend=mend, propose=silent, knows_better=True)
    assert [one.title for one in done.proposals] == ["trace it"]


def test_a_fix_against_which_the_project_speaks_is_ruled_out():
    done = made([STATIC], mend=mend, propose=None, must_hold=lambda finding, project: refuses(finding, None))
    assert not done.proposals and done.ruled_out[0].reason.text == "no such thing"


def test_a_fix_that_does_not_fit_is_ruled_out():
    done = made([STATIC], mend=refuses, propose=None)
    assert not done.proposals
    [ruled_out] = done.ruled_out
    assert tuple(ruled_out.reason) == ("does-not-apply", "no such thing")
    assert isinstance(ruled_out.at, Spot) and not isinstance(ruled_out, Refused)
