"""A gain that only a clock shows is kept where a second round of pairs shows it as well."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from jaxaudit.model.evidence import Environment, Evidence, Spot
from jaxaudit.model.proposal import Expected, Proposal
from jaxaudit.verify import trying
from jaxaudit.verify.cache_trials import VARIABLE
from jaxaudit.verify.running import Ran, Way
from jaxaudit.verify.trying import Trials
from jaxaudit.verify.unchanged import Base

NOISE = (1.0, 1.01, 0.99, 1.0, 1.02, 0.98)


def ran(cpu: float, memory: float = 1.0) -> Ran:
    return Ran(0, "1.0\n", "", {}, cpu, cpu, int(memory * (1 << 20)), Evidence(Environment(1)), Path("record"))


@pytest.fixture
def attempt(ground, monkeypatch):
    """The verdict on a change that makes runs this much faster, in each round, and may be promised to need less memory."""

    def tried(*rounds: float, memory: Sequence[float] = (1.0, 1.0), promise: str = "compiles"):
        (ground.root / "program.py").write_text("print(1.0)\n")
        trials = Trials(ground, [Base(Way(("program.py",)), [ran(10.0), ran(10.0)])], monotonic() + 500)
        trials.settle()
        timed = {"before": 0, "after": 0}

        def timed_run(self, way, texts=None, environ=None, values=False):
            self.runs += 1
            if values:
                return ran(10.0)
            which = "after" if texts else "before"
            timed[which] += 1
            number = timed[which] - 1
            if number // 5 >= len(rounds):
                raise trying.OutOfTime
            return ran(
                10.0 * NOISE[number % 6] * (rounds[number // 5] if texts else 1.0),
                NOISE[number % 6] * (memory[number // 5] if texts else 1.0),
            )

        monkeypatch.setattr(Trials, "_run", timed_run)
        made = Proposal(
            "1", "a change", ("jit-in-loop",), (), Spot("program.py", 1), texts={"program.py": b"print(1.0)"},
            expected=(Expected(promise, 2, 1, 1, 1),),
        )  # fmt: skip
        outcome = trials.attempt(made)
        return replace(outcome, measured=tuple(one for one in outcome.measured if one.metric == "cpu_s"))

    return tried


def test_both_rounds_agree_and_are_told_as_one(attempt):
    kept = attempt(0.7, 0.7)
    assert (kept.verdict, kept.reason.code) == ("keep", "gain")
    assert kept.measured[0].pairs == 10


def test_a_second_round_that_shows_nothing_takes_it_back(attempt):
    dropped = attempt(0.7, 1.0)
    assert (dropped.verdict, dropped.reason.code) == ("drop", "no-gain")
    assert "a second round of pairs did not bear out the first" in dropped.reason.text


def test_a_clock_that_is_taken_back_hides_no_gain_of_another(attempt):
    kept = attempt(0.7, 1.0, memory=(0.7, 0.7), promise="peak_bytes")
    assert (kept.verdict, kept.reason.code) == ("keep", "gain")
    assert kept.reason.text.startswith("peak memory 1.05 MB -> 734 kB")
    assert attempt(0.7, 1.0, memory=(0.7, 0.7)).verdict == "drop"


def test_the_clock_that_was_doubted_is_said(attempt):
    dropped = attempt(1.0, 1.0, memory=(0.7, 1.0), promise="peak_bytes")
    assert dropped.verdict == "drop"
    assert dropped.reason.text.startswith("nothing got measurably better: peak memory")
    assert dropped.reason.text.endswith("a second round of pairs did not bear out the first")


def test_one_round_is_not_enough_where_the_time_is_up(attempt):
    cut = attempt(0.7)
    assert (cut.verdict, cut.reason.code) == ("undecided", "not-tried")
    assert "before a second round of pairs could bear it out: CPU time of a run 10.0 s -> 7" in cut.reason.text


def test_upon_what_was_kept_the_runs_before_are_with_it(ground, monkeypatch):
    (ground.root / "program.py").write_text("print(1.0)\n")
    trials = Trials(ground, [Base(Way(("program.py",)), [ran(10.0), ran(10.0)])], monotonic() + 500)
    trials.settle()
    asked: list[tuple[tuple[str, ...], str]] = []

    def run(self, way, texts=None, environ=None, values=False):
        asked.append((tuple(texts or {}), "own" if "jax-" in (environ or {}).get(VARIABLE, "") else ""))
        return ran(10.0)

    monkeypatch.setattr(Trials, "_run", run)
    made = Proposal("2", "a change", ("jit-in-loop",), (), Spot("program.py", 1), texts={"program.py": b"print(1.0)"})
    kept = {"other.py": b""}
    outcome = trials.attempt(made, {**kept, **made.texts}, {VARIABLE: "cache"}, (kept, {VARIABLE: "cache"}))
    assert outcome.verdict == "drop"
    assert {texts for texts, _ in asked} == {("other.py",), ("other.py", "program.py")}
    assert {cache for _, cache in asked} == {"own"}
    before = asked.index((("other.py",), "own"))
    assert [texts for texts, _ in asked[before : before + 3]] == [
        ("other.py",)
    ] * 3  # fills the cache, then two to count
    assert not trials.under and len(trials.ways[0].runs) == 2 and not trials.unchanged
