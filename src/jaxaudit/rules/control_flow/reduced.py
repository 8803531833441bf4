"""Python loops that are written as calls: `functools.reduce(step, range(n), state)`, `itertools.accumulate`, and a function that calls itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.rules.control_flow.array_work import Work, function_work
from jaxaudit.rules.control_flow.python_loops import Turns, compiled_context, turns_over
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.numbers import number
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.structure import role
from jaxaudit.source.tracing import Context

STEP_AND_ITEMS = {"functools.reduce": (0, 1), "itertools.accumulate": (1, 0)}
"""Loops that are written as calls: which of their arguments is the step, and what they run over."""


class Reduced(NamedTuple):
    """A call that a trace writes out, the function that it repeats, and how much one turn does."""

    call: v.Call
    step: Function
    context: Context
    turns: Turns
    work: Work


def reduced_loops(program: Program) -> Iterator[Reduced]:
    for module, unit in program.units_applying(tuple(STEP_AND_ITEMS)):
        if module.context:
            continue
        for function in program.functions_of_unit(module, unit):
            context = compiled_context(program, function)
            for call in function.flow.calls if context is not None else ():
                places = STEP_AND_ITEMS.get(c.known_name(program, call.func) or "")
                if context is not None and places is not None and len(call.args) >= 2:
                    yield from _reduced(program, call, context, call.args[places[0]], call.args[places[1]])


def recursions(program: Program) -> Iterator[Reduced]:
    """`smooth(x, level - 1)` within `smooth`, under a trace, from a level that is written out."""
    for function in list(program.graph.linked_functions):
        if function.module.context or function.is_module:
            continue
        for call in function.flow.calls:
            if call.func.__class__ not in RECURSIVE or not any(
                t.function is function for t in c.targets(program, call.func)
            ):
                continue
            context = compiled_context(program, function)
            levels = levels_of(program, function, call) if context is not None else None
            if context is not None and levels is not None:
                yield Reduced(call, function, context, Turns(levels, "known"), function_work(program, function))


RECURSIVE = frozenset({v.FunctionValue, v.Free, v.Attr})


def levels_of(program: Program, function: Function, call: v.Call) -> int | None:
    """How deep it goes, where a parameter is counted down by one from a number that a caller gives."""
    target = next(t for t in c.targets(program, call.func) if t.function is function)
    for name, value in bind(call, target).items():
        if not isinstance(value, v.Op) or value.name != "Sub" or not isinstance(value.operands[1], v.Const):
            continue
        counted = value.operands[0]
        if not isinstance(counted, v.Param) or counted.name != name or value.operands[1].value != 1:
            continue
        started = [number(program, one) for by, one in program.graph.sources(function, name) if by is not call]
        known = [one for one in started if type(one) is int]
        return max(known) if known else None
    return None


def _reduced(program: Program, call: v.Call, context: Context, step: v.Value, items: v.Value) -> Iterator[Reduced]:
    turns, targets = turns_over(program, items), c.targets(program, step)
    if turns.sort not in ("known", "rows", "shape", "option") or len(targets) != 1:
        return
    repeated = targets[0].function
    names = [one.name for one in repeated.all_parameters if one.kind == "positional"]
    turn = names[1 + (targets[0].receiver is not None)] if len(names) > 1 + (targets[0].receiver is not None) else None
    if turn is not None and any(need.sort == "structure" for need in role(program, repeated, turn).needs):
        return  # each turn is a program of its own
    yield Reduced(call, repeated, context, turns, function_work(program, repeated))
