"""Which argument each parameter of a called function gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxaudit.source import calls, provenance
from jaxaudit.source import values as v

if TYPE_CHECKING:
    from jaxaudit.source.program import Program


def keywords_of(value: v.Value) -> dict[str, v.Value]:
    """The keywords that `**value` stands for, where every dict that it may be is written out."""
    if value.flow is None:
        return {}
    program = value.flow.program
    steps = provenance.expand(program, value) or (value,)
    written = [written_keywords(program, root) for step in steps for root in provenance.roots(program, step)]
    if not written or not all(written):
        return {}
    if len(written) == 1:
        return written[0]
    names = set.intersection(*[set(one) for one in written])
    return {name: v.Item(value, v.Const(name), value.expr, value.flow) for name in sorted(names)}


def written_keywords(program: Program, value: v.Value) -> dict[str, v.Value]:
    """`{"n": 1}` and `dict(n=1)` by their keys; {} where one is not known."""
    if isinstance(value, v.Mapping):
        named = {k.value: x for k, x in value.pairs if isinstance(k, v.Const) and isinstance(k.value, str)}
        return named if len(named) == len(value.pairs) else {}
    if isinstance(value, v.Call) and not value.args and calls.known_name(program, value.func) == "builtins.dict":
        return {k: x for k, x in value.kwargs if k} if all(k for k, _ in value.kwargs) else {}
    return {}


def bind(call: v.Call, target: calls.Target) -> dict[str, v.Value]:
    """Which argument each parameter of the called function gets, as far as the call shows it."""
    positional, star, names = target.function.signature
    handed = call.args
    keywords = call.kwargs
    for part in target.partials:
        handed = (*part.args[1:], *handed)
        keywords = (*part.kwargs, *keywords)
    if target.skipped:
        handed = handed[target.skipped :]
    if target.receiver is not None:
        handed = (target.receiver, *handed)
    out: dict[str, v.Value] = {}
    for index, value in enumerate(handed):
        if value.__class__ is v.Star:
            # What a parameter is handed by several callers are tuples of several kinds: none has the others' places.
            placed = index == len(handed) - 1 and not isinstance(v.settle(value.value), v.Param)
            for place, rest in enumerate(positional[index:]):
                at = v.Const(place) if placed else v.Unknown()
                out.setdefault(rest, v.Item(value.value, at, value.expr, value.flow))
            break
        if index < len(positional):
            out[positional[index]] = value
        elif star:
            out.setdefault(star, value)
    for key, value in keywords:
        if key is not None:
            if key in names:
                out[key] = value
        else:
            out.update({name: one for name, one in keywords_of(value).items() if name in names})
    return out
