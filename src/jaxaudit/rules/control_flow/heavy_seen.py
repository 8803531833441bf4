"""What a run shows of `heavy-branches`: a batched predicate, and one heavy call that stands on every side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.model.wasted import BranchesSeen


LIGHT = 0.5
"""How sure we are where a side is long, and nothing in it is heavy."""
BIG = 200
"""Equations below which a second copy costs little to compile."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for seen in evidence.branches:
        yield batched(rule, seen) if seen.how == "batched" else shared(rule, seen)


def batched(rule: Rule, seen: BranchesSeen) -> Finding:
    sides = "both branches run" if seen.by == "cond" else "all branches run"
    within = f" in `{seen.at.function}`" if seen.at.function not in ("", "<module>") else ""
    return rule.seen(
        seen.at,
        f"the predicate of this `{seen.by}`{within} was batched by `vmap`: it became a select, and {sides} for every "
        f"entry, {side(seen)} ({size(seen)}) included",
        confidence=0.9 if seen.heavy else LIGHT,
        facts=facts(seen) | {"branch": seen.name},
        notes=[(seen.of, "the heaviest branch")],
        help="Use `jax.lax.map` over the entries where the branch is seldom taken, split the batch, decide for the whole "
        "batch at once (`jnp.any`), or keep the predicate out of the mapped arguments (`in_axes=None`).",
    )


def shared(rule: Rule, seen: BranchesSeen) -> Finding:
    return rule.seen(
        seen.at,
        f"`{seen.name}` ({size(seen)}) stands in {every(max(2, len(set(seen.calls))))} of this `{seen.by}`: it is "
        f"traced and compiled {amounts.times(max(2, len(set(seen.calls))))}; call it once, outside",
        confidence=0.8,
        facts=facts(seen) | {"callee": seen.name},
        notes=[(call, f"`{seen.name}` is called here") for call in dict.fromkeys(seen.calls)],
        help=f"Let the `{seen.by}` choose the arguments (or `jnp.where` them), then call `{seen.name}` once.",
        severity="info" if seen.equations < BIG else None,
    )


def every(branches: int) -> str:
    return "both branches" if branches == 2 else "every branch"


def side(seen: BranchesSeen) -> str:
    return "a lambda" if seen.name in ("", "<lambda>") else f"`{seen.name.rpartition('.')[2]}`"


def size(seen: BranchesSeen) -> str:
    equations = f"{seen.equations} equations"
    return f"{equations}, a `{seen.heavy}` among them" if seen.heavy else equations


def facts(seen: BranchesSeen) -> dict[str, object]:
    return {
        "function": seen.at.function,
        "control_flow": seen.by,
        "equations": seen.equations,
        "heavy": seen.heavy,
    }
