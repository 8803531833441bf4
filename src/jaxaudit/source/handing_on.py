"""Functions that hand on what they were given: `def run(*args, **kwargs): return step(*args, **kwargs)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxaudit.source import values as v

if TYPE_CHECKING:
    from jaxaudit.source.scopes import Function


def hands_on(call: v.Call) -> bool:
    """Whether a call hands on the `*args` or `**kwargs` of the function that it stands in."""
    function = call.flow.function
    for value in call.args:
        if value.__class__ is v.Star and is_gathered(value.value, function, "*"):
            return _is_settled(call.func, function)
    for key, value in call.kwargs:
        if key is None and is_gathered(value, function, "**"):
            return _is_settled(call.func, function)
    return False


def is_gathered(value: v.Value, function: Function, kind: str) -> bool:
    if value.__class__ is not v.Param or value.function is not function:
        return False
    parameter = function.parameter(value.name)
    return parameter is not None and parameter.kind == kind


def _is_settled(func: v.Value, function: Function) -> bool:
    """The same function at each call, or the one that this call hands over; not what a decorator was given."""
    func = v.settle(func)
    return func.__class__ is not v.Param or func.function is function


def only_hands_on(wrapper: Function, decorator: Function) -> bool:
    """`def inner(*args, **kwargs): return f(*args, **kwargs)` of a decorator of `f`: who calls it calls `f`, and that is all."""
    positional, star, names = wrapper.signature
    decorated = next((one.name for one in decorator.all_parameters), None)
    flow = wrapper.flow
    calls = [one for one in flow.calls if not one.decorator]
    if positional or names or star is None or len(calls) != 1 or flow.stores or flow.loops:
        return False
    call = calls[0]
    func = v.settle(call.func)
    is_decorated = func.__class__ is v.Param and func.function is decorator and func.name == decorated
    stars = [one for one in call.args if one.__class__ is v.Star and is_gathered(one.value, wrapper, "*")]
    more = [key for key, one in call.kwargs if key is not None or not is_gathered(one, wrapper, "**")]
    return is_decorated and len(stars) == len(call.args) == 1 and not more
