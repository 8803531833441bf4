"""Calls that hand on `*args` and `**kwargs` are calls of what they hand them to."""

import pytest

from jaxaudit.source import numbers
from programs import function, program_of

WAYS = {
    "positions": "def run(*args):\n    return step(*args)\nrun(1.0, 7)",
    "names": "def run(x, **options):\n    return step(x, **options)\nrun(1.0, n=7)",
    "a name in front": "def run(name, x, *rest, **options):\n    return step(x, *rest, **options)\nrun('a', 1.0, 7)",
    "the function too": "def run(f, *args, **kwargs):\n    return f(*args, **kwargs)\nrun(step, 1.0, n=7)",
    "twice": "def a(*args):\n    return step(*args)\ndef b(*args):\n    return a(*args)\nb(1.0, 7)",
    "a method": """
class Model:
    def __init__(self):
        self.compiled = jax.jit(step)
    def __call__(self, *args, **kwargs):
        return self.compiled(*args, **kwargs)
model = Model()
model(1.0, n=7)""",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_is_handed_on_arrives(way):
    program = program_of("@jax.jit\ndef step(x, n):\n    return x * n\n" + way + "\n")
    step = function(program, "step")
    found = [numbers.numbers(program, value) for _, value in program.graph.sources(step, "n")]
    assert [7] in found


def test_a_call_of_a_decorators_function_is_not_taken_for_every_function_it_decorates():
    program = program_of("""
        def logged(fn):
            def wrapper(*args):
                return fn(*args)
            return wrapper
        @logged
        @jax.jit
        def one(x, n):
            return x
        @logged
        @jax.jit
        def two(x, n):
            return x
        one(1.0, 7)
        """)
    found = [numbers.numbers(program, value) for _, value in program.graph.sources(function(program, "two"), "n")]
    assert [7] not in found


def test_functions_that_hand_on_to_each_other_in_a_circle_come_to_an_end():
    names = [f"show_{number}" for number in range(14)]
    text = "".join(
        f"def {name}(x, **options):\n    return [" + ", ".join(f"{other}(x, **options)" for other in names) + "]\n"
        for name in names
    )
    program = program_of(text + "top = jax.jit(lambda x: show_0(x, width=80) + show_3(x, width=70))\ntop(1.0)\n")
    program.graph.sources(function(program, "show_5"), "x")
    made = sum(len(calls) for calls in program.graph.edges.values())
    assert 14 * 14 < made < 40_000


DECORATORS = {
    "plain": "def logged(fn):\n    def wrapper(*args, **kwargs):\n        return fn(*args, **kwargs)\n    return wrapper\n",
    "that keeps the name": """
def logged(fn):
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        return fn(*args, **kwargs)
    return wrapper
""",
    "made by a call": """
def called(unit):
    def wrap(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            return function(*args, **kwargs)
        inner.unit = unit
        return inner
    return wrap
logged = called("m")
""",
}


@pytest.mark.parametrize("decorator", DECORATORS.values(), ids=DECORATORS)
def test_what_a_decorator_only_hands_on_to_is_what_is_called(decorator):
    program = program_of(
        "import functools\n" + decorator + "@logged\n@jax.jit\ndef one(x, n):\n    return x * n\n"
        "@logged\n@jax.jit\ndef two(x, n):\n    return x * n\none(1.0, 7)\ntwo(1.0, 8)\njax.vmap(one)(xs, ns)\n"
    )
    one = function(program, "one")
    found = [numbers.numbers(program, value) for _, value in program.graph.sources(one, "n")]
    assert [7] in found and [8] not in found
    assert [handed.use.short for handed in program.graph.handovers(one) if handed.use] == ["jit", "vmap"]


def test_a_decorator_that_hands_on_other_arguments_is_called_itself():
    program = program_of("""
        def doubled(fn):
            def wrapper(x, *args):
                return fn(2 * x, *args)
            return wrapper
        @doubled
        @jax.jit
        def one(x, n):
            return x
        one(1.0, 7)
        """)
    found = [numbers.numbers(program, value) for _, value in program.graph.sources(function(program, "one"), "x")]
    assert [1.0] not in found
