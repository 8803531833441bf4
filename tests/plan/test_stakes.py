"""What is tried first: what most is at stake in; settings of the whole run after all edits."""

from dataclasses import replace

from jaxaudit.model.evidence import FIRST, CompileSeen, Environment, Evidence, Site
from jaxaudit.model.proposal import Expected, Proposal
from jaxaudit.model.spot import Spot
from jaxaudit.plan.stakes import ranked


def proposal(title, *touched, kind="edit", group=""):
    return Proposal("", title, ("jit-in-loop",), (), Spot("a.py", 1), kind, group=group, touched=touched)


def seen(name, seconds):
    return CompileSeen(Site(name, "a.py", 1), 0, FIRST, compile_s=seconds)


def test_the_longest_compilation_first_and_settings_last():
    evidence = Evidence(Environment(1), compiles=(seen("step", 2.0), seen("fit", 7.0)))
    given = [
        proposal("cache", kind="setting"), proposal("step", "step"), proposal("fit", "main.fit", group="g"),
        proposal("the same by a setting", kind="setting", group="g"),
    ]  # fmt: skip
    order = ranked(given, evidence)
    assert [one.title for one in order] == ["fit", "the same by a setting", "step", "cache"]
    assert [one.id for one in order] == ["1", "2", "3", "4"]


def test_what_only_a_clock_shows_comes_behind_what_is_counted():
    evidence = Evidence(Environment(1), compiles=(seen("step", 2.0), seen("fit", 7.0)))
    waits = replace(proposal("waits", "main.fit"), expected=(Expected("syncs", 100, 1, 1, 9),))
    less = replace(proposal("less", "step"), expected=(Expected("compiles", 3, 1, 1, 1),))
    order = ranked([proposal("cache", kind="setting"), waits, less], evidence)
    assert [one.title for one in order] == ["less", "waits", "cache"]


def test_of_two_with_the_same_at_stake_the_one_that_jits_once_comes_first():
    evidence = Evidence(Environment(1), compiles=(seen("step", 2.0),))
    hoist = replace(proposal("hoist", "step", group="captured"), expected=(Expected("constants_bytes", 9, 0, 0, 1),))
    once = replace(proposal("once", "fit.step"), expected=(Expected("compiles", 3, 1, 1, 1),))
    assert [one.title for one in ranked([hoist, once], evidence)] == ["once", "hoist"]
