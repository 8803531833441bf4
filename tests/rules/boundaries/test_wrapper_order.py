"""Wrappers under and above jit."""

import pytest

from rules.programs_of_rules import found, lines

TIMER = """
import time
def timed(label):
    def decorate(f):
        @functools.wraps(f)
        def wrapper(*args):
            began = time.time()
            out = f(*args)
            print(label, time.time() - began)
            return out
        return wrapper
    return decorate
"""
COUNTER = """
class Counted:
    def __init__(self, f):
        self.f, self.n = f, 0
    def __call__(self, *args):
        self.n += 1
        return self.f(*args)
"""
MEMO = """
def memo(f):
    cache = {}
    def inner(x):
        if x not in cache:
            cache[x] = f(x)
        return cache[x]
    return inner
"""
F = "def f(x):\n    return x\n"
FAULTS = {
    "timer by a factory": f"{TIMER}@partial(jax.jit, static_argnums=1)\n@timed('f')\ndef f(x, n):\n    return x\n",
    "counter by a class": f"{COUNTER}@jax.jit\n@Counted\n{F}",
    "memo": f"{MEMO}@jax.jit\n@memo\n{F}",
    "cache under jit, by a call": f"{F}g = jax.jit(functools.lru_cache(f))\n",
    "cache above jit": f"@functools.lru_cache(maxsize=None)\n@jax.jit\n{F}y = f(jnp.ones(3))\n",
    "trace limit above jit": f"import chex\n@chex.assert_max_traces(n=1)\n@jax.jit\n{F}",
    "custom rule under jit": f"@jax.jit\n@jax.custom_vjp\n{F}f.defvjp(lambda x: (x, None), lambda r, g: (g,))\n",
    "property under jit": "class A:\n    @jax.jit\n    @property\n    def p(self):\n        return 1\n",
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_it_names_the_wrapper(name):
    assert len(found("wrapper-order", FAULTS[name], at_least=0.8)) == 1


ALLOWED = {
    "vmap under jit": f"@jax.jit\n@jax.vmap\n{F}",
    "checkpoint under jit": f"@jax.jit\n@jax.checkpoint\n{F}",
    "timer above jit": f"{TIMER}@timed('f')\n@jax.jit\n{F}",
    "trace limit under jit": f"import chex\n@jax.jit\n@chex.assert_max_traces(n=1)\n{F}",
    "property above jit": "class A:\n    @property\n    @jax.jit\n    def p(self):\n        return 1\n",
    "a property that gives a function": """
        class A:
            @property
            def field(self):
                return lambda x: x
            def run(self, x):
                return jax.jit(jax.vmap(self.field))(x)
        """,
    "an optimiser in the wrapper": """
        def updater(loss, optimiser):
            gradient = jax.grad(loss)
            def step(w, s):
                return optimiser.update(gradient(w), s)
            return step
        def f(x):
            return x
        step = jax.jit(updater(f, None))
        """,
    "a cache of jitted functions": """
        import inspect
        from functools import wraps
        def jit_by_options(fun):
            made = {}
            @wraps(fun)
            def wrapper(*args):
                key = frozenset(name for name in inspect.signature(fun).parameters)
                if key not in made:
                    made[key] = jax.jit(fun)
                return made[key](*args)
            return wrapper
        @jit_by_options
        def f(x):
            return x
        g = jax.jit(jax.vmap(f))
        y = g(jnp.ones(3))
        """,
}


@pytest.mark.parametrize("name", ALLOWED)
def test_it_is_silent(name):
    assert not [one.message for one in found("wrapper-order", ALLOWED[name])]


def test_vmap_above_jit_is_a_suspicion():
    [one] = found("wrapper-order", f"@jax.vmap\n@jax.jit\n{F}for _ in range(9):\n    y = f(jnp.ones(3))\n")
    assert one.confidence < 0.8


def test_the_decorated_function_is_named():
    [one] = found("wrapper-order", FAULTS["counter by a class"])
    assert one.place.function == "f"
    assert lines([one]) == [9]
