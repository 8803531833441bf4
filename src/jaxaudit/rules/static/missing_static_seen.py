"""What a run shows of `missing-static`: a traced argument whose value Python needed, with the error that said so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import leaves_named
from jaxaudit.rules.rule import Rule
from jaxaudit.rules.static.trace_errors import JITS, Refused, how_it_ended, refused

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for one in refused(evidence, rule.name):
        error = one.error
        yield rule.seen(
            error.at,
            message(one),
            confidence=one.confidence,
            facts=one.facts | {"made_static": one.roots[0] if one.roots else ""},
            notes=[(one.wrapper, f"`{one.function}` is traced here"), (error.caller, "the call")],
            help=advice(one),
            severity="error",
        )


def message(one: Refused) -> str:
    said = f"{how_it_ended(one)} with {one.error.kind.rpartition('.')[2]}"
    if not one.parameters:
        return f"a traced value decides {one.what} in `{one.error.at.function}`: {said}"
    of = f" of `{one.function}`" if one.function else ""
    which = f"{leaves_named(one.parameters)}{of}"
    if one.what.startswith("it is"):
        kind = one.what.removeprefix("it is ").partition(",")[0]
        return f"{kind} came for {which}, which is not static: JAX can't trace it, and {said}"
    came = sorted({kind for kind in one.kinds if kind and kind != "tracer"})
    handed = (
        f" ({'plain Python ' + ', '.join(came) if came != ['array'] else 'an array'} was handed in)" if came else ""
    )
    many = len(one.parameters) > 1
    traces = f"`{one.transformation}`" if one.transformation else "JAX"
    them = "them tracers" if many else "it a tracer"
    return f"{which} {'decide' if many else 'decides'} {one.what}, but {traces} makes {them}{handed}: {said}"


def advice(one: Refused) -> str:
    if not one.roots:
        return ""
    named = one.roots[0] if len(one.roots) == 1 else ", ".join(one.roots)
    if one.transformation not in JITS:
        return (
            f"Under `{one.transformation}` each parameter is a tracer: close over the plain value of `{named}` instead, or "
            "use a fixed size with a mask, `lax.dynamic_slice` or `lax.cond`."
        )
    words = f"{one.roots[0]!r}" if len(one.roots) == 1 else f"({', '.join(map(repr, one.roots))})"
    return (
        f"Jit `{one.function}` with `static_argnames={words}` and hand in a plain Python value; if it must stay an array, "
        "use a fixed size with a mask, `lax.cond` or `lax.dynamic_slice`."
    )
