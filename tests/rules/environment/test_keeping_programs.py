"""The setting that keeps compiled programs, where there are any that JAX would keep."""

from jaxaudit.model import Finding, Place
from jaxaudit.model.evidence import FIRST, CompileSeen, Environment, Evidence, Site
from jaxaudit.rules.environment.keeping_programs import VARIABLE, propose
from jaxaudit.rules.project import Project

FINDING = Finding("no-compilation-cache", "t", "m", "info", 1.0, Place("a.py", 1, 1, 1, 9, "model"), source="run")


def project(*seconds):
    seen = tuple(CompileSeen(Site("model", "a.py", 1), 0, FIRST, compile_s=one) for one in seconds)
    return Project(None, Evidence(Environment(1), compiles=seen), None)


def test_it_predicts_as_many_hits_as_programs_took_a_second():
    [change] = propose([FINDING], project(3.0, 2.0, 0.2))
    assert list(change.setting["env"]) == [VARIABLE] and not change.edits
    [expected] = change.expected
    assert (expected.metric, expected.was, expected.now, expected.low, expected.high) == ("cache_hits", 0, 2, 1, 3)


def test_many_small_programs_would_not_be_kept():
    [refused] = propose([FINDING], project(*[0.5] * 12))
    assert refused.code == "no-gain" and "takes less" in refused.text


def test_nothing_is_said_of_a_program_that_compiles_fast():
    assert not list(propose([], project(0.5)))
