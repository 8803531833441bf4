"""A project's own spellings of `jit`, with the options that stand where they are applied."""

import pytest

from jaxaudit.source.sites import calls_of, jit_sites
from programs import program_of

SPELLINGS = {
    "a decorator": ("""
        def fast(fn):
            return jax.jit(fn, static_argnums=(1,))
        @fast
        """),
    "a decorator that keeps the name": ("""
        def fast(fn):
            return functools.wraps(fn)(jax.jit(fn, static_argnames="n"))
        @fast
        """),
    "a factory of partials": ("""
        def compiled(*names):
            return functools.partial(jax.jit, static_argnames=names)
        @compiled("n")
        """),
    "a factory that hands its options on": ("""
        def compiled(**options):
            return functools.partial(jax.jit, **options)
        @compiled(static_argnames=("n",))
        """),
    "a nested decorator": ("""
        def compiled(**options):
            def decorate(fn):
                return jax.jit(fn, **options)
            return decorate
        @compiled(static_argnames=("n",))
        """),
    "options in a dict": ("""
        def compiled(options):
            return lambda fn: jax.jit(fn, **options)
        @compiled(dict(static_argnames="n"))
        """),
    "with and without brackets": ("""
        def compiled(fn=None, *, static=()):
            if fn is None:
                return functools.partial(compiled, static=static)
            return jax.jit(fn, static_argnames=static)
        @compiled
        def other(x):
            return x
        @compiled(static=["n"])
        """),
    "by partial": ("""
        def compiled(fn, static=()):
            return jax.jit(fn, static_argnames=static)
        @functools.partial(compiled, static=("n",))
        """),
    "a wrapper that hands all on": ("""
        def compiled(*names):
            def decorate(fn):
                jitted = jax.jit(fn, static_argnames=names)
                @functools.wraps(fn)
                def inner(*args, **kwargs):
                    return jitted(*args, **kwargs)
                return inner
            return decorate
        @compiled("n")
        """),
    "more than jit": ("""
        def batched(fn):
            return jax.jit(jax.vmap(fn, in_axes=(0, None)), static_argnums=1)
        @batched
        """),
}  # fmt: skip
USED = """
        def power(x, n):
            return x ** n
        power(jnp.ones(3), 2)
        """


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_it_is_the_jit_of_what_it_is_applied_to(spelling):
    program = program_of(spelling.rstrip() + USED)
    (site,) = [one for one in jit_sites(program) if one.function.name == "power"]
    assert site.static == {"n"}
    assert site.flow.function.is_module
    assert len(calls_of(program, site)) == 1


def test_options_of_one_function_are_not_those_of_another():
    program = program_of("""
        def compiled(*names):
            def decorate(fn):
                return jax.jit(fn, static_argnames=names)
            return decorate
        @compiled("n")
        def power(x, n):
            return x ** n
        @compiled("k")
        def root(x, k):
            return x ** (1 / k)
        """)
    assert {s.function.name: set(s.static) for s in jit_sites(program)} == {"power": {"n"}, "root": {"k"}}


def test_it_is_found_from_a_file_that_does_not_name_jax():
    program = program_of({
        "lib/__init__.py": "from .compiled import jitted\n",
        "lib/compiled.py": "import jax\ndef jitted(fn):\n    return jax.jit(fn)\n",
        "main.py": "from lib import jitted\n@jitted\ndef f(x):\n    return x\n",
    })  # fmt: skip
    assert [s.function.name for s in jit_sites(program)] == ["f"]


def test_a_decorator_that_may_leave_the_function_as_it_is_decides_nothing():
    program = program_of("""
        def maybe(fn):
            if DEBUG:
                return fn
            return jax.jit(fn)
        @maybe
        def f(x):
            return x
        """)
    assert not [s for s in jit_sites(program) if s.flow.function.is_module]
