"""A project's own spellings of `jit`: `def compiled(*names): return partial(jax.jit, static_argnames=names)`.

Whoever applies one of them applies `jit`, with the options that stand where it is applied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.source import arguments, provenance
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.knowledge.transforms_of_libraries import TRANSFORMS

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

DEEPEST = 5
Kwargs = tuple[tuple[str | None, v.Value], ...]


class Given(NamedTuple):
    """What the parameters of the functions looked through get; `extra` are the keywords behind a `**`."""

    values: Mapping[tuple[int, str], v.Value]
    extra: Mapping[tuple[int, str], Kwargs]


NOTHING = Given({}, {})


def own_transform(program: Program, call: v.Call) -> c.TransformUse | None:
    """The `jit` that a call of the project's own decorator applies to what it is given."""
    made = provenance.single(program, call.func)
    if isinstance(made, v.FunctionValue):
        return applied(program, made.function, call, call.args, call.kwargs, NOTHING)
    if not isinstance(made, v.Call) or not call.args:
        return None
    maker = v.settle(made.func)
    if c.known_name(program, made.func) == "functools.partial" and made.args:
        inner = v.settle(made.args[0])
        if not isinstance(inner, v.FunctionValue):
            return None
        handed = (*made.args[1:], *call.args)
        return applied(program, inner.function, call, handed, (*made.kwargs, *call.kwargs), NOTHING)
    if not isinstance(maker, v.FunctionValue) or not mentions_a_transform(program, maker.function):
        return None
    given = bound(program, maker.function, made.args, made.kwargs, NOTHING)
    found = [one for r in maker.function.flow.returns if (one := decorator(program, r.value, call, given)) is not None]
    return found[0] if len(found) == 1 else None


def mentions_a_transform(program: Program, function: Function) -> bool:
    units: frozenset[tuple[int, int]] | None = program.memo.get("units of transforms")
    if units is None:
        found = program.units_applying(TRANSFORMS)
        units = program.memo["units of transforms"] = frozenset([(id(module), unit) for module, unit in found])
    return (id(function.module), function.unit) in units


def makes_one(program: Program, function: Function) -> bool:
    """Whether a function returns the `jit` of a parameter of its own, or a `partial` of `jit`."""
    for returned in function.flow.returns:
        value = returned.value
        if not isinstance(value, v.Call):
            continue
        use = jit_of(program, value)
        if use is not None and _is_made_of(use.functions[0][0], function):
            return True
        if c.known_name(program, value.func) == "functools.partial" and value.args:
            if c.known_name(program, value.args[0]) in TRANSFORMS:
                return True
    return False


def decorator(program: Program, made: v.Value, call: v.Call, given: Given) -> c.TransformUse | None:
    """What a factory returns, applied: `partial(jax.jit, ...)`, a nested function, or a partial of the factory."""
    made = provenance.single(program, made)
    if isinstance(made, v.FunctionValue):
        return applied(program, made.function, call, call.args, call.kwargs, given)
    if not isinstance(made, v.Call) or c.known_name(program, made.func) != "functools.partial" or not made.args:
        return None
    name = c.known_name(program, made.args[0]) or ""
    spec = TRANSFORMS.get(name)
    if spec is not None and spec.kind == "jit" and spec.wraps and len(made.args) == 1:
        options = _options(made, given)
        return c.TransformUse(name, spec, call, (options,), ((call.args[0], spec.functions[0]),))
    inner = v.settle(made.args[0])
    if not isinstance(inner, v.FunctionValue):
        return None
    handed = (*[put(one, given) for one in made.args[1:]], *call.args)
    return applied(program, inner.function, call, handed, (*_put_all(made.kwargs, given), *call.kwargs), given)


def applied(
    program: Program, function: Function, call: v.Call, args: tuple[v.Value, ...], kwargs: Kwargs, given: Given
) -> c.TransformUse | None:
    """`def fast(fn): return jax.jit(fn, ...)` applied to a function."""
    if not args or function.owner is not None or not mentions_a_transform(program, function):
        return None
    inside = bound(program, function, args, kwargs, given)
    found = None
    for returned in function.flow.returns:
        use = jit_of(program, returned.value)
        if use is None:
            if provenance.single(program, returned.value).__class__ not in (v.Call, v.FunctionValue):
                return None  # `return fn`: compiled or not, as it may be
            continue
        value, slot = use.functions[0]
        if found is not None or not _is_made_of(value, function):
            return None
        handed = put(value, inside)
        if handed is value or (handed.__class__ is v.Const):
            return None
        found = c.TransformUse(
            use.name, use.spec, call, tuple([_options(one, inside) for one in use.options]), ((handed, slot),)
        )
    return found


