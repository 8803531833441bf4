"""Where an argument comes from: followed outward through parameters, attributes and callers."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.callgraph import Edge
from jaxaudit.source.events import Loop
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import expand
from jaxaudit.source.scopes import Function
from jaxaudit.source.sites import Site, calls_of, jit_sites
from jaxaudit.source.structure import argument_expr

FARTHEST = 6
"""So many callers above the jitted call are asked."""
MOST = 24


class Handed(NamedTuple):
    """An argument in a static position: `value` for `name` at `call`, through the jit of `site`."""

    site: Site
    name: str
    call: v.Call
    value: v.Value


class Origin(NamedTuple):
    """A value as somebody wrote it, and the calls that carry it to the jitted function, innermost first."""

    value: v.Value
    calls: tuple[v.Call, ...]

    @property
    def loops(self) -> tuple[Loop, ...]:
        return tuple([loop for call in self.calls for loop in call.loops])


def handed_statics(program: Program) -> Iterator[Handed]:
    """Every argument that a call of the project hands to a static parameter."""
    for site in jit_sites(program):
        if not site.static or site.flow.function.module.context:
            continue
        for edge in sure_calls(program, site):
            bound = bind(edge.call, edge.target)
            for name in sorted(site.static):
                value = bound.get(name)
                if value is not None and value.__class__ is not v.Unknown and not starred(value):
                    yield Handed(site, name, edge.call, value)


def sure_calls(program: Program, site: Site) -> Iterator[Edge]:
    """The calls through this wrapper, in code that is checked, that can call nothing else."""
    for edge in calls_of(program, site):
        if edge.call.flow is None or edge.caller.module.context:
            continue
        if len({id(t.function) for t in c.targets(program, edge.call.func)}) <= 1:
            yield edge


def starred(value: v.Value) -> bool:
    """An item of `*args`: which one is not known."""
    return value.__class__ is v.Item and value.index.__class__ is v.Unknown


def origins(program: Program, value: v.Value, calls: tuple[v.Call, ...]) -> list[Origin]:
    out: dict[tuple[int, int], Origin] = {}
    _follow(program, value, calls, 0, out, set())
    return list(out.values())


def _follow(
    program: Program,
    value: v.Value,
    calls: tuple[v.Call, ...],
    depth: int,
    out: dict[tuple[int, int], Origin],
    seen: set[int],
) -> None:
    if len(out) >= MOST or id(value) in seen:
        return
    seen = seen | {id(value)}
    kind = value.__class__
    if kind is v.Param and depth < FARTHEST:
        sources = program.sources(value)  # type: ignore[arg-type]
        for call, source in sources[:16]:
            _follow(program, source, (*calls, call) if call is not None else calls, depth + 1, out, seen)
        if sources:
            return
    elif kind in _FOLLOWED or (kind is v.Item and value.base.__class__ is not v.Elem):  # type: ignore[attr-defined]
        steps = () if is_method(program, value) else expand(program, value)
        for step in steps[:16]:
            _follow(program, step, calls, depth + 1, out, seen)
        if steps:
            return
    out[id(value), id(calls[-1]) if calls else 0] = Origin(value, calls)


_FOLLOWED = frozenset({v.Free, v.Imported, v.Attr, v.Phi, v.Left, v.Carried})


def is_method(program: Program, value: v.Value) -> bool:
    """`obj.method`: a bound method, made of the object."""
    return value.__class__ is v.Attr and any(t.receiver is not None for t in c.targets(program, value))


def written(program: Program, value: v.Value) -> tuple[v.Value, ...]:
    """The values that an argument comes down to."""
    return tuple([o.value for o in origins(program, value, ())])


def function_of(call: v.Call) -> Function:
    assert call.flow is not None
    return call.flow.function


__all__ = ["Handed", "Origin", "argument_expr", "function_of", "handed_statics", "origins", "sure_calls", "written"]
