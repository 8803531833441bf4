"""An array that something is appended to, turn after turn, and that a jitted function then gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.pytrees.growth import growth, is_join
from jaxaudit.rules.recompiles import Recompiles, leaves_named, listed, of_rule
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    groups = list(of_rule(evidence, rule.name))
    joins = [group for group in groups if is_join(group.site.name)]
    for group in groups:
        if group.site.user:
            step = next((step for leaf in group.leaves if (step := growth(group.values(leaf)))), 0)
            yield rule.seen(
                group.site.spot,
                message(group, step, joins),
                facts=group.facts | {"grows_by": step},
                notes=[
                    (group.at, "a call that brought a longer one"),
                    *((join.at, "it is made longer here, by a program of its own each time") for join in joins[:1]),
                ],
                severity="info" if group.slight else None,
            )


def message(group: Recompiles, step: int, joins: Sequence[Recompiles]) -> str:
    values = group.values(group.leaves[0])
    where = next((f", made longer by `{join.site.name}` at line {join.at.line}" for join in joins if join.at), "")
    return (
        f"{leaves_named(group.leaves)} of `{group.site.name}` grew by {step} from call to call ({listed(values)}){where}: "
        f"each shape is compiled for, it {group.cost}"
    )


_PROGRAM = """import jax
import jax.numpy as jnp


@jax.jit
def centre(track, filled):
    weights = jnp.where(jnp.arange(len(track)) < filled, 1.0, 0.0)
    return weights @ track / filled


{start}
for i in range(8):
    {grow}
    place = centre(track, i + 1)
"""

RULE = Rule(
    name="growing-array",
    title="An array that grows from call to call",
    severity="warning",
    dont="Append to an array in a loop (`jnp.concatenate`, `jnp.append`, a stacked list) and hand it to a jitted function.",
    do="Keep the array at its full size from the start (`jnp.zeros(n)`, `.at[i].set(...)`) and mask what is not filled "
    "yet; or let `lax.scan` collect its outputs.",
    why="A compiled program has fixed shapes: each new length is traced and compiled again, and the joining itself is a "
    "program for each length. Eight appends to a track compiled the function that reads it 8 times, with the track at "
    "full size once (counted on JAX 0.10.2 and 0.12.0.1).",
    allowed="Outside jit, or once.",
    may_break="What is not filled yet must not count: a mean or a sum needs the mask.",
    sees=("run",),
    needs=("compile_count",),
    examples=(
        Example(
            "a track that is appended to",
            dont=Sample(
                _PROGRAM.replace("{start}", "track = jnp.zeros((0, 2))").replace(
                    "{grow}", "track = jnp.concatenate([track, jnp.full((1, 2), i)])"
                ),
                shows="compiles('centre') == 8",
            ),
            do=Sample(
                _PROGRAM.replace("{start}", "track = jnp.zeros((8, 2))").replace(
                    "{grow}", "track = track.at[i].set(jnp.full(2, i))"
                ),
                shows="compiles('centre') == 1",
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
)
