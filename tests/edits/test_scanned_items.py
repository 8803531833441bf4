"""What a loop runs over, side by side: counts, arrays and lists of numbers."""

import pytest

from edits.test_rolling import roll, same
from jaxaudit.edits.scanned_items import Ragged

TIMES = "TIMES = [0.1 * k for k in range(5)]\n\n\n"


def body(over, target="t", turn="x = x + t", extra=""):
    return f"{extra}def f(x, rows):\n    for {target} in {over}:\n        {turn}\n    return x\n"


def test_a_list_of_numbers_becomes_an_array():
    after = same(body("TIMES", extra=TIMES), "jax.jit(f)(jnp.ones(2), 0).round(3)")
    assert "x, _ = jax.lax.scan(turn, x, jnp.array(TIMES))" in after


def test_it_may_be_written_in_the_loop():
    after = same(body("(1, -2, 2 * 3)", turn="x = x * t"), "jax.jit(f)(jnp.ones(2), 0)")
    assert "jnp.array((1, -2, 2 * 3))" in after


def test_numbers_beside_the_rows_of_an_array_with_a_count():
    after = same(
        body("enumerate(zip(TIMES, rows))", "i, (t, row)", "x = x + (i + 1) * t * row", TIMES),
        "jax.jit(f)(jnp.ones(2), jnp.arange(10.0).reshape(5, 2)).round(3)",
        arrays=["rows"],
    )
    assert "jax.lax.scan(turn, x, (jnp.arange(len(TIMES)), (jnp.array(TIMES), rows,)))" in after
    assert "    i, (t, row) = item\n" in after


@pytest.mark.parametrize("start", ["3", "start=3"])
def test_a_count_may_begin_elsewhere(start):
    after = same(
        body(f"enumerate(rows, {start})", "i, row", "x = x + i * row"),
        "jax.jit(f)(1.0, jnp.arange(4.0))",
        arrays=["rows"],
    )
    assert "(jnp.arange(3, 3 + len(rows)), rows)" in after


def test_a_range_beside_an_array():
    after = same(
        body("zip(range(4), range(1, 8, 2), rows)", "i, j, row", "x = x + i * j * row"),
        "jax.jit(f)(1.0, jnp.arange(4.0))",
        arrays=["rows"],
    )
    assert "(jnp.arange(4), jnp.arange(1, 8, 2), rows,)" in after


@pytest.mark.parametrize(
    "extra",
    [
        "TIMES = [0.1, 2]\n\n\n",  # weak beside strong: another dtype in one turn than in the next
        "TIMES = [0.1, None]\n\n\n",
        "TIMES = [0.1]\nTIMES = [0.2]\n\n\n",
        "TIMES = [0.1]\nTIMES.append(0.2)\n\n\n",
        "TIMES = [0.1]\nOTHER = TIMES\n\n\n",
        "TIMES = [0.1 * len(w) for w in ('a', 'b')]\n\n\n",
        "TIMES = [0.1 * k for k in range(4) if k]\n\n\n",
        "TIMES = []\n\n\n",
    ],
)
def test_any_other_list_is_left_alone(extra):
    with pytest.raises(Ragged, match="`TIMES`"):
        roll(body("TIMES", extra=extra))
