"""Changes tried on small programs: what returned values decide where nothing is printed."""

import os
from dataclasses import replace
from time import monotonic

import pytest

from jaxaudit.model.proposal import Proposal
from jaxaudit.model.spot import Spot
from jaxaudit.verify.outputs import Difference
from jaxaudit.verify.rounding import Rounding, compiled_alike, judged_outputs
from jaxaudit.verify.running import Way, run
from jaxaudit.verify.trying import OutOfTime, Trials
from jaxaudit.verify.unchanged import Base

pytest.importorskip("jax")
IN_LOOP = """\
import jax, jax.numpy as jnp

def settle(x, gain):
    for _ in range(4):
        step = jax.jit(lambda y: y - gain * jnp.sin(y))
        x = step(x)
    return x

settle(jnp.linspace(0.0, 1.0, 64), 0.1)
"""
ONCE = """\
import jax, jax.numpy as jnp

def settle(x, gain):
    step = jax.jit(lambda y: y - gain * jnp.sin(y))
    for _ in range(4):
        x = step(x)
    return x

settle(jnp.linspace(0.0, 1.0, 64), 0.1)
"""


@pytest.fixture
def attempt(ground):
    ground = replace(ground, environ={**os.environ, "JAX_PLATFORMS": "cpu"})

    def tried(before: str, after: str):
        (ground.root / "program.py").write_text(before)
        way = Way(("program.py",))
        trials = Trials(ground, [Base(way, [run(ground, way, values=True)])], monotonic() + 500)
        trials.settle()
        made = Proposal(
            "1", "a change", ("jit-in-loop",), (), Spot("program.py", 1), texts={"program.py": after.encode()}
        )
        return trials.attempt(made)

    return tried


@pytest.mark.slow
def test_a_silent_program_is_judged_by_what_its_functions_return(attempt):
    kept = attempt(IN_LOOP, ONCE)
    assert (kept.verdict, kept.outputs, kept.values) == (
        "keep", "equal", "returned values compared of `<lambda>` in 4 calls",
    )  # fmt: skip


def test_another_result_is_dropped_although_nothing_shows_it(attempt):
    dropped = attempt(IN_LOOP, ONCE.replace("y - gain", "y - 1.01 * gain"))
    assert (dropped.verdict, dropped.reason.code, dropped.outputs) == ("drop", "outputs-differ", "different")
    assert "the first call of `<lambda>`" in dropped.reason.text and "rounding alone moves it by" in dropped.reason.text


def test_what_was_counted_is_told_where_the_time_was_up_before_the_clocks(attempt, monkeypatch):
    def nothing_left(*_, **__):
        raise OutOfTime

    monkeypatch.setattr(Trials, "_clocks", nothing_left)
    cut = attempt(IN_LOOP, ONCE)
    assert (cut.verdict, cut.reason.code, cut.outputs) == ("undecided", "not-tried", "equal")
    assert "before it could be timed: compiles" in cut.reason.text


@pytest.mark.slow
def test_what_only_later_calls_show_is_undecided_and_its_counts_are_said(attempt):
    later = attempt(IN_LOOP, ONCE.replace("        x = step(x)", "        x = step(x * 1.01)").replace("range(4)", "(1,0,0,0)")
                    .replace("step(x * 1.01)", "step(x + 0.01 * (_ == 0))"))  # fmt: skip
    assert (later.verdict, later.reason.code) == ("undecided", "outputs-differ")
    assert "yours to decide" in later.reason.text
    assert [one.metric for one in later.measured] == ["compiles"]


def test_what_only_time_moves_is_learned_when_it_shows(ground, monkeypatch):
    """The day that a program prints is the same in two runs of it, until it is not."""
    ground = replace(ground, environ=dict(os.environ))
    (ground.root / "program.py").write_text("import os\nprint('day', os.environ['DAY'], 'loss', 2.5)\n")
    way = Way(("program.py",))
    days = iter("1123")
    monkeypatch.setattr(
        "jaxaudit.verify.trying.run", lambda ground, way, *rest: run(replace(ground, environ={**ground.environ, "DAY": next(days)}), way, *rest)
    )  # fmt: skip
    trials = Trials(
        ground, [Base(way, [run(replace(ground, environ={**ground.environ, "DAY": "1"}), way)])], monotonic() + 300
    )
    trials.settle()
    after = run(replace(ground, environ={**ground.environ, "DAY": "2"}), way)
    assert trials._compared(trials.ways[0], after).relative == 0.5  # the fresh run was on the same day as the others
    assert trials._compared(trials.ways[0], after).none


def test_without_values_and_words_the_user_is_told_why(attempt):
    before = "import jax, jax.numpy as jnp\nfor _ in range(3):\n    jnp.sin(jnp.ones(3))\n"
    nothing = attempt(before, before + "1\n")
    assert (nothing.verdict, nothing.outputs) == ("undecided", "not-compared")
    assert "values not compared: no jitted function of yours was called" in nothing.reason.text


ORBIT = """\
import jax
import jax.numpy as jnp

JIT
def force(q):
    return -q / jnp.sqrt(jnp.sum(q**2)) ** 3 - 0.01 * q

q, p = jnp.array([1.0, 0.0, 0.1]), jnp.array([0.0, 0.9, 0.0])
for n in range(1500):
    p = p + 0.005 * force(q)
    q = q + 0.01 * p
    p = p + 0.005 * force(q)
print(q, p)
"""


@pytest.mark.slow
def test_what_only_fusion_moves_is_rounding(attempt):
    kept = attempt(ORBIT.replace("JIT\n", ""), ORBIT.replace("JIT\n", "@jax.jit\n"))
    assert (kept.verdict, kept.outputs) == ("keep", "rounding-amplified"), kept
    assert "compiles both without fusion" in kept.difference


@pytest.mark.slow
def test_what_is_the_same_in_no_way_is_different(attempt):
    other = ORBIT.replace("JIT\n", "@jax.jit\n").replace("0.01 * q\n", "0.01001 * q\n")
    dropped = attempt(ORBIT.replace("JIT\n", ""), other)
    assert (dropped.verdict, dropped.outputs, dropped.reason.code) == ("drop", "different", "outputs-differ")


@pytest.mark.parametrize("far, said", [(5e-4, ("rounding-amplified", False)), (5e-2, ("different", True))])
def test_how_far_rounding_may_go(far, said):
    judged = compiled_alike(Difference(relative=far, first="1.0 -> 1.1"))
    assert (judged.how, judged.undecided) == said
    assert "without fusion" in (judged.reason.text if judged.reason else judged.difference)


@pytest.mark.parametrize(
    ("far", "alone", "said"),
    [(5e-4, 1e-3, ("rounding-amplified", False, False)), (5e-2, 1e-1, ("different", True, True)),
     (5e-2, 1e-3, ("different", True, False))],
)  # fmt: skip
def test_what_chaos_makes_of_rounding_is_the_users_to_decide(far, alone, said):
    judged = judged_outputs(Difference(relative=far, first="1.0 -> 1.1"), lambda: Rounding(outputs=alone))
    assert (judged.how, judged.reason is not None, judged.undecided) == said
