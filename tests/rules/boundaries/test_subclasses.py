"""What a subclass in another file does otherwise is not lifted out of its method."""

import itertools

import pytest

from rules.proposed_changes import compiles, done, of

BASE = """import jax
import jax.numpy as jnp


class Lake:
    def __init__(self, depth):
        self.depth = depth

    {decorator}
    def rate({self}depth):
        return 1.0 / depth

    def mixed(self, t, depth):
        return t + self.rate(depth) * (jnp.roll(t, 1) - t)

    def run(self, t):
        day = jax.jit(lambda t: self.mixed(t, self.depth))
        return day(day(t))
"""
STIRRED = "from base import Lake\n\n\nclass Stirred(Lake):\n    def {name}(self, *args):\n        return 2.0\n"
MAIN = """import jax.numpy as jnp

from base import Lake
from stirred import Stirred

for lake in (Lake(1.0), {other}(2.0), Lake(3.0)):
    print(round(float(jnp.asarray(lake.run(jnp.arange(4.0))).sum()), 3))
"""


def project(name, other):
    base = BASE.format(decorator="@staticmethod", self="")
    return {"main.py": MAIN.format(other=other), "base.py": base, "stirred.py": STIRRED.format(name=name)}


@pytest.mark.parametrize("name", ["rate", "mixed"])
def test_another_method(tmp_path, name):
    tried = of(tmp_path, "jit-per-call", project(name, "Lake"))
    assert not tried.changes
    assert f"`Stirred` has another `{name}`, in stirred.py:5" in tried.refused[0].text


def test_a_method_of_its_own(tmp_path):
    _, evidence = done(tmp_path, of(tmp_path, "jit-per-call", project("other", "Stirred")))
    assert compiles(evidence, "day") == 1


GLIDER = """import jax.numpy as jnp


class Glider:
    def __init__(self, wing):
        self.wing = wing

    def lift(self, x):
        return 0.4 * jnp.maximum(jnp.cos(x) * jnp.exp(-0.3 * x) + 0.3 * jnp.cos(2.3 * x), -0.2)

    def step(self, x, dt):
        up = self.lift(x)
        return x + dt * (up - 0.1 * jnp.tanh(up) * self.wing) - 0.01 * dt * jnp.sin(x)

    def fly(self, x, n):
        for _ in range(n):
            x = self.step(x, 0.02)
        return x
"""
FLIGHT = """import jax.numpy as jnp

from glider import Glider

for wing in (0.6, 1.0):
    print(round(float(Glider(wing).fly(jnp.linspace(0.0, 6.0, 30), 1200).mean()), 3))
"""
STORM = """import numpy as np

from glider import Glider


class Windy(Glider):
    pass


class Stormy(Windy):
    def __init__(self, wing):
        super().__init__(wing)
        self.rng = np.random.default_rng(4)
        self.met = 0

    def lift(self, x):
        {effect}
        return super().lift(x) + gust
"""


def flight(other):
    """In each test on other lines: where code is equal, and stands on the same line, Python takes it for the same."""
    above = "# the hills\n" * next(LINES)
    return {"main.py": above + FLIGHT, "glider.py": above + GLIDER, **other}


LINES = itertools.count(1)
EFFECTS = {
    "a draw": "gust = self.rng.normal()",
    "a counter": "self.met += 1; gust = 0.1 * self.met",
    "a branch": "gust = 0.1 if x.sum() > 3.0 else 0.0",
}


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_a_turn_that_a_grandchild_writes_otherwise(tmp_path, effect):
    """Whatever is jitted in the first class, the grandchild's own method would be traced with it."""
    tried = of(tmp_path, "eager-hot-path", flight({"storm.py": STORM.format(effect=effect)}))
    assert not tried.changes
    assert any("`Stormy` has another `lift`, in storm.py:" in one.text for one in tried.refused)


def test_a_turn_that_a_subclass_writes_as_purely(tmp_path):
    """It stays in its class, and each object jits its own."""
    tried = of(tmp_path, "eager-hot-path", flight({"storm.py": STORM.format(effect="gust = 0.1 * self.wing")}))
    assert [one.title for one in tried.changes] == ["`self.step` jitted once, in `__init__`"]
    assert "        self.jitted_step = jax.jit(self.step)" in tried.lines(tried.changes[0])


def test_a_method_that_a_test_replaces(tmp_path):
    """Moved out of its class, it would no longer be replaced."""
    calm = "def test_calm(monkeypatch):\n    monkeypatch.setattr(Glider, 'lift', lambda self, x: 0.0 * x)\n"
    tried = of(tmp_path, "eager-hot-path", flight({"check.py": f"from glider import Glider\n\n\n{calm}"}))
    assert any("check.py:5 puts another `lift` in its place" in one.text for one in tried.refused)
