"""`unmarked-metadata`: fields that configure a module and are traced, in the source and in programs that really ran."""

from importlib.util import find_spec

import pytest

from jaxaudit.rules import load_rules
from programs import program_of
from rules.really_run import findings_of, said

HEAD = """from collections.abc import Callable
import equinox as eqx
import jax
import jax.numpy as jnp
"""
MODULE = """
class Layer(eqx.Module):
    weight: jax.Array
    {field}
    def __call__(self, x):
        return {call}

@{wrapper}
def loss(layer, x):
    return layer(x).sum()

loss(Layer(jnp.ones(3), {value}), jnp.ones(3))
"""
CALLED = "self.act(self.weight * x)"


def module(field, call, value, wrapper="jax.jit"):
    return HEAD + MODULE.format(field=field, call=call, value=value, wrapper=wrapper)


FAULTS = {
    "a_function": (module("act: Callable", CALLED, "jax.nn.relu"), "act"),
    "a_flag": (module("bias: bool", "x + 1 if self.bias else x", "True"), "bias"),
    "a_length": (module("n: int", "x + jnp.zeros(self.n).sum()", "2"), "n"),
    "a_text": (module("mode: str", "x if self.mode == 'a' else -x", "'a'"), "mode"),
    "a_struct": (
        HEAD
        + "from flax import struct\n\n@struct.dataclass\nclass Config:\n    rate: float\n    steps: int\n\n@jax.jit\ndef run(cfg, x):\n"
        + "    for _ in range(cfg.steps):\n        x = x * cfg.rate\n    return x\n\nrun(Config(0.5, 3), jnp.ones(3))\n",
        "steps",
    ),
}
FINE = {
    "marked": module("act: Callable = eqx.field(static=True)", CALLED, "jax.nn.relu"),
    "filtered": module("act: Callable", CALLED, "jax.nn.relu", "eqx.filter_jit"),
    "arithmetic": module("n: int", "x ** self.n", "2"),
    "a_module": module("act: Callable", CALLED, "eqx.nn.Linear(3, 3, key=jax.random.key(0))"),
}


def in_source(text):
    return list(load_rules()["unmarked-metadata"].match(program_of(text, head=False)))


@pytest.mark.parametrize("name", FAULTS)
def test_the_source_names_the_field(name):
    text, field = FAULTS[name]
    (found,) = in_source(text)
    assert f"`{field}` of `" in found.message and found.severity == "info"
    assert field in text.splitlines()[found.place.line - 1]


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_silent(name):
    assert not in_source(FINE[name])


def can_run(text):
    return "flax" not in text or find_spec("flax") is not None


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    pytest.importorskip("equinox")
    programs = {name: text for name, (text, _) in FAULTS.items() if can_run(text)} | FINE
    return findings_of(
        tmp_path_factory.mktemp("run"), ("unmarked-metadata", "missing-static", "branch-on-tracer"), programs
    )


@pytest.mark.parametrize("name", FAULTS)
def test_a_run_names_the_field(found, name):
    if not can_run(FAULTS[name][0]):
        pytest.skip("flax is not installed")
    (one,) = found[name]
    assert one.rule == "unmarked-metadata" and one.severity == "error", said([one])
    assert f".{FAULTS[name][1]}` of `" in one.message


@pytest.mark.parametrize("name", FINE)
def test_a_run_without_the_fault_is_silent(found, name):
    assert not found[name], said(found[name])
