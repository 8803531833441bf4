"""How often a function runs, and whether a value is the same object each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.contexts import is_test_path
from jaxaudit.source.knowledge.contexts import CACHES, RUN_ONCE
from jaxaudit.source.provenance import single

if TYPE_CHECKING:
    from jaxaudit.source.events import Loop
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function


class Frequency(NamedTuple):
    """`how`: "once", "few" (several calls written out), "many" (a loop), "cached" or "unknown" (no caller was read).

    `call` and `loop` show why: the call that repeats, and the loop it stands in.
    """

    how: str
    call: v.Call | None = None
    loop: Loop | None = None
    through: tuple[v.Call, ...] = ()


def frequency(program: Program, function: Function, depth: int = 0) -> Frequency:
    """How often a function runs in the project's own code."""
    key = program.keys["frequency"]
    found = function.memo.get(key)
    if found is None:
        function.memo[key] = Frequency("unknown")
        found = _frequency(program, function, depth)
        function.memo[key] = found
    return found


def _frequency(program: Program, function: Function, depth: int) -> Frequency:
    if function.is_module:
        return Frequency("once")
    if is_cached(program, function):
        return Frequency("cached")
    if depth > 12:
        return Frequency("unknown")
    calls = [e.call for e in program.graph.callers(function)]
    if function.owner is not None and function.name in ("__init__", "__post_init__", "setup"):
        calls += program.graph.built(function.owner)
    calls = [call for call in calls if call.flow is not None and call.flow.function is not function]
    unknown = False
    count = 0
    for call in calls:
        caller = call.flow.function
        if is_test_path(caller.module.path) and not is_test_path(function.module.path):
            continue
        repeating = repeats(tuple([loop for loop in call.loops if not _is_turn_of(call.func, loop)]))
        if repeating is not None:
            return Frequency("many", call, repeating)
        above = frequency(program, caller, depth + 1)
        if above.how == "many":
            return Frequency("many", call, above.loop, (*above.through, *([above.call] if above.call else [])))
        if above.how == "unknown":
            unknown = True
        count += 1
    for handed in program.graph.handovers(function):
        if handed.use is None:
            return Frequency("many", handed.call, None)
        unknown = True
    if not calls:
        if function.name in RUN_ONCE and function.owner is None:
            return Frequency("once")
        return Frequency("unknown")
    if count > 1:
        return Frequency("few", calls[1])
    return Frequency("unknown" if unknown else "once", calls[0] if calls else None)


def _is_turn_of(value: v.Value, loop: Loop) -> bool:
    """`for check in (first, second): check()` calls each of them once."""
    while value.__class__ is v.Item:
        value = value.base
    return value.__class__ is v.Elem and value.loop is loop


def repeats(loops: tuple[Loop, ...]) -> Loop | None:
    """The innermost loop around something that runs its body more than once, as far as can be seen."""
    for loop in reversed(loops):
        if loop.kind == "while" and isinstance(loop.test, v.Const):
            return loop
        if loop.iterable is not None:
            from jaxaudit.source.numbers import length_of

            length = length_of(loop.flow.program, loop.iterable)
            if length is not None and length < 2:
                continue
        return loop
    return None


def is_cached(program: Program, function: Function) -> bool:
    """Decorated with `lru_cache` or its like: the body runs once per set of arguments."""
    value = function.bound
    while value is not None and isinstance(value, v.Call) and value.decorator:
        func = value.func
        name = c.known_name(program, func)
        if name is None:
            made = single(program, func)
            name = c.known_name(program, made.func) if isinstance(made, v.Call) else None
        if name in CACHES:
            return True
        value = value.args[0]
    return False


class Identity(NamedTuple):
    """Whether an expression gives the same object at each evaluation.

    `how`: "same" (module-level function, parameter kept), "fresh" (a new lambda, nested def, partial or wrapper each
    time), "bound" (a new bound method each time, equal to the last), "unknown". `what` names the reason in words.
    """

    how: str
    what: str
    value: v.Value | None = None


def identity(program: Program, value: v.Value, since: Function | None = None, depth: int = 0) -> Identity:
    """Whether a callable is made anew each time the scope (or the loop) around its use runs."""
    if depth > 10:
        return Identity("unknown", "")
    if isinstance(value, v.FunctionValue):
        function: Function = value.function
        maker = value.flow.function if value.flow is not None else None
        word = "lambda" if function.name == "<lambda>" else f"nested function `{function.name}`"
        if maker is None or function.owner is not None:
            return Identity("same", f"function `{function.name}`", value)
        if function.name == "<lambda>" and maker.is_module:
            return Identity("here", word, value)
        if maker.is_module:
            return Identity("same", f"module-level function `{function.name}`", value)
        if since is not None and maker is not since:
            return Identity("same", f"{word} of the scope around", value)
        return Identity("fresh", word, value)
    if isinstance(value, (v.External, v.ClassValue, v.Const)):
        return Identity("same", "library function", value)
    if isinstance(value, v.Attr):
        for target in c.targets(program, value):
            if target.receiver is not None and not target.chain:
                return Identity("bound", f"bound method `{value.name}`", value)
        return Identity("unknown", "")
    if isinstance(value, v.Call):
        name = c.known_name(program, value.func)
        if name in CACHES:
            return Identity("unknown", "", value)
        if name == "functools.partial":
            return Identity("fresh", "`functools.partial`", value)
        use = c.transform_of(program, value)
        if use is not None and use.spec.wraps:
            if use.name.startswith("equinox.filter_") and use.functions:  # told apart by what they wrap
                wrapped = identity(program, use.functions[0][0], None, depth + 1)
                if wrapped.how not in ("fresh", "here"):
                    return wrapped
            return Identity("fresh", f"`{use.short}(...)`", value)
        for target in c.targets(program, value.func):
            if target.function.name == "__init__" or is_cached(program, target.function):
                return Identity("unknown", "", value)
            inner = [identity(program, r.value, None, depth + 1) for r in target.function.flow.returns]
            if inner and all(i.how == "fresh" for i in inner):
                return Identity("fresh", f"{inner[0].what} that `{target.function.name}` makes", value)
        return Identity("unknown", "", value)
    if isinstance(value, (v.Phi, v.Left, v.Carried)):
        return Identity("unknown", "", value)
    if isinstance(value, v.Free):
        found = value.values()
        if len(found) == 1:
            return identity(program, found[0], since, depth + 1)
    return Identity("unknown", "", value)
