"""What a run shows of `unstable-structure`: the leaf that changed, and both of its values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import Recompiles, leaves_named, listed, of_rule
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.model.spot import Spot


WORDS = {
    "shape": "its shape",
    "dtype": "its dtype",
    "weak-type": "its weak type",
    "structure": "its structure",
    "sharding": "its sharding",
    "committed": "whether it is committed to a device",
    "convention": "how it is passed",
}
HELP = {
    "shape": "Bring {leaf} to one shape before the call (pad it, or a few fixed sizes), or compile for both on purpose.",
    "dtype": "Cast {leaf} to one dtype at the door: `jnp.asarray(x, dtype=...)`.",
    "weak-type": "Give {leaf} its dtype where it is made, `jnp.asarray(value, dtype=jnp.float32)`: a bare Python number "
    "makes a weakly typed array, and what comes out of arithmetic with arrays no longer is.",
    "structure": "Build {leaf} with the same keys, lengths and fields each time, `None` among them.",
    "sharding": "Place {leaf} from the start where the function leaves it: `jax.device_put(x, sharding)`, or fix "
    "`out_shardings`.",
    "committed": "Place {leaf} the same way before every call: `jax.device_put(x, sharding)`, or never.",
    "convention": "Pass the arguments the same way at every call: all by position, or the same ones by name.",
}


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for group in of_rule(evidence, rule.name):
        yield rule.seen(
            group.site.spot,
            message(group),
            facts=group.facts | {"put": [{"path": at.path, "line": at.line, "how": how} for at, how in puts(group)]},
            notes=[
                (group.at, "the call that compiled it again"),
                *((at, f"`{how}` in this line put it there") for at, how in puts(group)),
            ],
            help=advice(group),
            severity="info" if group.slight else None,
        )


def message(group: Recompiles) -> str:
    name = group.site.name
    if not group.leaves:
        said = group.cause.text or "nothing that was compared differs"
        return f"`{name}` {group.cost}: {said}"
    leaf = group.leaves[0]
    values = [f"{change.was} -> {change.now}" for change in group.changes(leaf)]
    other = " together" if len(group.leaves) > 1 else ""
    what = WORDS.get(group.kind, f"in {group.kind}")
    what = what.replace("its ", "their ").replace("it is", "they are") if other else what
    return (
        f"{leaves_named(group.leaves)} changed{other} between calls of `{name}`, {what}: "
        f"{listed(list(dict.fromkeys(values)), 3)}; `{name}` {group.cost}"
    )


def puts(group: Recompiles) -> list[tuple[Spot, str]]:
    """The lines that committed what differs, or gave it another sharding, and what did it there."""
    changes = [change for seen in group.compiles for change in seen.cause.changes if change.what == group.kind]
    return list(dict.fromkeys((change.put, change.put_by) for change in changes if change.put is not None))


def advice(group: Recompiles) -> str:
    leaf = f"`{group.leaves[0]}`" if group.leaves else "the argument"
    return HELP.get(group.kind, "").replace("{leaf}", leaf)
