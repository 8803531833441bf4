"""Whether code is run by the project itself: from a module's body or `main`, eagerly or under a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxaudit.source.contexts import is_test_path
from jaxaudit.source.knowledge.contexts import RUN_ONCE

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

DEEPEST = 8


def runs_eagerly(program: Program, function: Function) -> bool:
    """By calls that no transformation traces. Of a library's functions that nobody in the project calls it is not
    certain: who uses them may well jit them."""
    return _runs(program, function, eagerly=True, depth=0)


def is_run(program: Program, function: Function) -> bool:
    """Whichever way."""
    return _runs(program, function, eagerly=False, depth=0)


def _runs(program: Program, function: Function, *, eagerly: bool, depth: int) -> bool:
    if function.is_module or (function.name in RUN_ONCE and function.owner is None):
        return True
    if depth > DEEPEST or (eagerly and function in program.tracing.contexts):
        return False
    key = ("runs", eagerly)
    found = function.memo.get(key)
    if found is None:
        function.memo[key] = False
        found = function.memo[key] = any(
            _runs(program, caller, eagerly=eagerly, depth=depth + 1)
            for caller in _callers(program, function)
            if caller is not function and (not is_test_path(caller.module.path) or is_test_path(function.module.path))
        )
    return bool(found)


def _callers(program: Program, function: Function) -> list[Function]:
    callers = [e.caller for e in program.graph.callers(function)]
    callers += [
        handed.caller
        for handed in program.graph.handovers(function)
        if handed.use is None or not handed.use.spec.wraps or not handed.caller.is_module
    ]
    if function.owner is not None and function.name in ("__init__", "__post_init__"):
        callers += [call.flow.function for call in program.graph.built(function.owner) if call.flow is not None]
    return list(dict.fromkeys(callers))
