"""Code that people wrote and that is right: what rules once said of it with certainty, and must not."""

from pathlib import Path

import pytest

from jaxaudit.model.finding import CERTAIN
from jaxaudit.rules import load_rules
from jaxaudit.source.reading import read_program

RIGHT = {
    "each argument its own of a pair": (
        "unstable-structure",
        """
import jax
import jax.numpy as jnp
@jax.jit
def f(a, b):
    return a.sum() + b.sum()
def pair():
    return jnp.ones(4), jnp.full((4,), 2.0)
print([f(*pair()) for _ in range(3)])
""",
    ),
    "a copy of the environment for a child": (
        "late-setting",
        """
import os
import subprocess
import jax
print(jax.devices())
env = os.environ.copy()
env["JAX_PLATFORMS"] = "cpu"
subprocess.run(["python", "-V"], env=env)
""",
    ),
    "a table that tells what is set": (
        "late-setting",
        """
import os
import jax
def metrics():
    return {"n": jax.process_count(), "XLA_FLAGS": os.getenv("XLA_FLAGS", "")}
metrics()
""",
    ),
    "an effect where an argument is left out": (
        "trace-time-effect",
        """
import jax
class Engine:
    def __init__(self):
        self.rng = jax.random.key(0)
    def step(self, x, rng=None):
        if rng is None:
            self.rng, rng = jax.random.split(self.rng)
        return x + jax.random.normal(rng)
engine = Engine()
step = jax.jit(engine.step)
step(1.0, jax.random.key(1))
""",
    ),
    "a list that the factory fills before it defines what is jitted": (
        "stale-capture",
        """
import jax

def rotation(degree, c):
    cosines = []
    for n in range(degree):
        cosines.append(c * n)

    @jax.jit
    def apply(m):
        return m * cosines[0]

    return apply

for angle in (0.1, 0.2):
    apply = rotation(3, angle)
    apply(1.0)
    apply(2.0)
""",
    ),
    "a base class whose classmethod registers": (
        "missing-static",
        """
import dataclasses
import jax

class Pytree:
    @classmethod
    def register(cls):
        jax.tree_util.register_pytree_node(cls, lambda one: ((one.x,), None), lambda aux, kids: cls(*kids))

@dataclasses.dataclass(frozen=True)
class Samples(Pytree):
    x: jax.Array

Samples.register()

@jax.jit
def total(samples):
    return samples.x.sum()

total(Samples(jax.numpy.ones(3)))
""",
    ),
    "vmap over axes that are named": (
        "missing-static",
        """
import jax
import jax.numpy as jnp

na = None

def emissions(y, lags):
    return jnp.zeros((3, 2 * lags)) + y

def run(ys, lags):
    return jax.vmap(emissions, in_axes=(0, na))(ys, lags)

run(jnp.ones((4, 1)), 2)
""",
    ),
    "vmap over axes that a star hides": (
        "missing-static",
        """
import jax
import jax.numpy as jnp

def step(v, w, n):
    return jnp.zeros(n) + v + w

def run(vs, w):
    nones = [None] * 2
    return jax.vmap(step, in_axes=(0, *nones))(vs, w, 3)

run(jnp.ones(4), 1.0)
""",
    ),
    "an option of the function under jit that nobody hands over": (
        "traced-static",
        """
from functools import partial
import jax
from jax import lax

def mapped(fun, *x, _scan=lax.scan):
    return _scan(lambda c, y: (c, fun(y)), None, x[0])[1]

_mapped = jax.jit(mapped, static_argnames=("fun", "_scan"))

def smap(fun):
    return partial(_mapped, fun)

def double(x):
    return 2 * x

jax.jit(smap(double))(jax.numpy.ones(3))
""",
    ),
    "integers times a weak float": (
        "unstable-structure",
        """
import jax
import jax.numpy as jnp

def hermite(points):
    points = jnp.arange(100)
    start = jnp.sqrt(2.0) * points

    def body(n, carry):
        return 0.5 * carry * points

    return jax.lax.fori_loop(0, 5, body, start)

hermite(None)
""",
    ),
    "a field declared as a tuple of numbers": (
        "static-array",
        """
import equinox as eqx
import jax.numpy as jnp

class Diagonals(eqx.Module):
    offsets: tuple[int, ...] = eqx.field(static=True)

def make(values):
    return Diagonals(jnp.asarray(values))
""",
    ),
    "a number of the step's own is folded in": (
        "key-reuse",
        """
import jax

def draws(key, index):
    def add(i, total):
        row = index[i].astype(int)
        return total + jax.random.uniform(jax.random.fold_in(key, row))

    return jax.lax.fori_loop(0, 8, add, 0.0)
""",
    ),
    "folded twice, the second time with the step": (
        "key-reuse",
        """
import jax

def propose(key, lane):
    def body(carry):
        attempt, value = carry
        new = jax.random.uniform(jax.random.fold_in(jax.random.fold_in(key, lane), attempt))
        return attempt + 1, new

    return jax.lax.while_loop(lambda c: c[1] < 0.5, body, (0, 0.0))
""",
    ),
    "what is rotated is rotated back": (
        "key-reuse",
        """
import jax

def structured_rotation(x, key):
    return x * jax.random.rademacher(key, x.shape)

def inverse_structured_rotation(x, key):
    return x * jax.random.rademacher(key, x.shape)

def compress(x, key):
    y = structured_rotation(x, key)
    return inverse_structured_rotation(y.round(), key)
""",
    ),
    "a seed for which the traced path does not ask": (
        "key-made-in-jit",
        """
import random
import jax

def state(seed):
    if isinstance(seed, int) or seed is None:
        return jax.random.key(seed or random.randrange(100))
    return seed

@jax.jit
def draw(key):
    return jax.random.normal(state(key))
""",
    ),
    "how many devices there are is a number": (
        "branch-on-tracer",
        """
import jax
from jax import lax

@jax.jit
def gather(x):
    def inside(y):
        size = lax.psum(1, "i")
        if size == 1:
            return y
        return lax.psum(y, "i")

    return jax.vmap(inside, axis_name="i")(x)
""",
    ),
    "an arm for scalars that vmap's values do not take": (
        "branch-on-tracer",
        """
import jax
import jax.numpy as jnp

def iou(a, b):
    union = jnp.sum(a | b, axis=(-2, -1))
    j = jnp.sum(a & b, axis=(-2, -1)) / union
    if j.ndim == 0:
        j = 1 if jnp.isclose(union, 0) else j
    return j

jax.vmap(iou, in_axes=(-1, -1))(jnp.ones((2, 2, 2, 3), bool), jnp.ones((2, 2, 2, 3), bool))
""",
    ),
    "truth values made floats": (
        "unstable-structure",
        """
import jax
import jax.numpy as jnp

def sample(carry):
    key, picked, p = carry
    return jax.random.split(key)[0], jax.random.bernoulli(key, p, (3,)) * 1.0, p

jax.lax.while_loop(lambda c: c[1].sum() == 0, sample, (jax.random.key(0), jnp.zeros(3), 0.5))
""",
    ),
    "a helper that picks its key by an argument": (
        "key-reuse",
        """
import jax

def start(keys, n):
    def draw(i):
        return jax.random.uniform(keys[i], (n,))

    def body(state):
        x, i = state
        return draw(i), i + 1

    return jax.lax.while_loop(lambda s: s[1] < 10, body, (draw(0), 1))
""",
    ),
    "a list that becomes a tuple before it is handed over": (
        "unhashable-static",
        """
import functools
import jax

def coordinates(x, basis):
    basis = tuple(basis)

    @functools.partial(jax.jit, static_argnums=1)
    def compute(y, names):
        return y * len(names)

    def residual(y):
        return compute(y, basis)

    return residual(x)

coordinates(1.0, ["R", "Z"])
""",
    ),
    "a step that is called once before the loop to compile": (
        "key-reuse",
        """
import jax

def train(step, params, key, turns, many):
    warm = jax.random.split(key, 3) if many else key
    step(params, warm)
    keys = jax.random.split(key, turns)
    for turn in range(turns):
        params = step(params, keys[turn])
    return params

train(jax.jit(lambda p, k: p + jax.random.normal(k)), 0.0, jax.random.key(0), 3, False)
""",
    ),
    "parameters that only show a file its structure": (
        "key-reuse",
        """
import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import serialization

class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)

def main(data):
    key = jax.random.key(0)
    params = serialization.from_bytes(MLP().init(key, jnp.ones(2)), data)
    key, sample_key = jax.random.split(key)
    return MLP().apply(params, jax.random.normal(sample_key, (2,)))
""",
    ),
    "models that are fitted apart, each to its data": (
        "key-reuse",
        """
import jax
import jax.numpy as jnp

def single_fit(key, y):
    return jax.random.normal(key, y.shape) - y

def fit(key, ys):
    return jax.vmap(lambda y: single_fit(key, y))(ys)

fit(jax.random.key(0), jnp.ones((3, 4)))
""",
    ),
    "the start of a solver in a library": (
        "key-made-in-jit",
        """
import jax
import jax.numpy as jnp

@jax.jit
def start(c):
    return jax.random.uniform(jax.random.PRNGKey(0), c.shape)

def roots(rows):
    found = []
    for row in rows:
        found.append(jax.lax.fori_loop(0, 9, lambda i, z: z - jnp.polyval(row, z), start(row)))
    return found
""",
    ),
    "a table that a library loads": (
        "captured-array",
        """
import jax
import numpy as np

def solver(path):
    nodes = np.load(path)

    @jax.jit
    def solve(x):
        return nodes @ x

    return solve
""",
    ),
    "a simulation that compiles its step once for all its turns": (
        "jit-per-call",
        """
import jax

def simulate(system, turns):
    @jax.jit
    def step(x):
        return x * system

    x = 1.0
    for _ in range(turns):
        x = step(x)
    return x

def run(config):
    return simulate(len(config), 1000)

results = [run(config) for config in ("a", "bc")]
""",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_certain_is_said_of_it(name: str, tmp_path: Path) -> None:
    rule, text = RIGHT[name]
    file = tmp_path / "right.py"
    file.write_text(text)
    program = read_program([str(file)])
    said = [one for one in load_rules()[rule].match(program) if one.confidence >= CERTAIN]
    assert [(one.place.line, one.message) for one in said] == []
