"""static-mismatch: realistic faults in the spellings people use, and what only looks like one."""

import pytest

from rules.static.findings_in import findings_in, said

FAULTS = {
    "a name of nothing": """
        @functools.partial(jax.jit, static_argnames=("n_step",))
        def f(x, n_steps):
            return x
        """,
    "names in one string": """
        @functools.partial(jax.jit, static_argnames="n,m")
        def f(x, n, m):
            return x
        """,
    "a renamed parameter": """
        def f(x, num_layers):
            return x
        g = jax.jit(f, static_argnames="depth")
        """,
    "too far": """
        @functools.partial(jax.jit, static_argnums=(2,))
        def f(x, n):
            return x
        """,
    "too far from the end": """
        g = jax.jit(lambda x, n: x, static_argnums=-3)
        """,
    "keyword-only": """
        @functools.partial(jax.jit, static_argnums=1)
        def f(x, *, n):
            return x
        """,
    "a bound method": """
        class Model:
            def __init__(self):
                self.step = jax.jit(self._step, static_argnums=2)
            def _step(self, x, n):
                return x
        """,
    "a partial": """
        def f(config, x, n):
            return x
        g = jax.jit(functools.partial(f, 3), static_argnums=2)
        """,
    "a partial that bound the name": """
        def f(config, x, n):
            return x
        g = jax.jit(functools.partial(f, 3), static_argnames=("config",))
        """,
    "donated too far": """
        @functools.partial(jax.jit, donate_argnums=(0, 3))
        def f(state, batch):
            return state
        """,
    "donated by a wrong name": """
        @functools.partial(jax.jit, donate_argnames="opt_states")
        def f(opt_state, batch):
            return opt_state
        """,
    "static and donated": """
        @functools.partial(jax.jit, static_argnums=(1,), donate_argnums=(0, 1))
        def f(state, n):
            return state
        """,
    "static and donated by name": """
        @functools.partial(jax.jit, static_argnames="n", donate_argnames=("state", "n"))
        def f(state, n):
            return state
        """,
    "self is counted": """
        import equinox as eqx
        class Model(eqx.Module):
            w: jax.Array
            @functools.partial(jax.jit, static_argnums=(1,))
            def step(self, x, n: int):
                return x + jnp.zeros(n)
        Model(jnp.ones(3)).step(jnp.ones(3), 3)
        """,
    "names beside numbers": """
        @functools.partial(jax.jit, static_argnums=(1,), static_argnames=("m",))
        def f(x, n, m):
            return x
        f(1.0, 2, 3)
        """,
    "a module constant": """
        STATIC = ("n", "mode")
        @functools.partial(jax.jit, static_argnames=STATIC)
        def f(x, n):
            return x
        """,
    "jit around vmap": """
        def f(x, n):
            return x
        g = jax.jit(jax.vmap(f, in_axes=(0, None)), static_argnums=2)
        """,
}


@pytest.mark.parametrize("source", FAULTS.values(), ids=FAULTS)
def test_it_is_certain_of(source):
    found = findings_in("static-mismatch", source)
    assert len(found) == 1, said(found)
    assert found[0].confidence >= 0.8, said(found)


def test_it_reads_the_signature_in_another_module():
    found = findings_in(
        "static-mismatch",
        {
            "core.py": "def fit(x, n_bins):\n    return x\n",
            "main.py": "import jax\nfrom core import fit\n\nfast = jax.jit(fit, static_argnames='bins')\n",
        },
    )
    assert [(one.facts["name"], one.confidence >= 0.8) for one in found] == [("bins", True)], said(found)
    assert "core.py" in found[0].notes[0].place.path


FINE = {
    "right names": """
        @functools.partial(jax.jit, static_argnames=("n", "m"), donate_argnums=0)
        def f(x, n, *, m):
            return x
        """,
    "any arguments": """
        @functools.partial(jax.jit, static_argnums=5)
        def f(*args):
            return args[0]
        @functools.partial(jax.jit, static_argnames="n")
        def g(x, **options):
            return x
        """,
    "from the end": """
        g = jax.jit(lambda x, n: x, static_argnums=-1)
        """,
    "self static": """
        class Model:
            @functools.partial(jax.jit, static_argnums=(0, 2))
            def step(self, x, n):
                return x
        """,
    "a bound method, counted without self": """
        class Model:
            def __init__(self):
                self.step = jax.jit(self._step, static_argnums=1)
            def _step(self, x, n):
                return x
        """,
    "a partial by keyword": """
        def f(x, n, m):
            return x
        g = jax.jit(functools.partial(f, m=3), static_argnames="n")
        """,
    "numbers and the same names": """
        @functools.partial(jax.jit, static_argnums=(1,), static_argnames=("n",))
        def f(x, n):
            return x
        """,
}


@pytest.mark.parametrize("source", FINE.values(), ids=FINE)
def test_it_says_nothing_of(source):
    assert not said(findings_in("static-mismatch", source))


def test_a_wrapper_of_unknown_signature_leaves_a_suspicion():
    found = findings_in(
        "static-mismatch",
        """
        def logged(f):
            def inner(*args, **kwargs):
                return f(*args, **kwargs)
            return inner
        @functools.partial(jax.jit, static_argnames="verbose")
        @logged
        def f(x):
            return x
        """,
    )
    assert all(one.confidence < 0.8 for one in found), said(found)
