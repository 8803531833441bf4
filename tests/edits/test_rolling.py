import ast

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.rolling import rolled
from jaxaudit.edits.scanned_items import Ragged

HEAD = "import jax\nimport jax.numpy as jnp\n\n\n"


def roll(body, arrays=()):
    """The function's body after its only `for` was rolled up."""
    source = SourceText.from_text("program.py", HEAD + body)
    loop = next(node for node in ast.walk(source.tree) if isinstance(node, ast.For))
    after = source.edited(rolled(source, loop, arrays).edits).text
    ast.parse(after)
    return after.removeprefix(HEAD)


def ran(text, call):
    names = {}
    exec(HEAD + text, names)
    return eval(call, names)


def same(body, call, arrays=()):
    """The rolled text, after it gave what the loop gives, under jit."""
    after = roll(body, arrays)
    before_value, after_value = ran(body, call), ran(after, call)
    assert str(before_value) == str(after_value)
    return after


def test_a_single_carry():
    after = same(
        "def f(x):\n    for step in range(5):\n        x = x + 0.5 * x\n    return x\n",
        "jax.jit(f)(jnp.ones(2)).round(3)",
    )
    assert after == (
        "def f(x):\n    def turn(step, x):\n        x = x + 0.5 * x\n        return x\n\n"
        "    x = jax.lax.fori_loop(0, 5, turn, x)\n    return x\n"
    )


def test_several_names_go_through_a_tuple_and_temporaries_stay_inside():
    after = same(
        "def f(a, b):\n    c = a\n    for k in range(2, 6):\n        # Fibonacci\n        t = a + b\n        a, b = b, t * k\n"
        "    return a, b, c\n",
        "jax.jit(f)(1.0, 2.0)",
    )
    assert "def turn(k, carry):\n        a, b = carry\n        # Fibonacci\n" in after
    assert "    a, b = jax.lax.fori_loop(2, 6, turn, (a, b))\n" in after


def test_steps_other_than_one_are_scanned():
    after = same(
        "def f(x, c):\n    b = 0.0 * x\n    for k in range(3, 0, -1):\n        b = x * b + c[k]\n    return b\n",
        "jax.jit(f)(2.0, jnp.arange(4.0))",
    )
    assert "b, _ = jax.lax.scan(turn, b, jnp.arange(3, 0, -1))" in after


def test_a_list_that_is_stacked_afterwards_becomes_the_scans_output():
    after = same(
        "def f(x):\n    rows = []\n    for k in range(4):\n        x = 2 * x + k\n        rows.append(x)\n"
        "    return jnp.stack(rows)\n",
        "jax.jit(f)(jnp.float32(1)).shape",
    )
    assert "x, rows = jax.lax.scan(turn, x, jnp.arange(4))\n    return rows\n" in after
    assert "append" not in after and "= []" not in after


def test_rows_of_an_array_are_scanned():
    after = same(
        "def f(total, xs):\n    for row in xs:\n        total = total + row.sum()\n    return total\n",
        "jax.jit(f)(0.0, jnp.ones((3, 2)))",
        ("xs",),
    )
    assert "jax.lax.scan(turn, total, xs)" in after


def test_a_name_bound_on_one_side_of_a_test_is_carried():
    after = roll("def f(x, flag):\n    for _ in range(9):\n        if flag:\n            x = x + 1\n    return x\n")
    assert "def turn(_, x):" in after


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "def f(x):\n    for k in range(9):\n        if k == 3:\n            x = x + 1\n    return x\n",
            "chooses by the turn",
        ),
        (
            "def f(x):\n    for k in range(9):\n        x = x + 1\n        if x.sum() > 2:\n            break\n    return x\n",
            "leave",
        ),
        ("def f(x):\n    for k in range(9):\n        print(k)\n        x = x + 1\n    return x\n", "for its effect"),
        ("def f(x):\n    for k in range(9):\n        x[k] = 1\n    return x\n", "written in place"),
        ("def f(x):\n    for k in range(9):\n        y = x + k\n    return y\n", "has no value before"),
        ("def f(x):\n    for k in range(9):\n        x = x + 1\n    return x, k\n", "`k` is read after"),
        (
            "def f(x):\n    for k in range(9):\n        for j in range(k):\n            x = x + j\n    return x\n",
            "differs from turn",
        ),
        ("def f(x):\n    for k in range(9):\n        g(x)\n    return x\n", "for its effect"),
        ("def f(x):\n    for k in range(9):\n        return x\n", "leave the loop"),
    ],
)
def test_what_can_be_no_loop_of_xlas(body, reason):
    with pytest.raises(CannotEdit, match=reason):
        roll(body)


