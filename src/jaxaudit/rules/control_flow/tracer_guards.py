"""Where a tracer may never get to: behind `isinstance(x, ...)` and its like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.facts import end, start
from jaxaudit.source.flow import Flow
from jaxaudit.source.program import Program

_GUARDS = frozenset(
    {
        "isinstance",
        "callable",
        "hasattr",
        "is_array",
        "is_concrete",
        "is_tracer",
        "disable_jit",
        "is_top_level",
        "trace_state_clean",
    }
)


def guarded(program: Program, path: v.Path) -> bool:
    """Inside `try`, or behind `isinstance(x, ...)` and its like, a tracer may never get there or is expected."""
    return any(
        branch.kind == "try" or (branch.test is not None and any(guards(program, branch.test))) for branch, _ in path
    )


def behind(program: Program, flow: Flow, expr: Any) -> bool:
    """Whether an earlier part of the same `and` or `or` guards an expression; or such a part guards what is all of it."""
    return any(any(skipped(program, test.value, start(expr))) for test in flow.tests)


def skipped(program: Program, value: v.Value, place: tuple[int, int]) -> Iterator[bool]:
    if value.__class__ is not v.Op or value.expr is None:
        return
    if value.name in ("And", "Or"):
        for number, operand in enumerate(value.operands[1:], 1):
            if operand.expr is not None and (holds(operand.expr, place) or start(value.expr) == place):
                yield any(any(guards(program, earlier)) for earlier in value.operands[:number])
    for operand in value.operands:
        yield from skipped(program, operand, place)


def holds(expr: Any, place: tuple[int, int]) -> bool:
    return start(expr) <= place < end(expr)


def guards(program: Program, value: v.Value) -> Iterator[bool]:
    if value.__class__ is v.Call:
        name = c.known_name(program, value.func) or (value.func.expr or ("", "", ""))[2]
        yield str(name).rpartition(".")[2] in _GUARDS or tells_tracers(program, value.func)
    elif value.__class__ is v.Op:
        for operand in value.operands:
            yield from guards(program, operand)


def tells_tracers(program: Program, func: v.Value) -> bool:
    """Whether it is a function of the project's own, that asks whether a value is a tracer."""
    return any(
        (c.known_name(program, call.func) or "").endswith(".isinstance")
        and any(names_tracer(program, a) for a in call.args)
        for target in c.targets(program, func)
        for call in target.function.flow.calls
    )


def names_tracer(program: Program, value: v.Value, depth: int = 0) -> bool:
    """`jax.core.Tracer`, also in a tuple or a union of classes."""
    if (c.known_name(program, value) or "").endswith(".Tracer"):
        return True
    return depth < 3 and any(names_tracer(program, part, depth + 1) for part in value.parts())
