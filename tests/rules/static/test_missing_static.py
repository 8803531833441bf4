"""missing-static: realistic faults in the spellings people use, and what only looks like one."""

import pytest

from rules.static.findings_in import findings_in, said

FAULTS = {
    "a decorated function's size": """
        @jax.jit
        def f(x, n):
            return jnp.zeros(n) + x
        f(1.0, 3)
        """,
    "jit called on a function": """
        def f(x, n):
            return x.reshape(n, -1)
        g = jax.jit(f)
        g(jnp.ones(6), 2)
        """,
    "jit imported by name": """
        from jax import jit as compiled
        @compiled
        def f(x, n):
            return jnp.arange(n) * x
        f(2.0, 3)
        """,
    "a partial of jit that names another argument": """
        @functools.partial(jax.jit, static_argnames=("m",))
        def f(x, n, m):
            return jnp.ones((n, m)) * x
        f(2.0, 3, 4)
        """,
    "a range": """
        @jax.jit
        def f(x, n):
            for _ in range(n):
                x = x * 2
            return x
        f(2.0, 3)
        """,
    "a slice bound": """
        @jax.jit
        def f(x, n):
            return x[:n].sum()
        f(jnp.ones(4), 3)
        """,
    "a slice bound in two dimensions, by arithmetic": """
        @jax.jit
        def f(x, n):
            half = n // 2
            return x[:, : half + 1]
        f(jnp.ones((4, 4)), 3)
        """,
    "an axis": """
        @jax.jit
        def f(x, axis):
            return jnp.sum(x, axis=axis)
        f(jnp.ones((2, 2)), 1)
        """,
    "an axis of a method": """
        @jax.jit
        def f(x, axis):
            return x.mean(axis)
        f(jnp.ones((2, 2)), 1)
        """,
    "a flag": """
        @jax.jit
        def f(x, train):
            if train:
                return x * 2
            return x
        f(jnp.ones(3), True)
        """,
    "a flag with a default that callers override": """
        @jax.jit
        def f(x, normalise=False):
            y = x / x.sum() if normalise else x
            return y
        f(jnp.ones(3), normalise=True)
        """,
    "a mode": """
        @jax.jit
        def f(x, mode):
            return x if mode == "same" else x[1:]
        f(jnp.ones(3), "same")
        """,
    "a function": """
        @jax.jit
        def f(x, activation):
            return activation(x)
        f(jnp.ones(3), jnp.tanh)
        """,
    "a helper needs it": """
        def window(n):
            return jnp.hanning(n)
        @jax.jit
        def f(x, n):
            return x * window(n)
        f(2.0, 8)
        """,
    "a method of a pytree": """
        import equinox as eqx
        class Model(eqx.Module):
            w: jax.Array
            @jax.jit
            def draw(self, key, n):
                return jax.random.normal(key, (n,)) * self.w
        Model(jnp.ones(())).draw(jax.random.key(0), 4)
        """,
    "a nested function": """
        def run(steps):
            @jax.jit
            def inner(x, n):
                return jnp.linspace(0.0, x, n)
            return inner(1.0, steps)
        run(5)
        """,
    "a closure inside": """
        @jax.jit
        def f(x, n):
            def body(carry, _):
                return carry + jnp.ones(n), None
            return lax.scan(body, jnp.ones(3) * x, None, length=2)[0]
        f(1.0, 3)
        """,
    "the length of a scan": """
        @jax.jit
        def f(x, n_steps):
            return lax.scan(lambda c, _: (c * 2, None), x, None, length=n_steps)[0]
        f(1.0, 3)
        """,
    "top_k": """
        @jax.jit
        def f(scores, k):
            return lax.top_k(scores, k)[0]
        f(jnp.ones(9), 3)
        """,
    "one_hot": """
        @jax.jit
        def f(labels, num_classes):
            return jax.nn.one_hot(labels, num_classes)
        f(jnp.zeros(3, int), 3)
        """,
    "segments": """
        @jax.jit
        def f(x, ids, n_groups):
            return jax.ops.segment_sum(x, ids, num_segments=n_groups)
        f(jnp.ones(3), jnp.zeros(3, int), 2)
        """,
    "a list picked from": """
        @jax.jit
        def f(x, which):
            return [jnp.sin, jnp.cos][which](x)
        f(jnp.ones(3), 1)
        """,
    "vmap over a size": """
        def f(n):
            return jnp.arange(n).sum()
        jax.vmap(f)(jnp.arange(1, 4))
        """,
    "the counter of a fori_loop": """
        def f(x):
            def body(i, acc):
                return acc + x[:i].sum()
            return lax.fori_loop(0, 3, body, 0.0)
        f(jnp.ones(3))
        """,
    "nobody calls it, and it has no default": """
        @jax.jit
        def f(x, n):
            return jnp.zeros(n) + x
        """,
    "a while loop over a counter": """
        @jax.jit
        def f(x, n: int):
            i = 0
            while i < n:
                x = x + 1
                i += 1
            return x
        f(jnp.ones(3), 4)
        """,
    "a string of another module's enum of modes": """
        MODE = "valid"
        @jax.jit
        def f(x, mode):
            return jnp.convolve(x, x, mode=mode)
        f(jnp.ones(3), MODE)
        """,
    "Python's own arithmetic": """
        import math
        @jax.jit
        def attend(q, dim):
            return q / math.sqrt(dim)
        attend(jnp.ones(3), 64)
        """,
    "a plain object": """
        class Config:
            def __init__(self, width):
                self.width = width
        @jax.jit
        def f(x, config):
            return x * config.width
        f(jnp.ones(3), Config(3))
        """,
    "checkpoint": """
        def block(x, n):
            return x + jnp.ones(n)
        def loss(x):
            return jax.checkpoint(block)(x, 3).sum()
        jax.grad(loss)(jnp.ones(3))
        """,
    "pmap": """
        @jax.pmap
        def f(x, n):
            return jnp.zeros(n) + x
        f(jnp.ones(1), 3)
        """,
}


