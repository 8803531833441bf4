"""Keys that are used twice where nothing is drawn twice of them, and their faulty twins."""

import pytest

from jaxaudit.rules import load_rules
from programs import program_of

RIGHT = {
    "each part of one split, by its number": """
        def parts(key):
            first = jax.random.split(jax.random.split(key)[0], 3)
            second = jax.random.split(jax.random.split(key)[1], 3)
            return first, second
        """,
}
WRONG = {
    "the same part of one split twice": """
        def parts(key):
            first = jax.random.normal(jax.random.split(key)[0])
            second = jax.random.normal(jax.random.split(key)[0])
            return first, second
        """,
    "parts of splits into other numbers": """
        def parts(key):
            first = jax.random.normal(jax.random.split(key)[0])
            second = jax.random.normal(jax.random.split(key, 3)[1])
            return first, second
        """,
    "a step that draws twice and is kept both times": """
        @jax.jit
        def step(x, key):
            return x + jax.random.normal(key)
        def run(key):
            x = step(0.0, key)
            return step(x, key)
        """,
}


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT)
def test_nothing_certain_is_said(source):
    assert certain(source) == []


@pytest.mark.parametrize("source", WRONG.values(), ids=WRONG)
def test_it_is_told(source):
    assert certain(source)


def certain(source):
    found = load_rules()["key-reuse"].match(program_of(source))
    return [(one.place.line, one.message) for one in found if one.confidence >= 0.8]
