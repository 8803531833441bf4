"""Which values differ from one entry of a `vmap` to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.knowledge.array_values import HOST_RESULTS, STATIC_ATTRIBUTES
from jaxaudit.source.tracing import entering

if TYPE_CHECKING:
    from jaxaudit.source.callgraph import Handed
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

DEEPEST = 24
_NEVER = frozenset({v.Const, v.External, v.ModuleValue, v.FunctionValue, v.ClassValue, v.Unknown, v.Text})


class Batched(NamedTuple):
    """The `vmap` that maps the parameter through which a value differs from entry to entry."""

    use: c.TransformUse
    function: Function
    param: str


def batched(program: Program, value: v.Value, depth: int = 0) -> Batched | None:
    """Through which vmap a value is batched, as far as the source shows; None when nothing says so."""
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    if "batched" in memo:
        known: Batched | None = memo["batched"]
        return known
    if depth > DEEPEST:
        return None
    memo["batched"] = None
    found = memo["batched"] = _batched(program, value, depth)
    return found


def _batched(program: Program, value: v.Value, depth: int) -> Batched | None:
    if value.__class__ in _NEVER:
        return None
    if value.__class__ is v.Param:
        return _parameter(program, value, depth)
    if value.__class__ is v.Attr and value.name in STATIC_ATTRIBUTES:
        return None
    if value.__class__ is v.Op and value.name in ("Is", "IsNot", "In", "NotIn"):
        return None
    if value.__class__ is v.Call:
        name = c.known_name(program, value.func)
        if name is not None and (
            name in HOST_RESULTS
            or (name.startswith("builtins.") and not name.endswith((".abs", ".sum", ".max", ".min")))
        ):
            return None
        parts = (*value.args, *[x for _, x in value.kwargs])
        if value.func.__class__ is v.Attr:
            parts = (value.func.base, *parts)
        if name in ("jax.lax.psum", "jax.lax.pmean", "jax.lax.pmax", "jax.lax.pmin", "jax.lax.all_gather"):
            return None
    else:
        parts = value.parts()
    for part in parts:
        found = batched(program, part, depth + 1)
        if found is not None:
            return found
    return None


def _parameter(program: Program, param: v.Param, depth: int) -> Batched | None:
    function, name = param.function, param.name
    for handed in program.graph.handovers(function):
        if handed.use is None:
            continue
        if handed.use.spec.kind == "vmap":
            if entering(program, handed, name):
                return Batched(handed.use, function, name)
        elif handed.use.spec.kind in ("loop", "branch") and not handed.use.spec.wraps:
            found = _fed(program, handed, depth)
            if found is not None:
                return found
    for edge in program.graph.callers(function)[:16]:
        argument = bind(edge.call, edge.target).get(name)
        if argument is not None:
            found = batched(program, argument, depth + 1)
            if found is not None:
                return found
    return None


def _fed(program: Program, handed: Handed, depth: int) -> Batched | None:
    """What a scan, cond or loop hands to its body: its operands, whichever."""
    for argument in (*handed.call.args, *[x for _, x in handed.call.kwargs]):
        if argument.__class__ is not v.FunctionValue:
            found = batched(program, argument, depth + 1)
            if found is not None:
                return found
    return None
