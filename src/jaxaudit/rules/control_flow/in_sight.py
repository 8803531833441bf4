"""Whether an error is seen whole: each step from a call that surely happens to the line that raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.contexts import is_test_path
from jaxaudit.source.groups import absolute
from jaxaudit.source.knowledge.contexts import RUN_ONCE

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function, Module
    from jaxaudit.source.tracing import Why

DEEPEST = 8
DOUBTED = 0.7
"""The most that is believed of an error which only callers out of sight could confirm: published code runs, so that
such an error is more often a caller that was misread than a fault that nobody met."""


def sure_of(program: Program, why: Why, function: Function, confidence: float, *, plain: bool = False) -> float:
    """How sure an error in `function` is, of a value that `why` makes a tracer (`plain`: and that names and arithmetic
    alone carry through the calls between)."""
    here = why.function is function and not why.calls
    seen = here or (plain and all(always_made(call) for call in why.calls)) or in_sight(program, function, why.calls)
    return confidence if seen else min(confidence, DOUBTED)


def always_made(call: v.Call) -> bool:
    """A call of a function by its name, in no branch."""
    return not call.path and v.settle(call.func).__class__ is v.FunctionValue


def in_sight(program: Program, function: Function, calls: tuple[v.Call, ...]) -> bool:
    """Whether the project itself runs the function, by calls that can mean nothing else."""
    return all(means_one(program, call) for call in calls) and surely_run(program, function)


def means_one(program: Program, call: v.Call) -> bool:
    """One function, and no `try` around it."""
    return not behind_try(call) and len({id(t.function) for t in c.targets(program, call.func)}) <= 1


def behind_try(call: v.Call) -> bool:
    return any(branch.kind == "try" for branch, _ in call.path)


def surely_run(program: Program, function: Function, depth: int = 0) -> bool:
    """From a module's body or `main`, by calls that mean nothing else, or handed to a transformation there."""
    if function.is_module or (function.name in RUN_ONCE and function.owner is None):
        return True
    if depth > DEEPEST:
        return False
    found = function.memo.get("surely run")
    if found is None:
        function.memo["surely run"] = False
        found = function.memo["surely run"] = any(
            surely_run(program, call.flow.function, depth + 1)
            for call in _calls(program, function)
            if call.flow is not None and call.flow.function is not function and _counts(call, function)
            and means_one(program, call)
        )  # fmt: skip
    return bool(found)


def _counts(call: v.Call, function: Function) -> bool:
    assert call.flow is not None
    return not is_test_path(call.flow.function.module.path) or is_test_path(function.module.path)


def _calls(program: Program, function: Function) -> list[v.Call]:
    out = [edge.call for edge in program.graph.callers(function)]
    out += [
        handed.call
        for handed in program.graph.handovers(function)
        if handed.use is not None and not handed.use.spec.wraps
    ]
    if function.owner is not None and function.name in ("__init__", "__post_init__", "setup"):
        out += program.graph.built(function.owner)
    return out


def is_imported(program: Program, module: Module) -> bool:
    """A module that another one imports: a library's, not a script."""
    found = program.memo.get("imported modules")
    if found is None:
        found = program.memo["imported modules"] = set()
        for one in program.modules.values():
            for _, target, level, attr in one.imports:
                dotted = absolute(one.name, one.is_package, target, level)
                found |= {dotted, f"{dotted}.{attr}"}
            found |= {absolute(one.name, one.is_package, target, level) for target, level in one.stars}
    return module.name in found
