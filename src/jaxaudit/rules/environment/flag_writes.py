"""Where source sets variables of the environment: of its own process, or of one that it starts."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import single
from jaxaudit.source.scopes import Function

VARIABLE = "XLA_FLAGS"
OWN = frozenset({"os.environ.setdefault", "os.putenv", "os.environ.__setitem__"})
SETTERS = frozenset({"setdefault", "putenv", "setenv", "__setitem__", "set_env", "update_env"})


class FlagWrite(NamedTuple):
    """One write of a variable: in which order, and what is written. `own` is the environment of this very process."""

    function: Function
    name: str
    value: v.Value
    expr: Any
    order: int
    path: v.Path
    loops: tuple[Any, ...]
    own: bool
    augmented: bool = False


def environment_writes(program: Program) -> list[FlagWrite]:
    """`os.environ[...] = ...`, `+=`, `setdefault`, `update`, `putenv`, `setenv`, and tables with such a key."""
    found = program.memo.get("environment writes")
    if found is None:
        found = program.memo["environment writes"] = list(_writes(program))
    return found


def _writes(program: Program) -> Iterator[FlagWrite]:
    units = dict.fromkeys(program.units_applying(["os.environ", "os.putenv", "pytest.setenv"]))
    for word, places in program.index.items():
        if word == VARIABLE or word.startswith("JAX_"):
            units.update(dict.fromkeys(places))
    for module, unit in units:
        if module.context:
            continue
        program.graph.link_unit(module, unit)
        for function in program.functions_of_unit(module, unit):
            yield from _stored(program, function)
            yield from _called(program, function)


def _stored(program: Program, function: Function) -> Iterator[FlagWrite]:
    flow = function.flow
    for store in flow.stores:
        yield from _table(function, store.value, store.order, store.path, store.loops, store.name == "environ")
        if store.kind != "item" or store.base is None:
            continue
        name = constant_text(program, store.name) if isinstance(store.name, v.Value) else None
        if name:
            own = c.known_name(program, store.base) == "os.environ"
            yield FlagWrite(
                function, name, store.value, store.expr, store.order, store.path, store.loops, own, store.augmented
            )
    for bind in flow.binds:
        yield from _table(function, bind.value, bind.order, bind.path, bind.loops, False)
    for back in flow.returns:
        yield from _table(function, back.value, back.order, back.path, back.loops, False)


def _called(program: Program, function: Function) -> Iterator[FlagWrite]:
    for call in function.flow.calls:
        known = c.known_name(program, call.func)
        updates = known == "os.environ.update"
        last = known.rpartition(".")[2] if known else call.func.name if isinstance(call.func, v.Attr) else ""
        at = (call.order, call.path, call.loops)
        if last in SETTERS and len(call.args) > 1:
            name = constant_text(program, call.args[0])
            if name:
                yield FlagWrite(function, name, call.args[1], call.expr, *at, known in OWN)
        for key, value in call.kwargs:
            if key and (updates or key == VARIABLE):
                yield FlagWrite(function, key, value, call.expr, *at, updates)
            yield from _table(function, value, *at, False)
        for argument in call.args:
            yield from _table(function, argument, *at, updates)


def _table(
    function: Function, value: v.Value, order: int, path: v.Path, loops: tuple[Any, ...], own: bool
) -> Iterator[FlagWrite]:
    """The entries of a dict that is written out here, also as part of `os.environ | {...}`."""
    if isinstance(value, v.Op) and value.name == "BitOr" and value.flow is function.flow:
        for operand in value.operands:
            yield from _table(function, operand, order, path, loops, own)
    if isinstance(value, v.Mapping) and value.flow is function.flow:
        for key, inner in value.pairs:
            if isinstance(key, v.Const) and isinstance(key.value, str):
                yield FlagWrite(function, key.value, inner, key.expr, order, path, loops, own)


def constant_text(program: Program, value: v.Value) -> str | None:
    """The text of a literal, or of the one literal that a name stands for."""
    settled = single(program, value)
    return settled.value if isinstance(settled, v.Const) and isinstance(settled.value, str) else None
