"""`functools.reduce` as a loop of XLA's."""

import ast

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.reducing import reduce_on, reduced
from jaxaudit.edits.scanned_items import Ragged

HEAD = "import functools\nimport jax\nimport jax.numpy as jnp\n\n\n"


def rolled(body, arrays=()):
    """The text, after it gave what the call gives, under jit."""
    source = SourceText.from_text("program.py", HEAD + body)
    call = reduce_on(source, 7)
    assert call is not None
    after = source.edited(reduced(source, call, frozenset(arrays)).edits).text
    ast.parse(after)
    values = []
    for text in (source.text, after):
        names: dict[str, object] = {}
        exec(text, names)
        values.append(str(eval("jax.jit(f)(jnp.arange(4.0))", names)))
    assert values[0] == values[1]
    return after


def test_a_number_of_turns():
    after = rolled("def f(x):\n    return functools.reduce(lambda y, k: y + k * x, range(1, 6), x)\n")
    assert "jax.lax.fori_loop(1, 6, lambda k, y: y + k * x, x)" in after


def test_the_rows_of_an_array_and_a_step_by_name():
    after = rolled(
        "def f(x):\n    return functools.reduce(step, x, jnp.float32(0))\n\n\ndef step(y, row):\n    return 0.5 * y + row\n",
        ["x"],
    )
    assert "jax.lax.scan(lambda state, item: (step(state, item), None), jnp.float32(0), x)[0]" in after


def test_a_list_may_be_ragged():
    source = SourceText.from_text("p.py", HEAD + "def f(x, ws):\n    return functools.reduce(jnp.dot, ws, x)\n")
    call = reduce_on(source, 7)
    assert call is not None
    with pytest.raises(Ragged):
        reduced(source, call, frozenset())


def test_a_step_that_takes_more():
    source = SourceText.from_text(
        "p.py", HEAD + "def f(x):\n    return functools.reduce(lambda y, k, r=2: y, range(9), x)\n"
    )
    call = reduce_on(source, 7)
    assert call is not None
    with pytest.raises(CannotEdit, match="more than the state"):
        reduced(source, call, frozenset())
