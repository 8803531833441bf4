"""Jitted wrappers that are built again and again: what jit-in-loop and jit-per-call look at."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.model import Place
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.facts import start, text
from jaxaudit.source.flow import Loop
from jaxaudit.source.knowledge.transforms import IDENTITIES
from jaxaudit.source.lifetime import Frequency, Identity
from jaxaudit.source.program import Function, Program


class FreshWrapper(NamedTuple):
    """One jit whose compiled programs are thrown away: in a `loop`, or in a function that runs again (`frequency`)."""

    use: c.TransformUse
    place: Place
    identity: Identity
    value: v.Value
    loop: Loop | None
    loop_place: Place
    frequency: Frequency
    used_in_turn: bool

    @property
    def what(self) -> str:
        return self.identity.what or "a new function"

    @property
    def named_plainly(self) -> str:
        inner = innermost(self.value)
        return text(inner.expr) if inner.expr is not None else getattr(inner, "name", "") or "the function"

    @property
    def named(self) -> str:
        function = next((t.function for t in c.targets(self.use.flow.program, self.value)), None)
        return f"`{function.name}`" if function is not None and function.name != "<lambda>" else f"`{text(self.value.expr)}`"


def innermost(value: v.Value) -> v.Value:
    while value.__class__ is v.Call and value.args:  # type: ignore[attr-defined]
        value = value.args[0]  # type: ignore[attr-defined]
    return value


def fresh_wrappers(program: Program) -> Iterator[FreshWrapper]:
    """Every jit, outside a trace, of a callable that is a new object each time and thereby compiles again."""
    for use in list(program.graph.uses):
        if use.spec.kind not in ("jit", "pmap") or not use.spec.wraps or not use.functions:
            continue
        flow = use.call.flow
        assert flow is not None
        if flow.function.module.context or program.tracing.context(flow.function) is not None:
            continue
        value = use.functions[0][0]
        found = lifetime.identity(program, value)
        if not compiles_again(use, found, value):
            continue
        loop = lifetime.repeats(use.call.loops)
        often = lifetime.frequency(program, flow.function)
        if loop is None and often.how not in ("many", "few", "unknown"):
            continue
        place = program.place(flow, use.call.expr)
        yield FreshWrapper(
            use, place, found, value, loop, place_of_loop(program, loop) if loop else place, often,
            called_at_once(use, loop),
        )  # fmt: skip


def compiles_again(use: c.TransformUse, found: Identity, value: v.Value) -> bool:
    """By the table of how each wrapper's cache tells functions apart, measured."""
    row = IDENTITIES.get(use.spec.identity)
    if row is None:
        return False
    if found.how == "bound":
        return bool(row.method)
    if found.how == "here":  # a lambda of the module's body: new in each turn of a loop, once elsewhere
        return bool(row.fresh)
    return found.how == "fresh" and bool(row.fresh)


def called_at_once(use: c.TransformUse, loop: Loop | None) -> bool:
    """Whether the wrapper is called where it is made (in the same turn), rather than kept for later."""
    flow = use.call.flow
    assert flow is not None
    for call in flow.calls:
        if call is use.call or (loop is not None and loop not in call.loops):
            continue
        func = v.settle(call.func)
        if func is use.call or (func.__class__ is v.Attr and func.base is use.call):  # type: ignore[attr-defined]
            return not (func.__class__ is v.Attr and func.name in ("lower", "trace", "eval_shape"))  # type: ignore[attr-defined]
    return False


def place_of_loop(program: Program, loop: Loop) -> Place:
    if loop.expr is not None:
        return program.place(loop.flow, loop.expr)
    return Place(loop.flow.function.module.path, loop.line, 1, loop.line, 1, loop.flow.function.qualname)


def line_of(call: v.Call) -> int:
    return start(call.expr)[0]


def function_of(call: v.Call) -> Function:
    assert call.flow is not None
    return call.flow.function
