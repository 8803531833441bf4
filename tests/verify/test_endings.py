"""Runs that die, told apart from those that end by an exception of their own."""

import os
import signal
from dataclasses import replace
from time import monotonic

import pytest

from jaxaudit.model.proposal import Proposal
from jaxaudit.model.spot import Spot
from jaxaudit.verify.endings import died, dies_still, unlike
from jaxaudit.verify.running import Way, run
from jaxaudit.verify.trying import Trials
from jaxaudit.verify.unchanged import Base


def ended(ground, home, text):
    (home / "program.py").write_text(text)
    return run(ground, Way(("program.py",)), timeout=60)


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("import os; os.abort()", "SIGABRT"),
        ("import sys; sys.exit(137)", "SIGKILL"),
        ("raise MemoryError", "MemoryError"),
        (
            "raise ValueError('Non-hashable static arguments are not supported.\\nmore')",
            "ValueError: Non-hashable static arguments",
        ),
        (
            "raise RuntimeError('RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes.')",
            "RuntimeError: RESOURCE_EXHAUSTED",
        ),
    ],
)
def test_what_dies(ground, home, text, how):
    assert died(ended(ground, home, text)).startswith(how)


@pytest.mark.parametrize(
    "text", ["print(1)", "import sys; sys.exit(3)", "raise ValueError('memory of a goldfish')", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"]
)  # fmt: skip
def test_what_ends_by_itself(ground, home, text):
    assert died(ended(ground, home, text)) == ""


def test_what_a_change_of_a_dying_program_comes_to(ground, home):
    dead = ended(ground, home, "import os; os.abort()")
    how = died(dead)
    assert dies_still(how, dead).text == f"the program dies ({how}); with this change it dies as well"
    further = dies_still(how, ended(ground, home, "raise ValueError('no')"))
    assert "gets further and ends with exit code 1: ValueError: no" in further.text
    fine = ended(ground, home, "print(1)")
    assert dies_still(how, fine) is None
    assert unlike(fine, dead).code == "crashes"


DIES = """\
import os, signal, pathlib
import sizes
print("began")
if sizes.ONE + sizes.OTHER > {limit}:
    os.kill(os.getpid(), signal.SIGKILL)
print("ended", sizes.ONE)
"""


def changed(name, one, other):
    text = f"ONE = {one}\nOTHER = {other}\n".encode()
    return Proposal(name, "smaller", ("captured-array",), (), Spot("sizes.py", 1), texts={"sizes.py": text})


@pytest.fixture
def trials(ground):
    ground = replace(ground, environ=dict(os.environ))
    (ground.root / "program.py").write_text(DIES.format(limit=10))
    (ground.root / "sizes.py").write_text("ONE = 9\nOTHER = 9\n")
    way = Way(("program.py",))
    made = Trials(ground, [Base(way, [run(ground, way, values=True)])], monotonic() + 300)
    made.settle()
    return made


def test_a_change_that_lets_it_end_is_kept_and_nothing_is_compared(trials):
    kept = trials.attempt(changed("1", 0, 9))
    assert (kept.verdict, kept.reason.code, kept.outputs) == ("keep", "completes", "not-compared")
    assert f"died ({signal.Signals.SIGKILL.name})" in kept.reason.text


def test_a_change_with_which_it_dies_as_well_is_left_to_the_user(trials):
    undecided = trials.attempt(changed("1", 8, 9))
    assert (undecided.verdict, undecided.reason.code) == ("undecided", "crashes")


def test_what_ends_is_the_baseline_from_then_on(trials):
    one = changed("1", 0, 9)
    trials.start_from(one.texts, {})
    assert not trials.dead
    other = trials.attempt(changed("2", 1, 0))
    assert (other.verdict, other.reason.code) == ("drop", "outputs-differ")