def test_items_of_a_list_may_be_ragged():
    with pytest.raises(Ragged, match="`curves`"):
        roll("def f(x, curves):\n    for t, y in curves:\n        x = x + t\n    return x\n")


def test_a_list_that_begins_with_a_value_and_hands_on_its_newest():
    after = same(
        "def f(x):\n    states = [x]\n    for _ in range(4):\n        s = states[-1]\n        states.append(s + 0.5 * s)\n"
        "    return jnp.stack(states)\n",
        "jax.jit(f)(jnp.ones(2)).round(3)",
    )
    assert "    def turn(last_states, _):\n        s = last_states\n        last_states = s + 0.5 * s\n" in after
    assert "return jnp.concatenate([first_states[None], states])" in after


def test_two_lists_and_one_that_becomes_the_array_under_its_name():
    after = same(
        "def f(x):\n    xs = []\n    ys = []\n    for k in range(3):\n        x = 2 * x\n        xs.append(x)\n"
        "        ys.append(x + k)\n    xs = jnp.stack(xs)\n    return xs.sum() + jnp.stack(ys)\n",
        "jax.jit(f)(jnp.ones(2))",
    )
    assert "x, (xs, ys) = jax.lax.scan(turn, x, jnp.arange(3))\n    return xs.sum() + ys\n" in after


def test_the_index_of_a_loop_inside_is_no_carry():
    after = same(
        "def f(x):\n    for step in range(4):\n        for site in range(2):\n            y = x[site]\n"
        "            x = x.at[site].set(y * 2)\n    return x\n",
        "jax.jit(f)(jnp.ones(3))",
    )
    assert "    x = jax.lax.fori_loop(0, 4, turn, x)\n" in after


def test_a_slice_that_the_turn_decides_stays():
    with pytest.raises(CannotEdit, match="`::k` is a slice that the turn decides"):
        roll("def f(x):\n    for k in range(1, 9):\n        x = x.at[::k].set(0.0)\n    return x\n")


def test_backwards_in_time_with_the_newest_in_front():
    after = same(
        "def f(rewards, last):\n    out = []\n    value = last\n    for r in reversed(rewards):\n"
        "        value = r + 0.9 * value\n        out.insert(0, value)\n    return jnp.array(out)\n",
        "jax.jit(f)(jnp.arange(4.0), 2.0).round(3)",
        ["rewards"],
    )
    assert "rewards[::-1])" in after and "return out[::-1]" in after


def test_a_list_that_is_stacked_backwards():
    after = same(
        "def f(x):\n    rules = [jnp.zeros_like(x)]\n    for age in reversed(range(5)):\n        x = x + age\n"
        "        rules.append(2 * x)\n    return jnp.stack(rules[::-1]), jnp.stack(list(reversed(rules))), x\n",
        "jax.jit(f)(jnp.ones(2))",
    )
    assert "jnp.arange(5)[::-1])" in after
    assert "last_rules" not in after, "nothing reads the newest entry"


def test_a_list_read_from_the_other_end_stays():
    with pytest.raises(CannotEdit):
        roll(
            "def f(x):\n    out = [x]\n    for k in range(5):\n        out.insert(0, out[-1] + k)\n    return jnp.stack(out)\n"
        )


def test_an_expression_that_is_run_over_backwards_keeps_together():
    after = same(
        "def f(x):\n    y = 0.0\n    for r in reversed(x - 1):\n        y = r + 0.5 * y\n    return y\n",
        "jax.jit(f)(jnp.arange(4.0)).round(3)",
        ["x - 1"],
    )
    assert "(x - 1)[::-1])" in after
