"""Captures in scripts as people write them, each with the repair that silences the rule."""

import pytest

from jaxaudit.rules import load_rules
from rules.marked_faults import at_the_mark, findings

SCRIPTS = {
    "a table made by outer": ("captured-array", """
        t = jnp.linspace(0.0, 1.0, 1024)
        OPACITY = jnp.outer(jnp.exp(-t), 1.0 + t**2)
        @jax.jit
        def interpolate(i, j):
            return OPACITY[i, j]  # fault
        interpolate(3, 4)
        """, "OPACITY[i, j]", "jnp.exp(-i) + j"),
    "a generator with its diagonal": ("captured-array", """
        rates = jax.random.uniform(jax.random.key(1), (900, 900))
        generator = rates - jnp.diag(rates.sum(0))
        def field(t, p, args):
            return generator @ p  # fault
        @jax.jit
        def solve(p):
            return p + 0.1 * field(0.0, p, None)
        solve(jnp.ones(900))
        """, "generator @ p", "args * p"),
    "one item of a dict of settings": ("stale-capture", """
        settings = {"scale": 1.0, "order": 2}
        @jax.jit
        def flux(u):
            return settings["scale"] * jnp.tanh(u)  # fault
        def main(u):
            u = flux(u)
            settings["scale"] = 0.25
            return flux(u)
        """, 'settings["scale"] = 0.25', 'settings["order"] = 1'),
    "one attribute of a namespace": ("stale-capture", """
        import types
        cfg = types.SimpleNamespace(dt=0.1, gravity=9.81)
        @jax.jit
        def step(v):
            return v - cfg.dt * v  # fault
        v = step(1.0)
        cfg.dt = 0.01
        v = step(v)
        """, "cfg.dt = 0.01", "cfg.gravity = 0.01"),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_certain_of_the_fault(name):
    rule, source, _, _ = SCRIPTS[name]
    certain = [one for one in findings(load_rules()[rule], source) if one.confidence >= 0.8]
    assert at_the_mark(certain, source), [(one.place.line, one.message) for one in certain]


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_silent_once_repaired(name):
    rule, source, fault, repair = SCRIPTS[name]
    assert source.count(fault) == 1
    left = [one for one in findings(load_rules()[rule], source.replace(fault, repair)) if one.confidence >= 0.8]
    assert not left, [(one.place.line, one.message) for one in left]


def test_the_item_is_named():
    (found,) = findings(load_rules()["stale-capture"], SCRIPTS["one item of a dict of settings"][1])
    assert "settings['scale']" in found.message


def test_the_variables_that_flax_applies_are_captured():
    source = """
        import flax.linen as nn
        class Net(nn.Module):
            def __call__(self, x):
                return nn.Dense(1024)(x)
        def serve(batches):
            net = Net()
            params = net.init(jax.random.key(0), jnp.ones((1, 784)))
            predict = jax.jit(lambda x: net.apply(params, x))  # fault
            return [predict(batch) for batch in batches]
        serve([jnp.ones((2, 784))] * 3)
        """
    found = findings(load_rules()["captured-array"], source)
    assert at_the_mark(found, source)
    assert "`params`" in found[0].message
