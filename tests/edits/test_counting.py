"""A `while` that counts by hand is rolled up like the `for` that it is."""

import ast

import pytest

from edits.test_rolling import HEAD, ran
from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.counting import rolled_while

BODY = """ROUNDS = 6
ROWS = range(6)


def f(x):
    y = 0.0
    k = 0
    while k < ROUNDS:
        x = x + 0.5 * y
        y = y + k * x
        k += 1
    return x + y
"""


def roll(body):
    source = SourceText.from_text("program.py", HEAD + body)
    loop = next(node for node in ast.walk(source.tree) if isinstance(node, ast.While))
    return source.edited(rolled_while(source, loop).edits).text.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("old", "new", "call"),
    [
        ("", "", "jax.lax.fori_loop(0, ROUNDS, turn, (x, y))"),
        ("k < ROUNDS", "ROUNDS > k", "jax.lax.fori_loop(0, ROUNDS, turn, (x, y))"),
        ("k < ROUNDS", "k <= ROUNDS", "jax.lax.fori_loop(0, ROUNDS + 1, turn, (x, y))"),
        ("k = 0", "k = 2", "jax.lax.fori_loop(2, ROUNDS, turn, (x, y))"),
        ("k += 1", "k = k + 1", "jax.lax.fori_loop(0, ROUNDS, turn, (x, y))"),
        ("k < ROUNDS", "k < len(ROWS)", "jax.lax.fori_loop(0, len(ROWS), turn, (x, y))"),
    ],
)
def test_a_counted_loop(old, new, call):
    body = BODY.replace(old, new, 1)
    after = roll(body)
    assert call in after and "while" not in after and "    k = " not in after
    assert str(ran(body, "jax.jit(f)(1.0)")) == str(ran(after, "jax.jit(f)(1.0)"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("k < ROUNDS", "y < ROUNDS", "`y` does not begin as a whole number"),
        ("k < ROUNDS", "k < int(ROUNDS)", "asked anew in each turn"),
        ("k < ROUNDS:", "k < len(ROWS):\n        ROWS.append(1)", "asked anew in each turn"),
        ("k < ROUNDS", "k != ROUNDS", "does not count up"),
        ("k += 1", "k += 2", "its last statement is not"),
        ("y = y + k * x", "k = k + 1", "set more than once"),
        ("return x + y", "return x + k", "`k` is used in line"),
        ("    k = 0", "    k = int(g())", "`k` is used in line"),
        ("y = y + k * x", "if y is None:\n            continue", "`continue`"),
        ("y = y + k * x", "print(k)", "done for its effect"),
    ],
)
def test_what_stays(old, new, reason):
    with pytest.raises(CannotEdit, match=reason):
        roll(BODY.replace(old, new, 1))


def test_lists_that_are_started_in_one_statement():
    body = """def f(x, r):
    rows, sums = [], []
    k = 0
    while k < len(r):
        x = x * r[k]
        rows.append(jnp.sum(x))
        sums.append(x[0])
        k += 1
    return jnp.stack(rows) + jnp.stack(sums)
"""
    after = roll(body)
    assert "(rows, sums) = jax.lax.scan(" in after and "append" not in after
    call = "jax.jit(f)(jnp.arange(3.0), jnp.ones(4))"
    assert str(ran(body, call)) == str(ran(after, call))
