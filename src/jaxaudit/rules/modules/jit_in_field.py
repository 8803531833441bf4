"""A module that makes a jitted function or a closure for each of its objects and keeps it in a field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import JITTED, Recompiles, leaves_named, of_rule
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for group in of_rule(evidence, rule.name):
        yield rule.seen(
            group.site.spot,
            message(group),
            facts=group.facts,
            notes=[(group.at, "the call that handed in another object of the class")],
            severity="info" if group.slight else None,
        )


def message(group: Recompiles) -> str:
    leaf = group.leaves[0]
    made = "a jitted function" if any(JITTED in value for value in group.values(leaf)) else "a closure"
    are = "is" if len(group.leaves) == 1 else "are"
    return (
        f"{leaves_named(group.leaves)} {are} {made} that each object makes for itself, and static where the object is "
        f"handed to `{group.site.name}`: functions are compared by identity, so each new object compiles "
        f"`{group.site.name}` again; it {group.cost}"
    )


_PROGRAM = """from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
{outside}

class Gate(eqx.Module):
    weight: jax.Array
    steepness: float{field}

    def __init__(self, weight, steepness):
        self.weight = weight
        self.steepness = steepness{made}

    def __call__(self, x):
        return {call}


@eqx.filter_jit
def loss(gate, x):
    return gate(x).sum()


for scale in (1.0, 2.0, 3.0):
    value = loss(Gate(jnp.full(3, scale), 4.0), jnp.ones(3))
"""

RULE = Rule(
    name="jit-in-field",
    title="A jitted function or closure made for each object",
    severity="warning",
    dont="Build a jitted function, a lambda or a closure in `__init__` and keep it in a field of a module.",
    do="Write a method or a function of module level that reads what it needs from its arguments, and jit that once.",
    why="A function in a field is static metadata of the object, and functions are compared by identity: three objects "
    "that differ in nothing but a weight compiled the loss 3 times, with a function of module level once (counted on "
    "JAX 0.10.2 and 0.12.0.1).",
    allowed="One object for the whole run.",
    may_break="What the closure captured becomes a field: as an array it is traced, as a number of an `eqx.Module` it is "
    "static under `filter_jit`.",
    sees=("run",),
    needs=("compile_count",),
    examples=(
        Example(
            "an activation made in `__init__`",
            dont=Sample(
                _PROGRAM.format(
                    outside="",
                    field="\n    squash: Callable",
                    made="\n        self.squash = jax.jit(lambda x: jax.nn.sigmoid(steepness * x))",
                    call="self.squash(self.weight * x)",
                ),
                shows="compiles('loss') == 3",
            ),
            do=Sample(
                _PROGRAM.format(
                    outside="\n\ndef squash(x, steepness):\n    return jax.nn.sigmoid(steepness * x)\n",
                    field="",
                    made="",
                    call="squash(self.weight * x, self.steepness)",
                ),
                shows="compiles('loss') == 1",
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
)
