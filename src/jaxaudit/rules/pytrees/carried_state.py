"""What a loop hands back to the function that made it: `x = step(x)`, and the carry of a `scan`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.rules.pytrees.argument_kinds import Difference, Seen, difference, seen_of
from jaxaudit.rules.pytrees.state_leaves import Leaf, leaf_after, leaves_of, parts_of
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.kinds import UNKNOWN, Kind, kind_of, kind_supposing
from jaxaudit.source.sites import Site

if TYPE_CHECKING:
    from jaxaudit.source.callgraph import Edge
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

SCANS = {"scan": (1, "init", 0), "while_loop": (2, "init_val", -1), "fori_loop": (3, "init_val", -1)}
"""Loop -> where its first carry stands, and which item of the body's result is the next one (-1: all of it)."""


class WeakLeaf(NamedTuple):
    """A leaf that a step turns from weakly to strongly typed: `sure` where the way through the step was seen."""

    param: str
    leaf: Leaf
    sure: bool


def rebound(program: Program, edge: Edge) -> Iterator[tuple[str, v.Carried, int | None]]:
    """Parameters that get, in a loop, what the same call returned the turn before: name, value, item of the result."""
    for name, value in bind(edge.call, edge.target).items():
        if value.__class__ is not v.Carried or value.loop not in edge.call.loops:
            continue
        after = _last(value.after)
        if after is edge.call:
            yield name, value, None
        elif after.__class__ is v.Item and after.base is edge.call and after.index.__class__ is v.Const:
            yield name, value, after.index.value


def _last(value: v.Value | None) -> v.Value | None:
    """Through `if` arms that keep the name as it was."""
    if value.__class__ is v.Phi:
        fresh = [o for o in value.options if o.__class__ is not v.Carried]
        return fresh[0] if len(fresh) == 1 else value
    return value


def picked(value: v.Value, item: int | None) -> v.Value | None:
    """One item of what a function returns."""
    if item is None:
        return value
    if value.__class__ is v.Sequence and item < len(value.items):
        return value.items[item]
    return None


def changed(program: Program, site: Site, edge: Edge) -> Iterator[tuple[str, Difference]]:
    """Rebound arguments that come back as something that jit tells apart from what went in."""
    given = _given(program, edge)
    for name, value, item in rebound(program, edge):
        if name in site.static or value.before is None:
            continue
        before = seen_of(program, value.before)
        if before is None:
            continue
        afters = [_returned(program, r.value, item, given) for r in edge.target.function.flow.returns]
        if len(afters) != 1 or afters[0] is None:
            continue
        found = difference(before, afters[0])
        if site.filtered and before.host and not afters[0].host and afters[0].structure == "leaf":
            found = Difference("structure", before, afters[0])  # static at first, then traced
        if found is not None:
            yield name, found


def _given(program: Program, edge: Edge) -> list[tuple[v.Value, Kind]]:
    """What the call hands over at its first turn, for each parameter."""
    flow = edge.target.function.flow
    out = []
    for name, value in bind(edge.call, edge.target).items():
        first = value.before if value.__class__ is v.Carried and value.before is not None else value
        if name in flow.bindings:
            out.append((flow.bindings[name][0], as_traced(kind_of(program, first))))
    return out


def as_traced(kind: Kind) -> Kind:
    """A Python number becomes a weakly typed scalar when it is traced."""
    dtypes = {"int": "int32", "float": "float32", "complex": "complex64"}
    if kind.what in dtypes:
        return Kind("array", "jax", (), dtypes[kind.what], True)
    return kind._replace(library="jax") if kind.is_array else kind


def _returned(program: Program, value: v.Value, item: int | None, given: list[tuple[v.Value, Kind]]) -> Seen | None:
    part = picked(value, item)
    if part is None:
        return None
    kind = kind_supposing(program, part, given)
    if kind == UNKNOWN:
        kind = _mapped(program, part, given)
    if kind.is_array and kind.library == "numpy":
        return None
    if kind.is_host_number or kind.what == "none":
        kind = as_traced(kind) if kind.is_host_number else kind
    return seen_of(program, part, kind)


def _mapped(program: Program, part: v.Value, given: list[tuple[v.Value, Kind]]) -> Kind:
    """A `jax.tree.map` over two trees or more takes one structure of all of them: the one that is known."""
    if part.__class__ is not v.Call or len(part.args) < 3 or c.known_name(program, part.func) != "jax.tree.map":
        return UNKNOWN
    trees = {kind_supposing(program, tree, given).what for tree in part.args[1:]} & {"tuple", "list", "dict"}
    return Kind(trees.pop()) if len(trees) == 1 else UNKNOWN


# -- leaves of a state -------------------------------------------------------------------------------------------------


