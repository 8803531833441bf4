"""The runner of samples, on this interpreter's JAX."""

import ast
import os
import sys

import pytest

from jaxaudit.steps.sample_runs import RUNNER, Request, run_samples
from rules.sample_cache import calm, jax_of

pytestmark = pytest.mark.skipif(not jax_of(sys.executable), reason="JAX is not installed")

BIG = """
import jax, jax.numpy as jnp
big = jnp.ones(1000)
f = jax.jit(lambda x: x + big)
g = jax.jit(lambda x, b: x + b)
"""
PROGRAMS = {
    "compiles of one name": ("import jax\nfor _ in range(3): jax.jit(lambda x: x)(1.)\n", "compiles('<lambda>') == 3"),
    "compiles of another": ("import jax\nf = jax.jit(lambda x: x)\nf(1.)\nf(2.)\n", "compiles() == traces() == 1"),
    "calls of Python": (
        "import jax\ndef h(x): return x * 2\nf = jax.jit(lambda x: h(x) + h(x))\nf(1.)\nf(2.)\n",
        "calls('h') == 2",
    ),
    "captured bytes": (BIG, "constants(f, 1.) == 4000 and constants(g, 1., big) == 0"),
    "equations": (
        "import jax\ndef f(x):\n    for _ in range(9): x = x * 2\n    return x\n",
        "equations(f, 1.) == 9 and equations(jax.jit(f), 1.) == 10",
    ),
    "what was raised": ("import jax\njax.jit(lambda x: x if x > 0 else 1)(1.)\n", "'TracerBoolConversion' in raised"),
    "what was warned": (
        "import jax, jax.numpy as jnp\njax.jit(lambda x: x.sum(), donate_argnums=0)(jnp.ones(37))\n",
        "'donated buffers were not usable' in warned",
    ),
    "what was printed": ("if __name__ == '__main__': print('hi')\n", "printed == 'hi\\n'"),
    "an abort": (
        "import os\nos.environ['XLA_FLAGS'] = '--xla_nonsense=1'\nimport jax\njax.numpy.ones(3)\n",
        "'xla_nonsense' in raised",
    ),
    "a setting": (
        "import jax\njax.config.update('jax_enable_x64', True)\nx = jax.numpy.ones(1)\n",
        "x.dtype == 'float64'",
    ),
    "no setting left behind": ("import jax\nx = jax.numpy.ones(1)\n", "x.dtype == 'float32'"),
    "an early end": ("raise SystemExit(3)\n", "raised == 'SystemExit: 3'"),
}


@pytest.fixture(scope="module")
def runs():
    false = {f"not {name}": (code, f"not ({shows})") for name, (code, shows) in PROGRAMS.items()}
    others = {
        "wrong words": ("x = 1\n", "nonsense > 1"),
        "missing": ("import jaxaudit_has_no_such\n", "True"),
        "mute": ("", ""),
    }
    requests = [Request(name, *pair) for name, pair in {**PROGRAMS, **false, **others}.items()]
    return run_samples(sys.executable, requests, calm(os.environ))


@pytest.mark.parametrize("name", PROGRAMS)
def test_true_claims_hold_and_false_ones_do_not(name, runs):
    assert runs.shown[name].holds, str(runs.shown[name])
    assert not runs.shown[f"not {name}"].holds


def test_what_cannot_be_asked_is_said(runs):
    assert runs.shown["wrong words"].error == "NameError: name 'nonsense' is not defined"
    assert runs.shown["missing"].missing == "jaxaudit_has_no_such is not installed"
    assert runs.shown["missing"].holds is None
    assert runs.shown["mute"].holds is None


def test_it_says_what_ran(runs):
    assert (runs.python, runs.jax) == (".".join(map(str, sys.version_info[:3])), jax_of(sys.executable))


def test_a_program_that_hangs_costs_only_itself():
    requests = [Request("hangs", "import time\ntime.sleep(60)\n", "True"), Request("after", "x = 1\n", "x == 1")]
    done = run_samples(sys.executable, requests, calm({}), seconds=8)
    assert done.shown["after"].holds
    assert (done.shown["hangs"].holds, "no answer in 8 s" in done.shown["hangs"].raised) == (True, True)


def test_an_interpreter_without_jax_is_told_apart(tmp_path):
    lone = tmp_path / "python"
    lone.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    lone.chmod(0o755)
    done = run_samples(lone, [Request("a", "", "True")])
    assert done.jax is None
    assert "No module named 'jax'" in done.missing


def test_the_runner_is_python_3_10():
    """It runs under the user's Python, whichever that is from 3.10 on."""
    for file in RUNNER.parent.rglob("*.py"):
        ast.parse(file.read_text("utf-8"), feature_version=(3, 10))
