"""identity-hashed-static: realistic faults in the spellings people use, and what only looks like one."""

import pytest

from rules.static.findings_in import findings_in, said

STEP = """
        @functools.partial(jax.jit, static_argnums=0)
        def step(loss_fn, w):
            return w - jax.grad(loss_fn)(w)
"""

FAULTS = {
    "a lambda in the loop": STEP
    + """
        def fit(w, scale):
            for _ in range(10):
                w = step(lambda v: scale * jnp.sum(v**2), w)
            return w
        """,
    "a partial in the loop": STEP
    + """
        def loss(w, scale):
            return scale * jnp.sum(w**2)
        w = jnp.ones(3)
        for _ in range(10):
            w = step(functools.partial(loss, scale=2.0), w)
        """,
    "a partial by a name": STEP
    + """
        from functools import partial
        def loss(w, scale):
            return scale * jnp.sum(w**2)
        def fit(w):
            for _ in range(10):
                objective = partial(loss, scale=2.0)
                w = step(objective, w)
            return w
        """,
    "a nested def": STEP
    + """
        def fit(w, batches):
            for batch in batches:
                def loss(v):
                    return jnp.sum((v - batch) ** 2)
                w = step(loss, w)
            return w
        """,
    "a nested def of a function called in a loop": STEP
    + """
        def one(w, batch):
            def loss(v):
                return jnp.sum((v - batch) ** 2)
            return step(loss, w)
        def fit(w, batches):
            for batch in batches:
                w = one(w, batch)
            return w
        """,
    "a factory": STEP
    + """
        def make_loss(scale):
            def loss(v):
                return scale * jnp.sum(v**2)
            return loss
        def fit(w):
            while True:
                w = step(make_loss(0.5), w)
        """,
    "a plain object": """
        class Solver:
            def __init__(self, tol):
                self.tol = tol
        @functools.partial(jax.jit, static_argnames="solver")
        def run(x, solver):
            return x * solver.tol
        for _ in range(5):
            run(jnp.ones(3), solver=Solver(1e-3))
        """,
    "self, made anew": """
        class Filter:
            def __init__(self, width):
                self.width = width
            @functools.partial(jax.jit, static_argnums=0)
            def __call__(self, x):
                return x * self.width
        def run(frames):
            return [Filter(3)(frame) for frame in frames]
        """,
    "a method of a new object": STEP
    + """
        class Problem:
            def __init__(self, data):
                self.data = data
            def loss(self, w):
                return jnp.sum((w - self.data) ** 2)
        def fit(w, batches):
            for batch in batches:
                w = step(Problem(batch).loss, w)
            return w
        """,
    "an optimiser": """
        import optax
        @functools.partial(jax.jit, static_argnames=("tx",))
        def update(w, state, tx):
            return tx.update(w, state)
        def train(w, steps):
            for _ in range(steps):
                tx = optax.adam(1e-3)
                state = tx.init(w)
                w, state = update(w, state, tx)
            return w
        """,
    "a gradient function": """
        def loss(w):
            return jnp.sum(w**2)
        @functools.partial(jax.jit, static_argnums=(0,))
        def descend(g, w):
            return w - g(w)
        def fit(w):
            for _ in range(9):
                w = descend(jax.grad(loss), w)
            return w
        """,
    "a frozen dataclass around a lambda": """
        from dataclasses import dataclass
        from typing import Callable
        @dataclass(frozen=True)
        class Config:
            activation: Callable
        @functools.partial(jax.jit, static_argnames="config")
        def run(x, config):
            return config.activation(x)
        for _ in range(3):
            run(jnp.ones(3), Config(lambda v: v * 2))
        """,
    "an nnx module's attribute": """
        from flax import nnx
        class Act:
            def __call__(self, x):
                return x * 2
        class Net(nnx.Module):
            def __init__(self, rngs):
                self.linear = nnx.Linear(2, 2, rngs=rngs)
                self.act = Act()
        @nnx.jit
        def loss(net, x):
            return net.act(net.linear(x)).sum()
        for seed in range(5):
            loss(Net(nnx.Rngs(seed)), jnp.ones((1, 2)))
        """,
    "an nnx module's lambda": """
        from flax import nnx
        class Net(nnx.Module):
            def __init__(self, slope, rngs):
                self.linear = nnx.Linear(2, 2, rngs=rngs)
                self.act = lambda x: jnp.where(x > 0, x, slope * x)
        @nnx.jit
        def loss(net, x):
            return net.act(net.linear(x)).sum()
        for seed in range(5):
            net = Net(0.1, nnx.Rngs(seed))
            loss(net, jnp.ones((1, 2)))
        """,
    "a lambda handed to a module": """
        import equinox as eqx
        from collections.abc import Callable
        class Block(eqx.Module):
            weight: jax.Array
            act: Callable = eqx.field(static=True)
        @eqx.filter_jit
        def forward(block, x):
            return block.act(block.weight * x).sum()
        def restart(seed):
            return Block(jax.random.normal(jax.random.key(seed), (4,)), act=lambda v: jax.nn.softplus(v) - 0.7)
        for seed in range(4):
            forward(restart(seed), jnp.ones(4))
        """,
    "an equinox module's lambda": """
        import equinox as eqx
        from typing import Callable
        class Net(eqx.Module):
            w: jax.Array
            act: Callable
            def __init__(self, key):
                self.w = jax.random.normal(key, (2,))
                self.act = lambda x: x * 2
        @eqx.filter_jit
        def loss(net, x):
            return net.act(net.w * x).sum()
        for seed in range(5):
            loss(Net(jax.random.key(seed)), jnp.ones(2))
        """,
}