def weak_leaves(program: Program, edge: Edge, *, filtered: bool) -> Iterator[WeakLeaf]:
    """Weakly typed leaves of a rebound model or state that the step hands back strong."""
    function = edge.target.function
    for name, value, item in rebound(program, edge):
        if value.before is None:
            continue
        for leaf in leaves_of(program, value.before):
            host = leaf.kind.is_host_number
            if host and not filtered:
                leaf = leaf._replace(kind=as_traced(leaf.kind))
            if not leaf.kind.is_array or leaf.kind.weak is not True:
                continue
            found = {
                leaf_after(program, function, name, leaf, part)
                for part in [picked(r.value, item) for r in function.flow.returns]
                if part is not None
            }
            if found == {"strong"}:
                yield WeakLeaf(name, leaf, True)
            elif found == {""} and not host:
                yield WeakLeaf(name, leaf, False)


# -- carries of scan, while_loop, fori_loop ----------------------------------------------------------------------------


class BadCarry(NamedTuple):
    """A carry whose first value and next value JAX refuses to take for the same."""

    name: str
    first: v.Value
    found: Difference


def bad_carries(program: Program, use: c.TransformUse) -> Iterator[BadCarry]:
    row = SCANS.get(use.short)
    if row is None or not use.name.startswith("jax.lax."):
        return
    init = use.call.argument(row[0], row[1])
    body = use.functions[-1][0] if use.functions else None
    if init is None or body is None:
        return
    targets = c.targets(program, body)
    if len(targets) != 1 or targets[0].partials or targets[0].receiver is not None or targets[0].chain:
        return
    function = targets[0].function
    positional = [p.name for p in function.all_parameters if p.kind == "positional"]
    at = 1 if use.short == "fori_loop" else 0
    returns = [picked(r.value, None if row[2] < 0 else row[2]) for r in function.flow.returns]
    if at >= len(positional) or len(returns) != 1 or returns[0] is None:
        return
    carry = function.flow.bindings[positional[at]][0]
    given = _inside_loop(program, use, function, positional)
    yield from _compare(program, init, carry, returns[0], given)


def _inside_loop(
    program: Program, use: c.TransformUse, function: Function, positional: list[str]
) -> list[tuple[v.Value, Kind]]:
    """What the body's other parameters are: the counter, or one slice of `xs`."""
    if use.short == "fori_loop":
        return [(function.flow.bindings[positional[0]][0], Kind("array", "jax", (), "int32", False))]
    if use.short == "scan" and len(positional) > 1:
        over = use.call.argument(2, "xs")
        kind = kind_of(program, over) if over is not None else UNKNOWN
        element = (
            kind._replace(shape=kind.shape[1:] if kind.shape else None, library="jax", weak=False)
            if kind.is_array
            else UNKNOWN
        )
        return [(function.flow.bindings[positional[1]][0], element)]
    return []


def _compare(
    program: Program, init: v.Value, carry: v.Value, after: v.Value, given: list[tuple[v.Value, Kind]]
) -> Iterator[BadCarry]:
    root = v.settle(init)
    if root.__class__ is v.Sequence and root.kind in ("tuple", "list"):
        items: tuple[v.Value, ...] = root.items
        if after.__class__ is v.Sequence and after.kind in ("tuple", "list"):
            if after.kind != root.kind:
                one, other = (Seen(x.kind, None, None, None, x) for x in (root, after))
                yield BadCarry("", init, Difference("container", one, other))
                return
            if len(items) != len(after.items) or not any(_known_leaf(program, item) for item in items):
                return
            seeds = list(given)
            for index, item in enumerate(items):
                leaf = Leaf(str(index), item, as_traced(kind_of(program, item)), "")
                seeds += [(part, leaf.kind) for part in parts_of(carry, leaf, after)]
            for item, result in zip(items, after.items):
                yield from _refused(program, item, result, seeds)
        return
    yield from _refused(program, init, after, [*given, (carry, as_traced(kind_of(program, init)))])


def _known_leaf(program: Program, first: v.Value) -> Seen | None:
    """The first value of a carried leaf, where enough is known of it that the next one could differ."""
    seen = seen_of(program, first, as_traced(kind_of(program, first)))
    if seen is None or seen.structure != "leaf":
        return None
    return seen if seen.rank is not None or (seen.dtype is not None and seen.weak is False) else None


def _refused(program: Program, first: v.Value, after: v.Value, given: list[tuple[v.Value, Kind]]) -> Iterator[BadCarry]:
    before = _known_leaf(program, first)
    if before is None:
        return
    result = seen_of(program, after, as_traced(kind_supposing(program, after, given)))
    if result is None or result.structure != "leaf":
        return
    found = difference(before, result)
    if found is None or found.what == "weak type" or (found.what == "dtype" and before.weak is not False):
        return  # a weakly typed carry is promoted
    yield BadCarry("", first, found)
