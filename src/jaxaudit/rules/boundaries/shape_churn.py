"""A function that gets another shape at call after call."""

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
            notes=[(group.at, "a call that brought another shape")],
            severity="info" if group.slight else None,
        )


def message(group: Recompiles) -> str:
    leaf = group.leaves[0] if group.leaves else ""
    values = group.values(leaf)
    named = leaves_named(group.leaves) if leaf else "an argument"
    return (
        f"{named} of `{group.site.name}` came in {len(values)} shapes ({listed(values)}): each shape is compiled for, "
        f"it {group.cost}"
    )


_TRACK = """import jax
import jax.numpy as jnp
import numpy as np


@jax.jit
def track(weights, frames):
    return jnp.cumsum(jnp.tanh(frames @ weights), axis=0)


weights = jnp.ones((8, 4))
for length in (24, 31, 18, 27):
    frames = np.ones((length, 8), np.float32)
    {call}
"""

RULE = Rule(
    name="shape-churn",
    title="A new shape at call after call",
    severity="warning",
    dont="Hand a jitted function arrays whose size differs from call to call: batches cut to fit, clips of any length.",
    do="Pad to one size, or to a few fixed ones, and mask the padding.",
    why="A compiled program has fixed shapes: every new one is traced and compiled again. Four lengths of a clip compile "
    "the same function 4 times, padded to 32 it compiles once (counted on JAX 0.10.2 and 0.12.0.1).",
    allowed="A handful of shapes that come back: buckets, a last batch.",
    may_break="Padding changes sums and means unless it is masked.",
    sees=("run",),
    needs=("compile_count",),
    examples=(
        Example(
            "clips of different length",
            dont=Sample(_TRACK.replace("{call}", "out = track(weights, frames)"), shows="compiles('track') == 4"),
            do=Sample(
                _TRACK.replace(
                    "{call}",
                    "padded = np.pad(frames, ((0, 32 - length), (0, 0)))\n    out = track(weights, padded)[:length]",
                ),
                shows="compiles('track') == 1",
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
)
