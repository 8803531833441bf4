"""What a run shows of `branch-on-tracer`: where Python asked a traced value for what it has not, and the error it got."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import leaves_named
from jaxaudit.rules.rule import Rule
from jaxaudit.rules.static.trace_errors import ASKED, Refused, how_it_ended, refused

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence

HELP = {
    "NonConcreteBooleanIndexError": "Use `jnp.where(mask, x, 0)`, or `jnp.nonzero(mask, size=N)` with a bound: a compiled "
    "program has fixed shapes.",
    "TracerArrayConversionError": "Use the same function of `jax.numpy` inside the traced function.",
    "ConcretizationTypeError": "Keep it an array inside the trace and convert the result outside.",
}


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for one in refused(evidence, rule.name):
        kind = one.error.kind.rpartition(".")[2]
        yield rule.seen(
            one.error.at,
            message(one),
            confidence=one.confidence,
            facts=one.facts,
            notes=[(one.wrapper, f"`{one.function}` is traced here"), (one.error.caller, "the call")],
            help=HELP.get(kind, ""),
            severity="error",
        )


def message(one: Refused) -> str:
    kind = one.error.kind.rpartition(".")[2]
    depends = f"; it depends on {leaves_named(one.parameters)} of `{one.function}`" if one.parameters else ""
    traced = f", which `{one.transformation}` traces" if depends and one.transformation else ""
    asked = one.what if one.what in ASKED.values() else f"a traced value decides {one.what}"
    return f"in `{one.error.at.function}` {asked}{depends}{traced}: {how_it_ended(one)} with {kind}"
