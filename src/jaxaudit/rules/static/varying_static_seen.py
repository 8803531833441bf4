"""What a run shows of `varying-static`: how many values a static argument or field took, and what each cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import Recompiles, leaves_named, listed, of_rule
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence


FEW = 2


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for group in of_rule(evidence, rule.name):
        few = max((len(group.values(leaf)) for leaf in group.leaves), default=FEW) <= FEW
        yield rule.seen(
            group.site.spot,
            message(group),
            facts=group.facts,
            notes=[(group.at, "the call that brought another value")],
            help=advice(group),
            severity="info" if few or group.slight else None,
        )


def message(group: Recompiles) -> str:
    name = group.site.name
    if not group.leaves:
        return f"a static value of `{name}` changed ({group.cause.text}): `{name}` {group.cost}"
    values = group.values(group.leaves[0])
    return (
        f"{what(group)} took {len(values)} values ({listed(values)}), and each is a program of its own: "
        f"`{name}` {group.cost}"
    )


def what(group: Recompiles) -> str:
    """`the static argument `n``, or a field inside an argument, or a Python number that a filter made static."""
    leaf = group.leaves[0]
    if leaf in group.site.static:
        return f"the static argument {leaves_named(group.leaves)}"
    if "." in leaf or "[" in leaf:
        return f"the static field {leaves_named(group.leaves)}"
    return f"the static value {leaves_named(group.leaves)}"


def advice(group: Recompiles) -> str:
    leaf = group.leaves[0] if group.leaves else "it"
    if leaf in group.site.static:
        return (
            f"Take `{leaf}` out of the static arguments, so that it is traced; keep it static only if few values come."
        )
    if group.site.wrapper == "filter_jit" and "." not in leaf:
        return f"`filter_jit` makes every Python number static: hand in an array, `jnp.asarray({leaf})`."
    return f"Make `{leaf}` a leaf of the pytree (a data field holding an array) instead of static metadata."
