"""The same call, compiled again because a setting of JAX's changed in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import Recompiles, leaves_named, listed, of_rule
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for group in of_rule(evidence, rule.name):
        yield rule.seen(
            group.site.spot,
            message(group),
            facts=group.facts,
            notes=[(group.at, "the call that compiled it again")],
            help="Clear the caches only where programs must not be kept." if group.kind == "cache-cleared" else "",
            severity="info" if group.slight else None,
        )


def message(group: Recompiles) -> str:
    name = group.site.name
    if group.kind == "cache-cleared":
        return f"`{name}` {group.cost}: JAX's caches were cleared between its calls (`jax.clear_caches()`)"
    if not group.leaves:
        return f"`{name}` {group.cost}: {group.cause.text or 'a setting of JAX changed between its calls'}"
    values = [f"{change.was} -> {change.now}" for change in group.changes(group.leaves[0])]
    return (
        f"`{name}` {group.cost}: the setting {leaves_named(group.leaves)} changed between its calls "
        f"({listed(list(dict.fromkeys(values)), 3)}), and it is part of every cache key"
    )


_PROGRAM = """import jax
import jax.numpy as jnp


@jax.jit
def energy(x):
    return x @ x


x = jnp.ones((8, 8))
{warm}
with jax.default_matmul_precision("highest"):
    y = energy(x)
"""

RULE = Rule(
    name="context-change",
    title="A setting of JAX changed between calls",
    severity="warning",
    dont="Change precision, x64, the default device or the mesh between calls of the same function, or clear the caches.",
    do="Set it once before the first call, and warm up under the same context as the work.",
    why="JAX's settings are part of its cache's key: a warm-up outside `default_matmul_precision('highest')` and the work "
    "inside it compile the function twice (counted on JAX 0.10.2 and 0.12.0.1).",
    allowed="A comparison of settings, where both programs are wanted.",
    may_break="Nothing, where the setting for the work stays the same.",
    sees=("run",),
    needs=("compile_count",),
    examples=(
        Example(
            "a warm-up without the context",
            dont=Sample(_PROGRAM.replace("{warm}", "energy(x)"), shows="compiles('energy') == 2"),
            do=Sample(
                _PROGRAM.replace("{warm}", 'with jax.default_matmul_precision("highest"):\n    energy(x)'),
                shows="compiles('energy') == 1",
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
)
