"""traced-static: realistic faults in the spellings people use, and what only looks like one."""

import pytest

from rules.static.findings_in import findings_in, said

INNER = """
        @functools.partial(jax.jit, static_argnames="n")
        def inner(x, n):
            return jnp.zeros(n).sum() + x
"""

FAULTS = {
    "an outer jit": INNER
    + """
        @jax.jit
        def outer(x, n):
            return inner(x, n) * 2
        """,
    "an outer jit, by keyword and arithmetic": INNER
    + """
        @jax.jit
        def outer(x, n):
            return inner(x, n=2 * n) * 2
        """,
    "an outer jit of a helper between": INNER
    + """
        def helper(x, k):
            return inner(x, k)
        def outer(x, n):
            return helper(x, n)
        fast = jax.jit(outer)
        """,
    "vmap of the jitted": INNER
    + """
        ys = jax.vmap(inner)(jnp.ones(3), jnp.arange(3))
        """,
    "vmap of a lambda": INNER
    + """
        ys = jax.vmap(lambda k: inner(1.0, k))(jnp.arange(3))
        """,
    "grad by the static argument": """
        @functools.partial(jax.jit, static_argnums=1)
        def density(x, slope):
            return jnp.sum(x**slope)
        g = jax.grad(density, argnums=1)
        """,
    "jit of grad": """
        def loss(w, penalty):
            return jnp.sum(w**2) * penalty
        jitted = jax.jit(loss, static_argnums=1)
        step = jax.jit(jax.grad(jitted))
        """,
    "jacfwd of a lambda": """
        @functools.partial(jax.jit, static_argnames=("slope",))
        def density(x, slope):
            return x**slope
        d = jax.jacfwd(lambda s: density(2.0, s))(1.0)
        """,
    "a scan's carry": INNER
    + """
        def body(carry, k):
            return inner(carry, k), None
        out, _ = lax.scan(body, 0.0, jnp.arange(3))
        """,
    "a fori_loop's counter": INNER
    + """
        out = lax.fori_loop(0, 3, lambda i, c: inner(c, i), 0.0)
        """,
    "a value made under the trace": """
        @functools.partial(jax.jit, static_argnames="width")
        def smooth(x, width):
            return x / width
        @jax.jit
        def outer(x):
            return smooth(x, jnp.sqrt(2.0))
        """,
    "a method under an outer jit": """
        class Model:
            @functools.partial(jax.jit, static_argnums=(0, 2))
            def step(self, x, dt):
                return x + dt
        model = Model()
        @jax.jit
        def run(x, dt):
            return model.step(x, dt)
        """,
    "value_and_grad over both": """
        @functools.partial(jax.jit, static_argnames=("reg",))
        def loss(w, reg):
            return jnp.sum(w**2) * reg
        vg = jax.value_and_grad(loss, argnums=(0, 1))
        """,
}


@pytest.mark.parametrize("source", FAULTS.values(), ids=FAULTS)
def test_it_is_certain_of(source):
    found = findings_in("traced-static", source)
    assert len(found) == 1, said(found)
    assert found[0].confidence >= 0.8, said(found)


def test_the_outer_jit_may_stand_in_another_module():
    found = findings_in(
        "traced-static",
        {
            "halo.py": "from functools import partial\nimport jax\n\n@partial(jax.jit, static_argnames=('slope',))\n"
            "def density(x, slope):\n    return x ** slope\n",
            "sensitivity.py": "import jax\nfrom halo import density\n\nd = jax.jacfwd(lambda s: density(2.0, s))(1.0)\n",
        },
    )
    assert [one.facts["transformation"] for one in found] == ["jacfwd"], said(found)
    assert "sensitivity.py" in found[0].place.path
    assert "halo.py" in found[0].notes[0].place.path


FINE = {
    "behind a star of unknown length": INNER
    + """
        @jax.jit
        def outer(x, n=3):
            return jax.lax.map(lambda a: inner(*a, n), (x, x))
        """,
    "static all the way": INNER
    + """
        @functools.partial(jax.jit, static_argnums=1)
        def outer(x, n):
            return inner(x, n)
        """,
    "a literal": INNER
    + """
        @jax.jit
        def outer(x):
            return inner(x, 3)
        """,
    "a shape": INNER
    + """
        @jax.jit
        def outer(x):
            return inner(x.sum(), x.shape[0]) + inner(x.sum(), len(x))
        """,
    "in_axes None": INNER
    + """
        ys = jax.vmap(inner, in_axes=(0, None))(jnp.ones(3), 4)
        """,
    "grad over another": INNER
    + """
        g = jax.grad(inner)(1.0, 3)
        """,
    "a closure over a plain value": INNER
    + """
        def make(n):
            @jax.jit
            def outer(x):
                return inner(x, n)
            return outer
        make(3)
        """,
    "a static field": INNER
    + """
        import equinox as eqx
        class Grid(eqx.Module):
            h: jax.Array
            n: int = eqx.field(static=True)
        @jax.jit
        def outer(grid):
            return inner(grid.h, grid.n)
        """,
    "static outside too, by number": """
        def loss(w, penalty):
            return jnp.sum(w**2) * penalty
        jitted = jax.jit(loss, static_argnums=1)
        step = jax.jit(jax.grad(jitted), static_argnums=1)
        """,
    "vjp with fewer operands": """
        @functools.partial(jax.jit, static_argnames="eps")
        def norm(x, weight, eps=1e-5):
            return x * weight / jnp.sqrt(jnp.sum(x**2) + eps)
        out, pull = jax.vjp(norm, jnp.ones(3), jnp.ones(3))
        """,
    "a default left alone": """
        @functools.partial(jax.jit, static_argnames="n")
        def inner(x, n=3):
            return jnp.zeros(n).sum() + x
        step = jax.jit(jax.grad(inner))
        step(1.0)
        """,
}


@pytest.mark.parametrize("source", FINE.values(), ids=FINE)
def test_it_says_nothing_of(source):
    assert not said(findings_in("traced-static", source))
