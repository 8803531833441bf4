"""Branches, lists, jits within loops, growing arrays, fields and static arrays, in programs that really ran."""

import pytest

from rules.really_run import findings_of, said

RULES = (
    "heavy-branches", "list-to-array", "nested-jit-in-step", "growing-array", "jit-in-field", "static-array",
    "captured-array", "captured-self", "shape-churn", "identity-hashed-static", "eager-hot-path",
)  # fmt: skip
BESIDE = ("eager-hot-path", "captured-array", "captured-self")
"""What programs as small as these say as well: below the user's budget, or of single operations."""
HEAD = """from functools import partial
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, vmap

def refine(x):
    return lax.scan(lambda u, _: (u - 0.1 * jnp.sin(u), None), x, None, length=50)[0]

def halve(x):
    return 0.5 * x

"""
FAULTY = {
    # a predicate that vmap batches
    "vmap_call": ("heavy-branches", """
def advance(x):
    return lax.cond(jnp.sum(x) > 0, refine, halve, x)  # here
jax.jit(vmap(advance))(jnp.ones((4, 3)))
"""),
    "vmap_partial": ("heavy-branches", """
@partial(vmap, in_axes=(0, None))
def advance(x, limit):
    return jax.lax.cond(x.sum() > limit, refine, lambda x: x, x)  # here
advance(jnp.ones((4, 3)), 1.0)
"""),
    "vmap_of_jit": ("heavy-branches", """
@jax.jit
def pick(x):
    return lax.switch(jnp.int32(x.sum()), [halve, refine, halve], x)  # here
vmap(pick)(jnp.ones((4, 3)))
"""),
    "vmap_method": ("heavy-branches", """
class Sim(eqx.Module):
    matrix: jax.Array
    def solve(self, x):
        return jnp.linalg.solve(self.matrix, x)
    def step(self, x):
        return lax.cond(x[0] > 0, lambda x: self.solve(x), lambda x: x, x)  # here
sim = Sim(jnp.eye(32))
jax.jit(vmap(lambda x: sim.step(x)))(jnp.ones((4, 32)))
"""),
    "vmap_module": ("heavy-branches", """
import _physics
jax.jit(vmap(_physics.advance))(jnp.ones((4, 3)))
"""),
    # the same call on each side
    "both_lambdas": ("heavy-branches", """
@jax.jit
def advance(x, flipped):
    return lax.cond(flipped, lambda x: -refine(-x), lambda x: refine(x), x)  # here
advance(jnp.ones(3), True)
"""),
    "both_jitted": ("heavy-branches", """
fast = jax.jit(refine)
@jax.jit
def advance(x, flipped):
    return lax.cond(flipped, lambda x: -fast(-x), fast, x)  # here
advance(jnp.ones(3), True)
"""),
    "both_methods": ("heavy-branches", """
class Sim(eqx.Module):
    matrix: jax.Array
    def solve(self, x):
        return jnp.linalg.solve(self.matrix, x)
    @eqx.filter_jit
    def run(self, x, near):
        return lax.cond(near, lambda: self.solve(x) + 1, lambda: self.solve(2 * x))  # here
Sim(jnp.eye(32)).run(jnp.ones(32), jnp.array(True))
"""),
    # lists
    "list_appended": ("list-to-array", """
step = jax.jit(lambda x: x * 0.9)
def path(x):
    rows = []
    for _ in range(600):
        x = step(x)
        rows.append(x)
    return jnp.array(rows)  # here
path(jnp.ones(3))
"""),
    "list_of_numbers": ("list-to-array", """
from jax.numpy import asarray as to_device
grid = to_device([0.5 * i for i in range(12_000)], dtype=jnp.float32)  # here
"""),
    "list_each_time": ("list-to-array", """
class Loader:
    def batch(self, rows):
        return jnp.asarray(rows)  # here
for _ in range(20):
    Loader().batch([[float(i + j) for i in range(30)] for j in range(30)])
"""),
    # a jit that only a loop calls
    "nested_decorated": ("nested-jit-in-step", """
@jax.jit  # at the def
def drag(v):  # here
    return -0.1 * v * jnp.abs(v)
@jax.jit
def fall(v):
    return lax.scan(lambda v, _: (v + drag(v), None), v, None, length=50)
fall(jnp.ones(3))
"""),
    "nested_in_fori": ("nested-jit-in-step", """
def outer(v):
    @jax.jit
    def kick(v):  # here
        return jnp.tanh(v)
    return lax.fori_loop(0, 10, lambda i, v: kick(v), v)
jax.jit(outer)(jnp.ones(3))
"""),
    # growth
    "grown": ("growing-array", """
@jax.jit
def mean(history):  # here
    return history.mean(axis=0)
history = jnp.zeros((1, 2))
for i in range(6):
    history = jnp.concatenate([history, jnp.full((1, 2), i, jnp.float32)])
    mean(history)
"""),
    "grown_list": ("growing-array", """
class Replay:
    rows: list = []
    def batch(self):
        return np.stack(self.rows)
@partial(jax.jit, static_argnames="power")
def loss(w, rows, power):  # here
    return ((rows @ w) ** power).sum()
replay = Replay()
for i in range(6):
    replay.rows.append(np.ones(4, np.float32))
    loss(jnp.ones(4), rows=replay.batch(), power=2)
"""),
    # fields
    "field_jitted": ("jit-in-field", """
class Gate(eqx.Module):
    weight: jax.Array
    squash: callable = eqx.field(static=True)
    def __init__(self, weight):
        self.weight = weight
        self.squash = jax.jit(lambda x: jnp.tanh(2 * x))
@eqx.filter_jit
def loss(gate, x):  # here
    return gate.squash(gate.weight * x).sum()
for i in range(3):
    loss(Gate(jnp.full(3, i)), jnp.ones(3))
"""),
    "field_closure": ("jit-in-field", """
class Gate(eqx.Module):
    weight: jax.Array
    squash: callable
    def __init__(self, weight, steepness):
        self.weight = weight
        self.squash = lambda x: jnp.tanh(steepness * x)
    def __call__(self, x):
        return self.squash(self.weight * x).sum()
@eqx.filter_jit
def loss(gate, x):  # here
    return gate(x)
for i in range(3):
    loss(Gate(jnp.full(3, i), 2.0), jnp.ones(3))
"""),
    # arrays that an argument brings in untraced
    "static_field": ("static-array", """
class Detector(eqx.Module):
    gain: jax.Array
    dark: np.ndarray = eqx.field(static=True)
    def __call__(self, frame):
        return (frame - self.dark) * self.gain
@eqx.filter_jit
def calibrate(detector, frame):  # here
    return detector(frame)
calibrate(Detector(jnp.ones(()), np.ones((32, 32), np.float32)), jnp.ones((32, 32)))
"""),
    "static_argument": ("static-array", """
class Optics:
    def __init__(self, psf):
        self.psf = psf
def image(optics, scene):  # here
    return optics.psf * scene
render = jax.jit(image, static_argnames=["optics"])
render(Optics(jnp.ones((32, 32))), jnp.ones((32, 32)))
"""),
}  # fmt: skip
FINE = {
    "light": "vmap(lambda x: lax.cond(x > 0, lambda x: -x, lambda x: x, x))(jnp.ones(4))",
    "one_predicate": """
step = jax.jit(vmap(lambda x, fine: lax.cond(fine, refine, halve, x), in_axes=(0, None)))
step(jnp.ones((4, 3)), True)
""",
    "mapped": """
jax.jit(lambda xs: lax.map(lambda x: lax.cond(x.sum() > 0, refine, halve, x), xs))(jnp.ones((4, 3)))
""",
    "sides_that_differ": """
def other(x):
    return lax.scan(lambda u, _: (u - 0.2 * jnp.cos(u), None), x, None, length=50)[0]
jax.jit(lambda p, x: lax.cond(p, refine, other, x))(True, jnp.ones(3))
""",
    "librarys_branch": "jax.make_jaxpr(vmap(lambda key: jax.random.poisson(key, 3.0)))(jax.random.split(jax.random.key(0), 4))",
    "stacked": "rows = [jnp.ones(3) for _ in range(600)]\njnp.stack(rows)\njnp.array([0.5 * i for i in range(200)])",
    "of_numpy": "jnp.array([np.ones(100) for _ in range(200)])\njnp.asarray(np.arange(20_000))",
    "while_traced": "jax.make_jaxpr(lambda x: jnp.array([x[i] for i in range(600)]))(jnp.ones(600))",
    "used_twice": """
@jax.jit
def kick(v):
    return jnp.tanh(v)
jax.jit(lambda v: lax.fori_loop(0, 10, lambda i, v: kick(v), kick(v)))(jnp.ones(3))
""",
    "called_alone": """
@jax.jit
def kick(v):
    return jnp.tanh(v)
kick(jnp.ones(3))
jax.jit(lambda v: lax.scan(lambda v, _: (kick(v), None), v, None, length=9))(jnp.ones(3))
""",
    "full_size": """
@jax.jit
def mean(history):
    return history.mean(axis=0)
history = jnp.zeros((6, 2))
for i in range(6):
    history = history.at[i].set(1.0)
    mean(history)
""",
    "one_function": """
def squash(x):
    return jnp.tanh(2 * x)
class Gate(eqx.Module):
    weight: jax.Array
    squash: callable = eqx.field(static=True)
@eqx.filter_jit
def loss(gate, x):
    return gate.squash(gate.weight * x).sum()
for i in range(3):
    loss(Gate(jnp.full(3, i, jnp.float32), squash), jnp.ones(3))
""",
    "data_field": """
class Detector(eqx.Module):
    gain: jax.Array
    dark: jax.Array
    shape: tuple = eqx.field(static=True)
@eqx.filter_jit
def calibrate(detector, frame):
    return (frame - detector.dark) * detector.gain
calibrate(Detector(jnp.ones(()), jnp.ones((32, 32)), (32, 32)), jnp.ones((32, 32)))
""",
}
HELPER = HEAD + "def advance(x):\n    return lax.cond(jnp.sum(x) > 0, refine, halve, x)  # here\n"
ALL = {"_physics": HELPER} | {name: HEAD + text for name, (_, text) in FAULTY.items()}
ALL |= {name: HEAD + text for name, text in FINE.items()}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    pytest.importorskip("jax")
    pytest.importorskip("equinox")
    return findings_of(tmp_path_factory.mktemp("run"), RULES, ALL)


@pytest.mark.parametrize("name", FAULTY)
def test_what_the_run_showed(found, name):
    file = "_physics" if name == "vmap_module" else name
    rule = FAULTY[name][0]
    mine = [one for one in found[file] if one.rule == rule]
    assert len(mine) == 1, said(found[file])
    assert ALL[file].splitlines()[mine[0].place.line - 1].endswith("# here"), said(mine)
    assert mine[0].certain == (rule != "nested-jit-in-step")
    others = [one for one in found[file] if one.rule not in (rule, *BESIDE)]
    assert not said(others)


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine(found, name):
    assert not said([one for one in found[name] if one.rule not in BESIDE])
