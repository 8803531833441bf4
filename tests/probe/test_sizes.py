"""Which lines wrote a program, and who called them while it was traced."""

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from jaxaudit_probe import private  # noqa: E402
from jaxaudit_probe.sizes import equations_within, lines_of  # noqa: E402


def turn(x):
    return jnp.sin(x) * 2.0


def unrolled(x):
    for _ in range(50):
        x = turn(x)
    return x


def program_of(function):
    return jax.make_jaxpr(function)(1.0)


def told_of(program):
    return lines_of(list(equations_within(program)), private.source_of(program))


def test_a_line_is_told_with_its_callers_within_the_trace() -> None:
    (line,) = told_of(program_of(unrolled))
    assert (line["function"], line["equations"]) == ("turn", 100)
    assert [caller["function"] for caller in line["callers"]] == ["unrolled"]


def test_what_called_the_traced_function_is_no_caller() -> None:
    for _ in range(2):
        (line,) = told_of(program_of(lambda x: turn(x)))
    assert line["callers"][-1]["function"].endswith("<lambda>")


def test_at_a_second_trace_neither() -> None:
    jitted = jax.jit(turn)
    for size in (2, 3):
        lines = told_of(jax.make_jaxpr(jitted)(jnp.ones(size)))
        assert lines and all(line["callers"] == [] for line in lines)


def fitted(x):
    def relax(y, _):
        return turn(y) * 0.5, None

    return jax.lax.scan(relax, x, length=3)[0]


def test_the_body_of_a_loop_has_the_callers_of_the_loop() -> None:
    lines = told_of(program_of(lambda x: sum(map(fitted, [x, 2 * x, 3 * x]))))
    inner = next(line for line in lines if line["function"] == "turn")
    names = [caller["function"].rpartition(".")[2] for caller in inner["callers"]]
    assert names == ["relax", "fitted", "<lambda>"]
