"""A function that gets another shape at call after call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import Recompiles, leaves_named, listed, of_rule
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence


DIMENSIONS = re.compile(r"\[([\d,]*)\]")
STEADY = 4
"""Steps of the same size after which an array is said to grow."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for group in of_rule(evidence, rule.name):
        step = growth(group)
        yield rule.seen(
            group.site.spot,
            message(group, step),
            facts=group.facts | ({"grows_by": step} if step else {}),
            notes=[(group.at, "a call that brought another shape")],
            help="Keep the array at its full size from the start (`jnp.zeros(n)`, `.at[i].set(...)`, the outputs of "
            "`lax.scan`), and mask what is not filled yet."
            if step
            else "",
            severity="info" if group.slight else None,
        )


def message(group: Recompiles, step: int) -> str:
    leaf = group.leaves[0] if group.leaves else ""
    values = group.values(leaf)
    how = f"grew by {step} from call to call" if step else f"came in {len(values)} shapes"
    named = leaves_named(group.leaves) if leaf else "an argument"
    return f"{named} of `{group.site.name}` {how} ({listed(values)}): each shape is compiled for, it {group.cost}"


def growth(group: Recompiles) -> int:
    """By how much one dimension grows each time; 0 where it does not grow steadily."""
    if not group.leaves:
        return 0
    shapes = [dimensions(value) for value in group.values(group.leaves[0])]
    if len(shapes) <= STEADY or len({len(shape) for shape in shapes}) != 1:
        return 0
    steps = {tuple(b - a for a, b in zip(one, two)) for one, two in pairwise(shapes)}
    moved = [part for part in next(iter(steps)) if part] if len(steps) == 1 else []
    return moved[0] if len(moved) == 1 and moved[0] > 0 else 0


def dimensions(value: str) -> tuple[int, ...]:
    """(32, 8) of `f32[32,8]`."""
    found = DIMENSIONS.search(value)
    return tuple(int(part) for part in found[1].split(",") if part) if found else ()


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
    dont="Hand a jitted function arrays whose size differs from call to call: batches cut to fit, lists that grow.",
    do="Pad to one size, or to a few fixed ones, and mask the padding; keep what grows at its full size.",
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