@pytest.mark.parametrize("source", FAULTS.values(), ids=FAULTS)
def test_it_is_certain_of(source):
    found = findings_in("identity-hashed-static", source)
    assert len(found) == 1, said(found)
    assert found[0].confidence >= 0.8, said(found)


def test_it_follows_an_object_from_another_module():
    found = findings_in(
        "identity-hashed-static",
        {
            "grids.py": "class Grid:\n    def __init__(self, n):\n        self.n = n\n",
            "core.py": "import functools, jax\n\n@functools.partial(jax.jit, static_argnames='grid')\n"
            "def solve(x, grid):\n    return x * grid.n\n",
            "main.py": "import jax.numpy as jnp\nimport grids\nfrom core import solve\n\n"
            "for n in range(4):\n    solve(jnp.ones(3), grids.Grid(8))\n",
        },
    )
    assert [(one.facts["parameter"], one.confidence >= 0.8) for one in found] == [("grid", True)], said(found)


FINE = {
    "a function handed to a module": """
        import equinox as eqx
        from collections.abc import Callable
        class Block(eqx.Module):
            weight: jax.Array
            act: Callable = eqx.field(static=True)
        @eqx.filter_jit
        def forward(block, x):
            return block.act(block.weight * x).sum()
        def shifted(v):
            return jax.nn.softplus(v) - 0.7
        for seed in range(4):
            forward(Block(jnp.full(4, seed), act=shifted), jnp.ones(4))
        """,
    "made before the loop": STEP
    + """
        def loss(w, scale):
            return scale * jnp.sum(w**2)
        def fit(w):
            objective = functools.partial(loss, scale=2.0)
            for _ in range(10):
                w = step(objective, w)
            return w
        fit(jnp.ones(3))
        """,
    "a module-level function": STEP
    + """
        def loss(w):
            return jnp.sum(w**2)
        w = jnp.ones(3)
        for _ in range(10):
            w = step(loss, w)
        """,
    "a frozen dataclass": """
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Config:
            width: int
        @functools.partial(jax.jit, static_argnames="config")
        def run(x, config):
            return x * config.width
        for _ in range(3):
            run(jnp.ones(3), Config(3))
        """,
    "both methods": """
        class Config:
            def __eq__(self, other):
                return True
            def __hash__(self):
                return 1
        @functools.partial(jax.jit, static_argnames="config")
        def run(x, config):
            return x
        for _ in range(3):
            run(jnp.ones(3), Config())
        """,
    "a method of one object": STEP
    + """
        class Problem:
            def loss(self, w):
                return jnp.sum(w**2)
        problem = Problem()
        w = jnp.ones(3)
        for _ in range(10):
            w = step(problem.loss, w)
        """,
    "a linen module": """
        import flax.linen as nn
        class Net(nn.Module):
            width: int
        @functools.partial(jax.jit, static_argnames="net")
        def run(x, net):
            return x
        for _ in range(3):
            run(jnp.ones(3), Net(3))
        """,
    "an nnx module made once": """
        from flax import nnx
        class Net(nnx.Module):
            def __init__(self, rngs):
                self.act = lambda x: x * 2
        @nnx.jit
        def loss(net, x):
            return net.act(x).sum()
        net = Net(nnx.Rngs(0))
        for seed in range(5):
            loss(net, jnp.ones((1, 2)))
        """,
    "a module-level activation": """
        from flax import nnx
        class Net(nnx.Module):
            def __init__(self, rngs):
                self.act = nnx.relu
        @nnx.jit
        def loss(net, x):
            return net.act(x).sum()
        for seed in range(5):
            loss(Net(nnx.Rngs(seed)), jnp.ones((1, 2)))
        """,
    "a string": """
        @functools.partial(jax.jit, static_argnames="mode")
        def run(x, mode):
            return x
        for _ in range(3):
            run(jnp.ones(3), "same")
        """,
}


@pytest.mark.parametrize("source", FINE.values(), ids=FINE)
def test_it_says_nothing_of(source):
    assert not said(findings_in("identity-hashed-static", source))
