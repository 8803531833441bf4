"""Where source writes XLA_FLAGS, and the string literals that end up in it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.program import Function, Program

VARIABLE = "XLA_FLAGS"
SETTERS = {"os.environ.setdefault": 0, "os.putenv": 0, "os.environ.__setitem__": 0}


class FlagWrite(NamedTuple):
    """One write of an environment variable: where, in which order, and what is written."""

    function: Function
    name: str
    value: v.Value
    expr: Any
    order: int
    path: v.Path


def environment_writes(program: Program) -> Iterator[FlagWrite]:
    """`os.environ[...] = ...`, `+=`, `setdefault`, `update`, `putenv`, `monkeypatch.setenv`."""
    for module, unit in program.units_applying(["os.environ", "os.putenv", "pytest.setenv"]):
        program.graph.link_unit(module, unit)
        for function in program.functions_of_unit(module, unit):
            if not module.context:
                yield from _writes_of(program, function)


def _writes_of(program: Program, function: Function) -> Iterator[FlagWrite]:
    flow = function.flow
    for store in flow.stores:
        if store.kind != "item" or store.base is None or c.known_name(program, store.base) != "os.environ":
            continue
        if isinstance(store.name, v.Const) and isinstance(store.name.value, str):
            yield FlagWrite(function, store.name.value, store.value, store.expr, store.order, store.path)
    for call in flow.calls:
        name = c.known_name(program, call.func)
        attribute = call.func.name if isinstance(call.func, v.Attr) else ""
        if (name in SETTERS or attribute == "setenv") and len(call.args) > 1 and isinstance(call.args[0], v.Const):
            yield FlagWrite(function, str(call.args[0].value), call.args[1], call.expr, call.order, call.path)
        elif name == "os.environ.update":
            for key, value in call.kwargs:
                if key:
                    yield FlagWrite(function, key, value, call.expr, call.order, call.path)
            for part in call.args[:1]:
                if isinstance(part, v.Mapping):
                    for one, value in part.pairs:
                        if isinstance(one, v.Const):
                            yield FlagWrite(function, str(one.value), value, call.expr, call.order, call.path)


def literals(program: Program, value: v.Value, depth: int = 0) -> Iterator[v.Const]:
    """The string literals that a text is made of: sums, joins, f-strings, conditional parts, names for them."""
    if depth > 8:
        return
    if isinstance(value, v.Const):
        if isinstance(value.value, str) and value.expr is not None and value.flow is not None:
            yield value
        return
    if isinstance(value, v.Call):
        if c.known_name(program, value.func) in ("os.environ.get", "os.getenv"):
            return
        inner = [*value.args]
        if isinstance(value.func, v.Attr):
            inner.insert(0, value.func.base)
    elif isinstance(value, v.Item) and c.known_name(program, value.base) == "os.environ":
        return
    else:
        inner = [*(c.expand(program, value) or value.parts())]
    for part in inner:
        yield from literals(program, part, depth + 1)
