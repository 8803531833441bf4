"""Runs that are stopped before the program ends."""

import pytest

from jaxaudit.verify.running import Prefix, Way, run

pytest.importorskip("jax")
ENDLESS = """\
import sys, jax, jax.numpy as jnp

@jax.jit
def prepare(x):
    return x * 2

@jax.jit
def step(x):
    return x + 1

x = prepare(jnp.ones(3))
i = 0
while True:
    x = step(x)
    i += 1
    print(i, float(x[0]))
"""
CHILD = """\
import subprocess, sys
subprocess.run([sys.executable, "child.py"])
while True:
    pass
"""


def ran(ground, text, prefix, **files):
    for name, content in {"program": text, **files}.items():
        (ground.root / f"{name}.py").write_text(content)
    return run(ground, Way(("program.py",)), {}, {"JAX_PLATFORMS": "cpu"}, 120, values=True, prefix=prefix)


def test_it_is_stopped_when_functions_were_called_so_often(ground):
    one = ran(ground, ENDLESS, Prefix(calls={"prepare": 1, "step": 5}))
    assert (one.cut, one.code, one.hung) == (True, 0, False)
    assert one.stdout == "1 3.0\n2 4.0\n3 5.0\n4 6.0\n"
    assert one.calls == {"prepare": 1, "step": 5}
    assert one.imported == ("program.py",) and one.evidence.environment.ended == "prefix"
    assert [max(calls) for calls in one.results.values()] == [1, 4]


def test_it_is_stopped_between_two_calls_after_some_time(ground):
    one = ran(ground, ENDLESS, Prefix(after=0.5))
    assert one.cut and sum(one.calls.values()) >= 1 and one.stderr == ""


def test_a_program_that_ends_before_ends_as_it_does(ground):
    one = ran(ground, "import jax, sys\njax.jit(abs)(1.0)\nsys.exit(3)\n", Prefix(calls={"step": 5}))
    assert (one.cut, one.code) == (False, 3)


def test_where_a_child_gets_there_all_are_stopped(ground):
    one = ran(ground, CHILD, Prefix(calls={"step": 2}), child=ENDLESS)
    assert (one.cut, one.code, one.hung) == (True, 0, False)
