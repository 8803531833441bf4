"""An error that only callers out of sight could confirm is a suspicion; where the project runs the code it is told."""

import pytest

from jaxaudit.rules import load_rules
from programs import program_of

LIBRARIES = {
    "a branch in a helper that a class picks": ("branch-on-tracer", """
        class Solver:
            def __init__(self, check):
                self.check = check
            def run(self, x):
                return jax.jit(self.step)(x)
            def step(self, x):
                if self.check:
                    return verify(jnp.abs(x))
                return x
        def verify(norm):
            assert norm < 1.0
            return norm
        """, "Solver(True).run(jnp.ones(()))"),
    "a dtype that a caller hands along": ("unhashable-static", """
        @functools.partial(jax.jit, static_argnames="sizes")
        def build(x, sizes):
            return [jnp.ones(n) * x for n in sizes]
        def layers(x, sizes):
            return build(x, sizes)
        def small(x):
            return layers(x, [3, 4])
        """, "small(1.0)"),
    "a number of turns behind an option": ("traced-static", """
        @functools.partial(jax.jit, static_argnames="n")
        def inner(x, n):
            return x + jnp.zeros(n)
        def pick(x, k, how):
            if how == "all":
                return x
            return inner(x, k)
        def outer(x, n):
            return pick(x, n, "some")
        fast = jax.jit(outer)
        """, "fast(1.0, 3)"),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "library", "script"), LIBRARIES.values(), ids=LIBRARIES)
def test_a_library_is_doubted_and_a_script_is_not(rule, library, script):
    doubted = list(load_rules()[rule].match(program_of(library)))
    assert doubted, "nothing is said of the library"
    assert all(f.confidence < 0.8 for f in doubted), doubted
    told = list(load_rules()[rule].match(program_of(library + script)))
    assert any(f.confidence >= 0.8 for f in told), told
