"""Work on captured constants that XLA does while it compiles."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, amounts
from jaxaudit.model.evidence import ConstantSeen, Evidence, Site
from jaxaudit.rules.recompiles import leaves_named
from jaxaudit.rules.rule import Example, Rule, Sample


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """One for each function, for all the alarms that XLA raised about it."""
    table: dict[Site, list[float]] = {}
    for fold in evidence.folds:
        if fold.site is not None:
            table.setdefault(fold.site, []).append(fold.seconds)
    for site, seconds in table.items():
        constants = [one for one in evidence.constants if (one.site.path, one.site.name) == (site.path, site.name)]
        constants.sort(key=lambda one: -one.bytes)
        yield rule.seen(
            site.spot,
            f"XLA spent {amounts.seconds(sum(seconds))} of compiling `{site.name}` on constant folding"
            f"{on_what(constants)}: none of that work depends on an argument, so it is done again at every compilation",
            facts={
                "function": site.name,
                "seconds": round(sum(seconds), 3),
                "constants": [one.name for one in constants[:8]],
                "constant_bytes": sum(one.bytes for one in constants),
            },
            notes=[(one.at, f"`{one.name}` enters the program here") for one in constants[:1]],
        )


def on_what(constants: list[ConstantSeen]) -> str:
    if not constants:
        return ""
    named = leaves_named(list(dict.fromkeys(one.name for one in constants)))
    largest = constants[0]
    return f" of what it captures, {named} ({amounts.array(largest.dtype, largest.shape)})"


RULE = Rule(
    name="folded-constant",
    title="Work on constants that XLA does while compiling",
    severity="warning",
    dont="Compute inside jit what depends on captured arrays alone: sums, sorts or scans of a table.",
    do="Compute it once outside jit and hand the result in, or make the table an argument.",
    why="What depends on constants only, XLA evaluates itself, slowly and at every compilation: a cumulative sum over a "
    "captured float32[50000,4] made one function compile in 19 s instead of 1.4 s (JAX 0.10.2, 2 cores).",
    allowed="Cheap folding of small constants: XLA says nothing of it, and neither does this rule.",
    may_break="What was a constant becomes an argument, so the last bits of a float may move.",
    sees=("run",),
    needs=("compile_time",),
    examples=(
        Example(
            "a sum over a captured table",
            dont=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np

table = jnp.asarray(np.random.default_rng(0).normal(size=(20_000, 2)), jnp.float32)


@jax.jit
def rank(x):
    ladder = jnp.cumsum(jnp.abs(table), axis=0)
    return jnp.searchsorted(ladder[:, 0], x)


place = rank(jnp.float32(3.0))
""",
                shows="constants(rank, jnp.float32(3.0)) == 160_000",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np

table = jnp.asarray(np.random.default_rng(0).normal(size=(20_000, 2)), jnp.float32)
ladder = jnp.cumsum(jnp.abs(table), axis=0)[:, 0]


@jax.jit
def rank(ladder, x):
    return jnp.searchsorted(ladder, x)


place = rank(ladder, jnp.float32(3.0))
""",
                shows="constants(rank, ladder, jnp.float32(3.0)) == 0",
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
)
