"""`def run(x, *args, **kwargs): return step(x, *args, **kwargs)`: who calls `run` calls `step`, with these arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaxaudit.source import arguments
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.handing_on import is_gathered

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function


def forwarded(program: Program, outer: v.Call, through: c.Target, inner: v.Call) -> tuple[v.Call, v.Value] | None:
    """The inner call as the outer one makes it, standing where the outer one stands, and what it calls."""
    function = through.function
    positional, star, names = function.signature
    handed = outer.args
    keywords = outer.kwargs
    for part in through.partials:
        handed = (*part.args[1:], *handed)
        keywords = (*part.kwargs, *keywords)
    handed = handed[through.skipped :]
    if through.receiver is not None:
        handed = (through.receiver, *handed)
    if any(one.__class__ is v.Star for one in handed) or any(key is None for key, _ in keywords):
        return None
    bound = arguments.bind(outer, through)
    bound.pop(star or "", None)
    rest = handed[len(positional) :]
    named = tuple([(key, one) for key, one in keywords if key not in names])
    args: list[v.Value] = []
    for one in inner.args:
        if one.__class__ is v.Star:
            if not is_gathered(one.value, function, "*"):
                return None
            args += rest
        else:
            args.append(_of_outer(one, function, bound))
    kwargs: list[tuple[str | None, v.Value]] = []
    for key, one in inner.kwargs:
        if key is None and is_gathered(one, function, "**"):
            kwargs += named
        else:
            kwargs.append((key, _of_outer(one, function, bound)))
    func = _of_outer(inner.func, function, bound)
    expr = _written(outer, args, kwargs)
    return v.Call(func, tuple(args), tuple(kwargs), expr, outer.flow, outer.path, outer.loops, outer.order), func


def _written(outer: v.Call, args: list[v.Value], kwargs: list[tuple[str | None, v.Value]]) -> Any:
    """The outer call's expression with the inner one's arguments, each as it is written in the outer one."""
    expr = outer.expr
    if expr is None or expr[0] != "c":
        return expr
    own = {id(one): written for one, written in zip(outer.args, expr[2])}
    own |= {id(one): written for (_, one), (_, written) in zip(outer.kwargs, expr[3])}
    positional = [own.get(id(one), one.expr) for one in args]
    named = [(key, own.get(id(one), one.expr)) for key, one in kwargs]
    if None in positional or any(written is None for _, written in named):
        return expr
    return (*expr[:2], tuple(positional), tuple(named), *expr[4:])


def _of_outer(value: v.Value, function: Function, bound: dict[str, v.Value]) -> v.Value:
    if value.__class__ is v.Param and value.function is function:
        return bound.get(value.name, value)
    return value
