"""Which lines wrote a program, and who called them while it was traced."""

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from jaxaudit_probe import private  # noqa: E402
from jaxaudit_probe.sizes import callbacks_of, equations_within, lines_of, scans_of  # noqa: E402


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


def scanned(x, unroll):
    return jax.lax.scan(lambda y, _: (turn(y), None), x, length=40, unroll=unroll)[0]


@pytest.mark.parametrize(("unroll", "copies"), [(1, None), (4, None), (10, 10), (True, 40)])
def test_scans_that_are_written_out(unroll, copies) -> None:
    program = program_of(lambda x: scanned(x, unroll))
    told = list(scans_of(list(equations_within(program)), private.source_of(program)))
    assert [(one["function"], one["copies"], one["length"], one["equations"]) for one in told] == [
        ("scanned", copies, 40, 2)
    ] * (copies is not None)


def table(x):
    return x


def called(x):
    return jax.pure_callback(table, jax.ShapeDtypeStruct((), jnp.float32), x)


LOOPS = {
    "no loop": (called, []),
    "a scan in a scan": (
        lambda x: jax.lax.scan(lambda y, _: (jax.lax.fori_loop(0, 5, lambda _, z: called(z), y), None), x, length=4)[0],
        [("called", "table", 20)],
    ),
    "how many turns is not known": (
        lambda x: jax.lax.while_loop(lambda y: y < 3, called, x), [("called", "table", 0)],
    ),
    "now and then": (
        lambda x: jax.lax.fori_loop(0, 9, lambda i, y: jax.lax.cond(i > 7, called, lambda z: z, y), x), [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("function", "found"), LOOPS.values(), ids=LOOPS)
def test_what_a_compiled_loop_calls_in_every_turn(function, found) -> None:
    program = jax.make_jaxpr(function)(jnp.float32(1.0))
    told = list(callbacks_of(list(equations_within(program)), private.source_of(program)))
    assert [(one["function"], one["calls"], one["turns"]) for one in told] == found
