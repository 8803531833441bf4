"""Work on captured constants that XLA does while it compiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.recompiles import leaves_named
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.model.evidence import ConstantSeen, Evidence, FoldSeen, Site


LIKELY = 0.85
"""The compilation was long and held such work; how much of its time that took, XLA does not say."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """One for each function, for all of its compilations."""
    table: dict[Site, list[FoldSeen]] = {}
    for fold in evidence.folds:
        if fold.site is not None and fold.site.user:
            table.setdefault(fold.site, []).append(fold)
    for site, folds in table.items():
        seconds = sum(fold.seconds for fold in folds)
        constants = [one for one in evidence.constants if (one.site.path, one.site.name) == (site.path, site.name)]
        constants.sort(key=lambda one: -one.bytes)
        yield rule.seen(
            folds[0].at or site.spot,
            f"`{site.name}` took {amounts.seconds(seconds)} to compile, and {work_of(folds[0])} in it depends on no "
            f"argument{on_what(constants)}: XLA may fold such work while it compiles, at every compilation, or leave it "
            "to every call",
            confidence=LIKELY,
            facts={
                "function": site.name,
                "seconds": round(seconds, 3),
                "operations": folds[0].operations,
                "constants": [one.name for one in constants[:8]],
                "constant_bytes": sum(one.bytes for one in constants),
            },
            notes=[(site.spot, f"`{site.name}`"), *((one.made, f"`{one.name}` is made here") for one in constants[:1])],
        )


def work_of(fold: FoldSeen) -> str:
    """`` `cumsum` of float32[50000,4] and 3 more operations ``."""
    what = fold.text or "work on constants"
    return what if fold.operations == 1 else f"{what} (and {fold.operations - 1} more)"


def on_what(constants: list[ConstantSeen]) -> str:
    if not constants:
        return ""
    named = leaves_named(list(dict.fromkeys(one.name for one in constants)))
    largest = constants[0]
    return f", only on what is captured, the constant {named} ({amounts.array(largest.dtype, largest.shape)})"


RULE = Rule(
    name="folded-constant",
    title="Work on constants that XLA does while compiling",
    severity="warning",
    dont="Compute inside jit what depends on captured arrays alone: sums, sorts or scans of a table.",
    do="Compute it once outside jit and hand the result in, or make the table an argument.",
    why="What depends on constants only, XLA evaluates itself, slowly and at every compilation: a function with a "
    "cumulative sum over a captured float32[50000,4] took 14.3 s to compile; with the statistics computed outside, all "
    "programs of that run together took 1.0 s (JAX 0.10.2, 2 cores).",
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
