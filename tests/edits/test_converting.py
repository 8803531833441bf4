"""Numbers made arrays before the loop around a call; what a turn may change stays in it."""

import ast

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.converting import converted_once

HEAD = "import jax.numpy as jnp\n"


def converted(body):
    source = SourceText.from_text("m.py", HEAD + body)
    call = next(
        node for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "leap"
    )  # fmt: skip
    done = converted_once(source, call, {"dt": call.args[1]})
    return source.edited(done.edits).text.removeprefix(HEAD)


def test_before_the_outermost_loop_that_leaves_it_as_it_is():
    body = "def f(x, dt):\n    for i in range(2):\n        while x:\n            x = leap(x, dt)\n"
    assert converted(body) == (
        "def f(x, dt):\n    dt_array = jnp.asarray(dt)\n    for i in range(2):\n        while x:\n"
        "            x = leap(x, dt_array)\n"
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("for dt in (1.0, 2.0):\n    leap(0, dt)\n", "binds `dt` anew"),
        ("dt = 1.0\nfor i in range(2):\n    leap(0, dt)\n    dt *= 2\n", "binds `dt` anew"),
        ("for i in range(2):\n    leap(0, i * 2.0)\n", "worked out in each turn"),
        ("leap(0, 1.0)\n", "no loop"),
        (
            "dt = 1.0\ndef g():\n    global dt\n    dt = 2.0\nfor i in range(2):\n    leap(0, dt)\n    g()\n",
            "rebinds `dt`",
        ),
    ],
)
def test_what_a_turn_may_change_stays(body, why):
    with pytest.raises(CannotEdit, match=why):
        converted(body)
