"""Captured values that change between two calls."""

import pytest

from rules.programs_of_rules import found, lines

FAULTS = {
    "set by a function": ("""
        RATE = 0.1
        def set_rate(r):
            global RATE
            RATE = r
        @jax.jit
        def step(w):
            return w - RATE * w
        def main():
            w = step(jnp.ones(3))
            set_rate(0.01)
            return step(w)
        """, 8),
    "attribute in a loop": ("""
        class Trainer:
            def __init__(self, lr):
                self.lr = lr
                self.update = jax.jit(self._update)
            def _update(self, w, g):
                return w - self.lr * g
            def fit(self, w):
                for _ in range(10):
                    self.lr *= 0.9
                    w = self.update(w, jnp.ones(3))
                return w
        """, 7),
    "static self, assigned from outside": ("""
        class Sim:
            def __init__(self):
                self.dt = 0.1
            @partial(jax.jit, static_argnums=(0,))
            def step(self, x):
                return x + self._rate(x)
            def _rate(self, x):
                return -x * self.dt
        sim = Sim()
        x = jnp.ones(3)
        for _ in range(5):
            x = sim.step(x)
            sim.dt = sim.dt / 2
        """, 9),
    "static self, read by a function inside the method": ("""
        class Sim:
            def __init__(self):
                self.weight = 0.0
            @partial(jax.jit, static_argnums=0)
            def slope(self, x):
                def total(x):
                    return self._base(x) + self.weight * x.sum()
                return jax.grad(total)(x)
            def _base(self, x):
                return (x * x).sum()
        def descend(sim, x):
            for _ in range(3):
                x = x - 0.1 * sim.slope(x)
            return x
        sim = Sim()
        x = jnp.ones(3)
        for weight in (0.0, 0.5):
            sim.weight = weight
            x = descend(sim, x)
        """, 8),
    "item of a dict": ("""
        config = {"scale": 1.0}
        f = jax.jit(lambda x: x * config["scale"])
        a = f(1.0)
        config["scale"] = 3.0
        b = f(1.0)
        """, 3),
    "attribute of a global object": ("""
        class Config:
            def __init__(self):
                self.gain = 1.0
        cfg = Config()
        f = jax.jit(lambda x: x * cfg.gain)
        a = f(1.0)
        cfg.gain = 2.0
        b = f(1.0)
        """, 6),
    "variable of the function around": ("""
        def run(n):
            beta = 1.0
            @jax.jit
            def energy(x):
                return beta * x
            total = 0.0
            for _ in range(n):
                total += energy(1.0)
                beta = beta * 1.5
            return total
        """, 6),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_it_sees_a_call_a_change_and_a_call(name):
    code, line = FAULTS[name]
    assert lines(found("stale-capture", code, at_least=0.8)) == [line]


ALLOWED = {
    "set before the first call": "s = 1.0\ns = 2.0\nf = jax.jit(lambda x: x * s)\nf(1.0)\nf(2.0)\n",
    "jitted anew": "s = 1.0\nf = jax.jit(lambda x: x * s)\nf(1.0)\ns = 2.0\nf = jax.jit(lambda x: x * s)\nf(1.0)\n",
    "a new function in each turn": """
        for beta in (1.0, 2.0):
            @jax.jit
            def energy(x):
                return beta * x
            y = energy(1.0)
        """,
    "hashed by value": """
        from dataclasses import dataclass
        @dataclass(unsafe_hash=True)
        class Sim:
            dt: float = 0.1
            @partial(jax.jit, static_argnums=0)
            def step(self, x):
                return x * self.dt
        sim = Sim()
        for _ in range(3):
            y = sim.step(1.0)
            sim.dt = sim.dt / 2
        """,
    "assigned by what only the constructor calls": """
        class Agent:
            def __init__(self, env):
                self._set_up(env)
            def _set_up(self, env):
                self.env = env
            @partial(jax.jit, static_argnums=0)
            def step(self, x):
                return x * self.env
        """,
    "a variable of each call of the factory": """
        def fit(x, rule):
            w = None
            if rule == "ghq":
                w = 2.0 * x
            f = jax.jit(lambda p: p * w)
            return f(x)
        for rule in ("ghq", "other"):
            y = fit(1.0, rule)
            y = fit(2.0, rule)
        """,
    "not called again": "s = 1.0\nf = jax.jit(lambda x: x * s)\nf(1.0)\ns = 2.0\n",
    "the other branch": "s = 1.0\nf = jax.jit(lambda x: x * s)\ndef g(flag):\n    return f(1.0) if flag else f(2.0)\n",
}


@pytest.mark.parametrize("name", ALLOWED)
def test_it_is_silent_where_nothing_is_stale(name):
    assert not [one.message for one in found("stale-capture", ALLOWED[name])]
