"""`functools.reduce(step, range(n), state)`: a Python loop that is written as a call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.rules.control_flow.array_work import Work, function_work
from jaxaudit.rules.control_flow.python_loops import Turns, compiled_context, turns_over
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.structure import role
from jaxaudit.source.tracing import Context

REDUCE = "functools.reduce"


class Reduced(NamedTuple):
    """A call of `reduce` that a trace writes out, the function that it repeats, and how much one turn does."""

    call: v.Call
    step: Function
    context: Context
    turns: Turns
    work: Work


def reduced_loops(program: Program) -> Iterator[Reduced]:
    for module, unit in program.units_applying((REDUCE,)):
        if module.context:
            continue
        for function in program.functions_of_unit(module, unit):
            context = compiled_context(program, function)
            for call in function.flow.calls if context is not None else ():
                if context is not None and c.known_name(program, call.func) == REDUCE and len(call.args) >= 2:
                    yield from _reduced(program, call, context)


def _reduced(program: Program, call: v.Call, context: Context) -> Iterator[Reduced]:
    turns = turns_over(program, call.args[1])
    targets = c.targets(program, call.args[0])
    if turns.sort not in ("known", "rows", "shape", "option") or len(targets) != 1:
        return
    step = targets[0].function
    names = [one.name for one in step.all_parameters if one.kind == "positional"]
    turn = names[1 + (targets[0].receiver is not None)] if len(names) > 1 + (targets[0].receiver is not None) else None
    if turn is not None and any(need.sort == "structure" for need in role(program, step, turn).needs):
        return  # each turn is a program of its own
    yield Reduced(call, step, context, turns, function_work(program, step))
