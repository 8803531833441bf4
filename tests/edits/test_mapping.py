"""Loops whose results are stacked, as one `vmap`."""

import ast

import pytest

from edits.test_rolling import HEAD, ran
from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.mapping import mapped_loop


def mapped(body, arrays=("xs",)):
    source = SourceText.from_text("program.py", HEAD + body)
    loop = next(node for node in ast.walk(source.tree) if isinstance(node, ast.For))
    after = source.edited(mapped_loop(source, loop, frozenset(arrays)).edits).text
    ast.parse(after)
    return after.removeprefix(HEAD)


def same(body, call, **more):
    after = mapped(body, **more)
    assert str(ran(body, call)) == str(ran(after, call))
    return after


def test_a_loop_that_appends_and_no_more():
    after = same(
        "def f(xs):\n    rows = []\n    for x in xs:\n        rows.append(jnp.sin(x))\n    rows = jnp.stack(rows)\n    return rows\n",
        "f(jnp.arange(3.0))",
    )
    assert after == "def f(xs):\n    rows = jax.vmap(jnp.sin)(xs)\n    return rows\n"


def test_what_it_works_out_first_goes_into_a_function():
    after = same(
        "def f(xs, k):\n    rows = []\n    for i, x in enumerate(xs):\n        y = k * x\n        rows.append(y + i)\n"
        "    return jnp.array(rows)\n",
        "f(jnp.arange(3.0), 2.0)",
    )
    assert "    def turn(i, x):\n        y = k * x\n        return y + i\n" in after
    assert "rows = jax.vmap(turn)(jnp.arange(len(xs)), xs)" in after


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        ("total = total + x\n        rows.append(total)", "needs the one before it"),
        ("print(x)\n        rows.append(x)", "done for its effect"),
        ("if x > 0:\n            break\n        rows.append(x)", "may leave the loop"),
    ],
)
def test_what_stays_a_loop(turn, reason):
    body = f"def f(xs):\n    total = 0.0\n    rows = []\n    for x in xs:\n        {turn}\n    return jnp.stack(rows)\n"
    with pytest.raises(CannotEdit, match=reason):
        mapped(body)


def test_where_it_runs_once_it_is_one_program():
    body = "def f(xs):\n    rows = []\n    for x in xs:\n        rows.append(jnp.sin(x))\n    return jnp.stack(rows)\n"
    source = SourceText.from_text("program.py", HEAD + body)
    loop = next(node for node in ast.walk(source.tree) if isinstance(node, ast.For))
    after = source.edited(mapped_loop(source, loop, frozenset({"xs"}), jitted=True).edits).text
    assert "rows = jax.jit(jax.vmap(jnp.sin))(xs)\n" in after
    assert str(ran(after.removeprefix(HEAD), "f(jnp.arange(3.0))")) == str(ran(body, "f(jnp.arange(3.0))"))