def jit_of(program: Program, value: v.Value) -> c.TransformUse | None:
    """The one `jit` that a value is, also behind `functools.wraps(fn)(...)` and a wrapper that hands all on to it."""
    value = provenance.single(program, value)
    if isinstance(value, v.FunctionValue):
        inside = [one.value for one in value.function.flow.returns]
        calls = [one for one in inside if isinstance(one, v.Call) and any(isinstance(a, v.Star) for a in one.args)]
        return jit_of(program, calls[0].func) if len(calls) == len(inside) == 1 else None
    if not isinstance(value, v.Call):
        return None
    if isinstance(value.func, v.Call) and value.args and c.known_name(program, value.func.func) == "functools.wraps":
        return jit_of(program, value.args[0])
    use = c.transform_of(program, value)
    alike = use is not None and use.spec.kind == "jit" and use.spec.wraps and len(use.functions) == 1
    return use if alike else None


def _is_made_of(value: v.Value, function: Function, depth: int = 0) -> bool:
    """A parameter of the function itself, or a transformation of one."""
    if isinstance(value, v.Param):
        return value.function is function
    return (
        isinstance(value, v.Call) and depth < DEEPEST and any(_is_made_of(a, function, depth + 1) for a in value.args)
    )


def bound(program: Program, function: Function, args: tuple[v.Value, ...], kwargs: Kwargs, given: Given) -> Given:
    """What each parameter gets, the gathering ones included."""
    flow = (function.parent or function.module.function).flow
    call = v.Call(v.Unknown(), args, kwargs, None, flow, (), (), 0)
    handed = arguments.bind(call, c.Target(function))
    positional, _, names = function.signature
    values = {**given.values}
    extra = {**given.extra}
    for parameter in function.all_parameters:
        key = (id(function), parameter.name)
        if parameter.kind == "*":
            rest = args[len(positional) :]
            values[key] = v.Sequence("tuple", rest, len(rest), None, rest[0].flow if rest else None)
        elif parameter.kind == "**":
            extra[key] = tuple([(k, one) for k, one in kwargs if k is not None and k not in names])
        elif parameter.name in handed:
            values[key] = handed[parameter.name]
        elif parameter.default is not None:
            values[key] = flow.detached(parameter.default)
    return Given(values, extra)


def put(value: v.Value, given: Given, depth: int = 0) -> v.Value:
    """The value with parameters replaced by what they get."""
    if depth > DEEPEST:
        return value
    value = v.settle(value)
    if isinstance(value, v.Param):
        return given.values.get((id(value.function), value.name), value)
    if isinstance(value, v.Sequence):
        items = tuple([put(one, given, depth + 1) for one in value.items])
        if all(new is old for new, old in zip(items, value.items)):
            return value
        return v.Sequence(value.kind, items, value.length, value.expr, value.flow)
    if isinstance(value, v.Call):
        args = tuple([put(one, given, depth + 1) for one in value.args])
        kwargs = _put_all(value.kwargs, given, depth + 1)
        if all(new is old for new, old in zip(args, value.args)) and kwargs == value.kwargs:
            return value
        return v.Call(value.func, args, kwargs, value.expr, value.flow, value.path, value.loops, value.order)
    return value


def _put_all(kwargs: Kwargs, given: Given, depth: int = 0) -> Kwargs:
    out: list[tuple[str | None, v.Value]] = []
    for key, value in kwargs:
        options = v.settle(value) if key is None else value
        if key is None and isinstance(options, v.Param) and (id(options.function), options.name) in given.extra:
            out += given.extra[id(options.function), options.name]
        elif key is None:
            written = put(options, given, depth)
            named = arguments.keywords_of(written) if written is not options else {}
            out += list(named.items()) or [(None, written)]
        else:
            out.append((key, put(value, given, depth)))
    return tuple(out)


def _options(call: v.Call, given: Given) -> v.Call:
    """The call that carries the options, as it is where the decorator is applied."""
    kwargs = _put_all(call.kwargs, given)
    return v.Call(call.func, call.args, kwargs, call.expr, call.flow, call.path, call.loops, call.order)
