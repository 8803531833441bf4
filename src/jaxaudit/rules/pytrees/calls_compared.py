"""What the calls of one jitted function hand over for the same parameter, compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.rules.control_flow.running import runs_eagerly
from jaxaudit.rules.pytrees.argument_kinds import Difference, Seen, alternatives, difference, line_of, seen_of
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.sites import Site, calls_of

if TYPE_CHECKING:
    from jaxaudit.source.callgraph import Edge
    from jaxaudit.source.program import Program

MOST_CALLS = 40
_TAKES_DTYPE = frozenset({"jax.numpy.asarray", "jax.numpy.array", "jax.numpy.full"})


def eager_calls(program: Program, site: Site) -> list[Edge]:
    """Calls from outside any trace: each has its own entry in the cache."""
    return [
        e for e in calls_of(program, site)[:MOST_CALLS]
        if e.call.flow is not None and not e.caller.module.context and program.tracing.context(e.caller) is None
    ]  # fmt: skip


class BetweenCalls(NamedTuple):
    """One parameter that two calls hand over differently."""

    found: Difference
    one: Edge
    other: Edge
    confidence: float


def between_calls(program: Program, site: Site, edges: list[Edge], name: str) -> BetweenCalls | None:
    """The surest difference between what the calls of a jitted function hand over for one parameter."""
    seen: list[tuple[Seen, Edge]] = []
    for edge in edges:
        value = bind(edge.call, edge.target).get(name)
        if value is None:
            continue
        for option in (*alternatives(program, value)[:MOST_CALLS], *made_again(edge, value)):
            one = seen_of(program, option)
            if one is not None and not (site.filtered and one.host):
                seen.append((one, edge))
    best: BetweenCalls | None = None
    for index, (one, edge) in enumerate(seen[:MOST_CALLS]):
        for other, second in seen[:index]:
            found = difference(other, one)
            if found is not None:
                change = BetweenCalls(found, second, edge, certainty(program, found, second, edge))
                if best is None or change.confidence > best.confidence:
                    best = change
    return best


def made_again(edge: Edge, value: v.Value) -> tuple[v.Value, ...]:
    """What a name that the loop carries is from the second turn on, where the turn makes it of something else."""
    if not isinstance(value, v.Carried) or value.loop not in edge.call.loops or value.after is None:
        return ()
    after = value.after
    own = after is edge.call or (isinstance(after, v.Item) and after.base is edge.call)  # what comes back: `changed`
    return (after,) if isinstance(after, (v.Call, v.Op, v.Const)) and not own else ()


def certainty(program: Program, found: Difference, one: Edge, other: Edge) -> float:
    """Certain where the two stand beside each other and nothing but an oversight tells them apart."""
    near = one.call is other.call or one.caller is other.caller
    if not (runs_eagerly(program, one.caller) and runs_eagerly(program, other.caller)):
        return (
            0.6 if near and found.what in ("weak type", "dtype", "container") else 0.35
        )  # under the user's jit it is one trace
    if found.what == "weak type":
        return 0.9 if near else 0.8
    if found.what == "dtype":
        if found.one.host and found.other.host:
            return 0.85 if near else 0.7
        same = found.one.shape is not None and found.one.shape == found.other.shape
        if same and near:
            return 0.9 if one.call is other.call else 0.85
        return 0.5 if same or near else 0.35
    if found.what == "container":
        return 0.85 if near else 0.7
    if found.what == "keys":
        return 0.6 if near else 0.4
    return 0.35


def spelled_both_ways(edges: list[Edge], name: str) -> tuple[Edge, Edge] | None:
    """A call that hands a parameter over by name, and one that does so by position."""
    edges = [e for e in edges if not any(a.__class__ is v.Star for a in e.call.args)]
    by_name = [e for e in edges if e.call.keyword(name) is not None]
    by_position = [e for e in edges if e.call.keyword(name) is None and name in bind(e.call, e.target)]
    return (by_name[0], by_position[0]) if by_name and by_position else None


def advice(what: str, odd: Seen, plain: Seen) -> str:
    if what == "weak type":
        return (
            f"Give it a dtype where it is made: `jnp.asarray(..., dtype=jnp.{odd.dtype or plain.dtype or 'float32'})`."
        )
    if what == "dtype":
        return (
            f"Make both {plain.dtype or 'the same dtype'} where they are made (`1.0` instead of `1`, "
            "`jnp.arange(64.0)`, `dtype=`), or cast before the call."
        )
    if what == "container":
        return "Build it as the same container each time: a tuple and a list are different pytrees."
    return "Build it in the same form each time; where both are wanted, two compiled programs are the price."


def can_take_dtype(program: Program, made: v.Value) -> bool:
    if made.__class__ is not v.Call or line_of(made) == 0:
        return False
    return c.known_name(program, made.func) in _TAKES_DTYPE and made.keyword("dtype") is None
