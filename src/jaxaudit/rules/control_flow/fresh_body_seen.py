"""What a run shows of `fresh-body`: a loop of `jax.lax` outside jit, compiled again for each new body function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.recompiles import Recompiles, captured_words, of_rule
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import CompileSeen, Evidence
    from jaxaudit.model.spot import Spot


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """One for each line that runs such a loop."""
    table: dict[tuple[Spot, str], list[CompileSeen]] = {}
    groups: dict[tuple[Spot, str], Recompiles] = {}
    for group in of_rule(evidence, rule.name):
        for seen in group.compiles:
            key = (seen.at or group.site.spot, group.site.name)
            table.setdefault(key, []).append(seen)
            groups.setdefault(key, group)
    for (at, name), compiles in table.items():
        first = groups[at, name]
        group = Recompiles(first.rule, first.site, first.kind, first.leaves, tuple(compiles), first.total)
        yield rule.seen(
            at,
            f"`{name}` runs outside jit with {body_of(first)} that is made anew in every call of "
            f"`{at.function or '<module>'}`: each call traces and compiles it again, here {amounts.times(group.count)} more; it "
            f"{group.cost}{captured_words(group)}",
            facts=group.facts,
            help=f"Jit the function around it, with what the body captures as arguments: then `{name}` compiles once.",
            severity="info" if group.slight else None,
        )


def body_of(group: Recompiles) -> str:
    """The function that the loop was handed, by its name and line."""
    bodies = [body for seen in group.compiles for body in seen.bodies if body.user]
    if not bodies:
        return "a body function (a lambda or closure)"
    return f"the body function `{bodies[-1].name}` (line {bodies[-1].line}), a lambda or closure"
