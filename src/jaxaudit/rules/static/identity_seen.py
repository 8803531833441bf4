"""What a run shows of `identity-hashed-static`: new objects that say the same, each compiled for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import Recompiles, leaves_named, of_rule
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for group in of_rule(evidence, rule.name):
        yield rule.seen(
            group.site.spot,
            message(group),
            facts=group.facts,
            notes=[(group.at, "the call that handed in another object")],
            help=advice(group),
            severity="info" if group.slight else None,
        )


def message(group: Recompiles) -> str:
    name = group.site.name
    if not group.leaves:
        return f"`{name}` got another object of the same kind in a static place ({group.cause.text}): it {group.cost}"
    kinds = group.values(group.leaves[0])
    which = f" ({kinds[0]})" if kinds else ""
    return (
        f"{leaves_named(group.leaves)} {'is' if len(group.leaves) == 1 else 'are'} static and compared by identity, and each "
        f"time another object{which} came: JAX can't see that they are equal, so `{name}` {group.cost}"
    )


def advice(group: Recompiles) -> str:
    kinds = group.values(group.leaves[0]) if group.leaves else []
    kind = kinds[0] if kinds else ""
    holders = {leaf.rpartition(".")[0] for leaf in group.leaves}
    if len(group.leaves) > 1 and len(holders) == 1 and "" not in holders:
        return (
            f"Make what `{holders.pop()}` holds once, outside, and hand that in each time: it is made of new functions."
        )
    leaf = f"`{group.leaves[0]}`" if group.leaves else "it"
    if kind.startswith("partial") or "functools.partial" in kind:
        return f"Build the partial for {leaf} once, outside the loop, or pass what it binds as a traced argument."
    if kind.startswith(("function", "<function")):
        return f"Hand in a function of module level for {leaf}: a lambda or an inner function is new each time."
    return f"Make one object for {leaf} and keep it, or give its class value equality: a frozen dataclass."