@pytest.mark.parametrize("source", FAULTS.values(), ids=FAULTS)
def test_it_is_certain_of(source):
    found = findings_in("missing-static", source)
    assert len(found) == 1, said(found)
    assert found[0].confidence >= 0.8, said(found)


def test_it_follows_a_function_into_another_module():
    found = findings_in(
        "missing-static",
        {
            "pkg/__init__.py": "from pkg.core import histogram\n",
            "pkg/core.py": "import jax.numpy as jnp\n\ndef histogram(x, bins):\n    return jnp.zeros(bins) + x\n",
            "main.py": "import jax\nimport pkg\n\nfast = jax.jit(pkg.histogram)\nfast(1.0, 3)\n",
        },
    )
    assert [(one.place.function, one.facts["parameter"]) for one in found] == [("histogram", "bins")]
    assert "pkg/core.py" in found[0].place.path
    assert any("main.py" in note.place.path for note in found[0].notes)


FINE = {
    "classes that a helper registers": """
        from dataclasses import dataclass, fields
        def register(cls, *, meta=()):
            names = [f.name for f in fields(cls) if f.name not in meta]
            return jax.tree_util.register_dataclass(cls, data_fields=names, meta_fields=list(meta))
        @dataclass(frozen=True)
        class State:
            x: jax.Array
        @dataclass(frozen=True)
        class Carry:
            state: State
        @dataclass(frozen=True)
        class Other:
            x: jax.Array
        for one in (State, Carry):
            register(one)
        register(Other)
        @jax.jit
        def step(carry, other):
            return carry.state.x + other.x
        step(Carry(State(jnp.ones(3))), Other(jnp.ones(3)))
        """,
    "static already": """
        @functools.partial(jax.jit, static_argnames="n")
        def f(x, n):
            return jnp.zeros(n) + x
        f(1.0, 3)
        """,
    "static by number": """
        def f(x, n):
            return jnp.zeros(n) + x
        g = jax.jit(f, static_argnums=(1,))
        g(1.0, 3)
        """,
    "a default that nobody overrides": """
        @jax.jit
        def f(x, n=3):
            return jnp.zeros(n) + x
        f(1.0)
        """,
    "a shape of an argument": """
        @jax.jit
        def f(x):
            n, m = x.shape
            return jnp.zeros((m, n)) + len(x)
        f(jnp.ones((2, 3)))
        """,
    "None and isinstance": """
        @jax.jit
        def f(x, mask=None, n=1):
            if mask is not None:
                x = x * mask
            if isinstance(n, int):
                return x + jnp.zeros(n)
            return x
        f(jnp.ones(3), jnp.ones(3), 2)
        """,
    "a traced index and a traced bound": """
        @jax.jit
        def f(x, i, n):
            return lax.fori_loop(0, n, lambda k, c: c + x[i], 0.0) + jnp.roll(x, i)
        f(jnp.ones(3), 1, 2)
        """,
    "filter_jit holds Python values static": """
        import equinox as eqx
        @eqx.filter_jit
        def f(x, n):
            return jnp.zeros(n) + x
        f(1.0, 3)
        """,
    "bound by partial before": """
        def f(n, x):
            return jnp.zeros(n) + x
        g = jax.jit(functools.partial(f, 3))
        g(1.0)
        """,
    "vmap with None": """
        def f(x, n):
            return jnp.zeros(n) + x
        jax.vmap(f, in_axes=(0, None))(jnp.ones(2), 3)
        """,
    "a helper called with a literal": """
        def pad(x, n):
            return jnp.concatenate([x, jnp.zeros(n)])
        @jax.jit
        def f(x):
            return pad(x, 3)
        f(jnp.ones(3))
        """,
    "grad alone hands the value through": """
        def f(x, n):
            return jnp.sum(jnp.zeros(n) + x)
        jax.grad(f)(1.0, 3)
        """,
    "a pytree's static field": """
        import equinox as eqx
        class Grid(eqx.Module):
            h: jax.Array
            n: int = eqx.field(static=True)
        @jax.jit
        def f(grid):
            return jnp.zeros(grid.n) * grid.h
        f(Grid(jnp.ones(()), 3))
        """,
    "a branch on an array is another rule's": """
        @jax.jit
        def f(x):
            if x.sum() > 0:
                return x
            return -x
        f(jnp.ones(3))
        """,
    "an update by a method": """
        @jax.jit
        def f(x, i, y):
            return x.at[i].min(y)
        f(jnp.ones(3), 0, 2)
        """,
    "a truthy tuple": """
        @jax.jit
        def f(x, extras):
            for extra in extras:
                x = x + extra
            return x
        f(jnp.ones(3), (1.0, 2.0))
        """,
}


@pytest.mark.parametrize("source", FINE.values(), ids=FINE)
def test_it_says_nothing_of(source):
    assert not said(findings_in("missing-static", source))


def test_a_default_that_may_be_overridden_is_a_suspicion():
    found = findings_in("missing-static", "@jax.jit\ndef f(x, n=3):\n    return jnp.zeros(n) + x\n")
    assert [one.confidence < 0.8 for one in found] == [True], said(found)


def test_the_message_names_parameter_function_and_use():
    found = findings_in("missing-static", FAULTS["a decorated function's size"])
    assert found[0].message == ("`n` of `f` decides a shape, but `jit` makes it a tracer: tracing it raises an error")
    assert [note.text for note in found[0].notes] == ["`n` comes in here", "`3` is handed in here", "`jit` traces it"]
