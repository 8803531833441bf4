"""Items of a jitted function's argument that are written in place: JAX builds the argument anew for each call, so they are lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.rules.captures.compiled_code import Compiled
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.events import Loop, Store
from jaxaudit.source.facts import start
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.lifetime import repeats
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import roots

FURTHEST = 3


class LostWrite(NamedTuple):
    """A write into `argument` of the jitted function, and the call that hands in the same object in each turn."""

    store: Store
    argument: str
    call: v.Call
    read_later: bool


def lost_writes(program: Program, compiled: Compiled) -> Iterator[LostWrite]:
    """One for each argument whose items are written from what they were, where the caller hands in one object again and again."""
    said: set[str] = set()
    for store in compiled.function.flow.stores:
        if store.kind != "item" or store.base is None:
            continue
        argument = _argument(program, compiled, store.base)
        if not argument or argument in said or not _goes_on(program, store):
            continue
        if any(_holds(one.value, argument, compiled) for one in compiled.site.function.flow.returns):
            continue
        for edge in program.graph.callers(compiled.site.function):
            value = bind(edge.call, edge.target).get(argument)
            loop = repeats(edge.call.loops)
            if value is None or loop is None or edge.call.flow is None or not _stays(program, value, loop):
                continue
            said.add(argument)
            yield LostWrite(store, argument, edge.call, _is_read_behind(edge.call, value, loop))
            break


def _argument(program: Program, compiled: Compiled, base: v.Value) -> str:
    """The parameter of the jitted function that is written into, by way of one helper at most; "" for others."""
    base = v.settle(base)
    function, site = compiled.function, compiled.site
    if not isinstance(base, v.Param) or base.function is not function or base.name == function.self_name:
        return ""
    if kind_of(program, base).is_array:
        return ""
    if function is not site.function:
        handed = None
        if len(compiled.calls) == 1:
            targets = [one for one in c.targets(program, compiled.calls[0].func) if one.function is function]
            handed = bind(compiled.calls[0], targets[0]).get(base.name) if len(targets) == 1 else None
        if handed is None or not isinstance(written := v.settle(handed), v.Param):
            return ""
        base = written
    is_own = base.function is site.function and base.name not in site.static and base.name != site.function.self_name
    return base.name if is_own else ""


def _goes_on(program: Program, store: Store) -> bool:
    """`stats["seen"] = stats["seen"] + n`: what it was before is part of what is written."""
    return store.augmented or (store.base is not None and _reads(store.value, v.settle(store.base)))


def _reads(value: v.Value, base: v.Value, depth: int = 0) -> bool:
    if isinstance(value, v.Item) and v.settle(value.base) is base:
        return True
    return depth < FURTHEST and any(_reads(part, base, depth + 1) for part in value.parts())


def _holds(value: v.Value, argument: str, compiled: Compiled, depth: int = 0) -> bool:
    """Whether what is returned holds the argument itself, or may: what a call makes of it is not followed."""
    settled = v.settle(value)
    if isinstance(settled, v.Param):
        return settled.name == argument and settled.function is compiled.site.function
    parts = settled.parts() if isinstance(settled, v.Sequence | v.Mapping | v.Phi | v.Call) and depth < FURTHEST else ()
    return any(_holds(part, argument, compiled, depth + 1) for part in parts)


def _stays(program: Program, value: v.Value, loop: Loop) -> bool:
    """One object for all turns, a dict or a list: made before the loop."""
    found = roots(program, value)
    if not found or any(isinstance(one, v.Carried | v.Elem | v.Unknown | v.Param) for one in found):
        return False
    if not all(kind_of(program, one).what in ("dict", "list") for one in found):
        return False
    return not any(isinstance(one, v.Call) and loop in one.loops for one in (*found, v.settle(value)))


def _is_read_behind(call: v.Call, value: v.Value, loop: Loop) -> bool:
    flow = call.flow
    settled = v.settle(value)
    return flow is not None and any(
        v.settle(use.value) is settled and start(use.expr)[0] > loop.end_line for use in flow.uses
    )
