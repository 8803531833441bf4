"""What a subclass in another file does otherwise is not lifted out of its method."""

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
