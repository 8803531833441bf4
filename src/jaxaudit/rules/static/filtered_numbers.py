"""Python numbers that change and reach `equinox.filter_jit`, in the project's own functions or inside a library's."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from jaxaudit.rules.static.changes import Change, change
from jaxaudit.rules.static.origins import argument_expr, sure_calls
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.kinds import Kind, kind_of
from jaxaudit.source.knowledge.filter_jitted import FILTER_JITTED
from jaxaudit.source.lifetime import frequency
from jaxaudit.source.program import Program
from jaxaudit.source.sites import jit_sites
from jaxaudit.source.structure import Role, role

_LIBRARIES = ("diffrax.", "optimistix.", "lineax.")
HOST_NUMBERS = frozenset({"int", "float", "complex"})


class FilteredNumber(NamedTuple):
    """A changing Python number for the parameter `name` of `callee`; `expr` is how it is written at the call."""

    call: v.Call
    name: str
    callee: str
    expr: Any
    kind: Kind
    change: Change
    role: Role
    direct: bool


def filtered_numbers(program: Program) -> Iterator[FilteredNumber]:
    yield from _of_functions(program)
    yield from _of_libraries(program)


def _of_functions(program: Program) -> Iterator[FilteredNumber]:
    for site in jit_sites(program):
        if not site.filtered or site.flow.function.module.context:
            continue
        told: set[str] = set()
        for edge in sure_calls(program, site):
            for name, value in bind(edge.call, edge.target).items():
                if name in told or name == site.function.self_name:
                    continue
                used = role(program, site.function, name)
                found = changing_number(program, edge.call, name, value, site.function.name, used)
                if found is not None:
                    told.add(name)
                    yield found


def _of_libraries(program: Program) -> Iterator[FilteredNumber]:
    for module, unit in program.units_applying(FILTER_JITTED):
        program.graph.link_unit(module, unit)
        for function in program.functions_of_unit(module, unit) if not module.context else ():
            for call in function.flow.calls:
                callee = c.known_name(program, call.func) or ""
                for position, keyword in FILTER_JITTED.get(callee, ()):
                    value = call.argument(position, keyword)
                    short = callee.rpartition(".")[2]
                    used = Role((), True)
                    found = changing_number(program, call, keyword, value, short, used) if value is not None else None
                    if found is not None:
                        yield found
                        break


def changing_number(
    program: Program, call: v.Call, name: str, value: v.Value, callee: str, used: Role
) -> FilteredNumber | None:
    """The first number that changes: the argument, or an item of the tuple or dict that it is."""
    assert call.flow is not None
    caller = call.flow.function
    if program.tracing.context(caller, abstract=True) is not None:
        return None
    for leaf in leaves(program, value):
        kind = kind_of(program, leaf)
        if kind.what not in HOST_NUMBERS:
            continue
        found = change(program, leaf, call.loops, frequency(program, caller).how == "many")
        if found is not None:
            written = argument_expr(call, value)
            expr = written if leaf is value or leaf.expr is None or leaf.flow is not call.flow else leaf.expr
            return FilteredNumber(call, name, callee, expr, kind, found, used, is_direct(leaf))
    return None


def leaves(program: Program, value: v.Value, depth: int = 0) -> list[v.Value]:
    """The values inside a tuple, a dict, or an object of these libraries (`PIDController(rtol=...)`)."""
    if depth < 3 and isinstance(value, v.Sequence | v.Mapping):
        return [leaf for part in value.parts() for leaf in leaves(program, part, depth + 1)]
    if depth < 3 and isinstance(value, v.Call) and (c.known_name(program, value.func) or "").startswith(_LIBRARIES):
        return [leaf for part in value.parts()[1:] for leaf in leaves(program, part, depth + 1)]
    return [value]


def is_direct(value: v.Value, depth: int = 0) -> bool:
    """A loop's variable, or arithmetic on it: nothing that may give the same number again."""
    if isinstance(value, v.Op) and depth < 6:
        return all(is_direct(part, depth + 1) for part in value.operands)
    return isinstance(value, v.Elem | v.Carried | v.Const) or (
        isinstance(value, v.Item) and isinstance(value.base, v.Elem)
    )
