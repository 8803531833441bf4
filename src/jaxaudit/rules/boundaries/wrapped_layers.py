"""The wrappers around a function, seen from jit: those that it compiles along with the function, those outside it."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.knowledge.higher_order import TRANSPARENT
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import single
from jaxaudit.source.scopes import Function


class Layer(NamedTuple):
    """One wrapper: the call that applies it, and its canonical name ("" for the project's own)."""

    call: v.Call
    name: str
    spelled: str


class Stack(NamedTuple):
    """A jit with the wrappers under it (the outermost first), those above it (the nearest first), and the function."""

    use: c.TransformUse
    under: tuple[Layer, ...]
    above: tuple[Layer, ...]
    function: Function


def stacks(program: Program) -> Iterator[Stack]:
    """Every jit that has another wrapper under or above it."""
    outside = _wrappers_above(program)
    for use in list(program.graph.uses):
        flow = use.call.flow
        if use.spec.kind not in ("jit", "pmap") or not use.spec.wraps or not use.functions or flow is None:
            continue
        if flow.function.module.context:
            continue
        under, function = _wrappers_under(program, use.functions[0][0])
        above = tuple(outside.get(id(use.call), ()))
        if function is not None and (under or above):
            yield Stack(use, under, above, function)


def _wrappers_under(program: Program, value: v.Value) -> tuple[tuple[Layer, ...], Function | None]:
    layers: list[Layer] = []
    for _ in range(8):
        value = single(program, value)
        if isinstance(value, v.FunctionValue):
            return tuple(layers), value.function
        if not isinstance(value, v.Call) or not value.args:
            return tuple(layers), None
        use = c.transform_of(program, value)
        if use is None or not use.spec.wraps:
            layers.append(_layer(program, value))
        elif use.spec.kind == "custom":
            layers.append(Layer(value, use.name, use.short))
        value = value.args[0] if use is None or not use.functions else use.functions[0][0]
    return tuple(layers), None


def _layer(program: Program, call: v.Call) -> Layer:
    from jaxaudit.source.facts import text

    name = c.known_name(program, call.func)
    if name is None:
        made = single(program, call.func)
        if isinstance(made, v.Call):
            name = c.known_name(program, made.func)
            if name == "functools.partial" and made.args:
                name = c.known_name(program, made.args[0])
    expr = call.expr if call.decorator else call.expr[1]
    return Layer(call, name or "", text(expr, 40))


def _wrappers_above(program: Program) -> dict[int, list[Layer]]:
    """By the jit's call: what is applied to its result in the same definition."""
    out: dict[int, list[Layer]] = {}
    for function in program.graph.linked_functions:
        chain: list[v.Call] = []
        value = function.bound
        while isinstance(value, v.Call) and value.decorator and value.args:
            chain.append(value)
            value = value.args[0]
        for number, call in enumerate(chain[1:], 1):
            use = c.transform_of(program, call)
            if use is not None and use.spec.kind in ("jit", "pmap"):
                out[id(call)] = [_layer_or_transform(program, one) for one in reversed(chain[:number])]
    for use in program.graph.uses:
        if use.spec.kind not in ("vmap", "grad") or not use.functions or use.call.decorator:
            continue
        inner = use.functions[0][0]
        if isinstance(inner, v.Call):
            below = c.transform_of(program, inner)
            if below is not None and below.spec.kind in ("jit", "pmap") and below.functions:
                out.setdefault(id(inner), []).append(Layer(use.call, use.name, use.short))
    return out


def _layer_or_transform(program: Program, call: v.Call) -> Layer:
    use = c.transform_of(program, call)
    return Layer(call, use.name, use.short) if use is not None else _layer(program, call)


def wrapper_functions(program: Program, layer: Layer) -> list[Function]:
    """The functions that a decorator of the project puts in the place of what it decorates."""
    if layer.name in TRANSPARENT:
        return []
    wrapped = {target.function for target in c.targets(program, layer.call.args[0])}
    found = {target.function: None for target in c.targets(program, layer.call)}
    return [function for function in found if function not in wrapped]
