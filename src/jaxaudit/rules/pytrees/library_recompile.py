"""A library's own function that compiles at each use because of what it is handed."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.pytrees.jitting_around import propose
from jaxaudit.rules.pytrees.library_offers import offer
from jaxaudit.rules.pytrees.unstable_structure_seen import advice
from jaxaudit.rules.recompiles import EAGER, Recompiles, leaves_named, listed, of_rule
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.model.evidence import CompileSeen, Evidence
    from jaxaudit.model.spot import Spot


BECAUSE = {
    "new-function": "each use makes a new function object, closed over new data, for which JAX's cache has nothing",
    "static-value": "{leaf} is a Python value there, so it is static and each value is compiled for",
    "static-function": "{leaf} is static, and each time a new function object of the same lines came",
    "static-identity": "{leaf} is static and compared by identity, and each time another object came",
    "shape": "{leaf} came in another shape",
    "dtype": "{leaf} came in another dtype",
    "weak-type": "{leaf} was weakly typed (made from a Python number) in some calls and not in others",
    "structure": "{leaf} changed its structure",
    "sharding": "{leaf} came with another sharding",
    EAGER: "it runs outside jit, where each new function that it is handed, and each new shape, is compiled for",
}


PLURALS = {"} is ": "} are ", "} was ": "} were ", " its ": " their "}
OF_SEVERAL = {
    kind: functools.reduce(lambda said, one: said.replace(*one), PLURALS.items(), text)
    for kind, text in BECAUSE.items()
}


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """One for each call line of the user's and each reason."""
    for group in by_call(of_rule(evidence, rule.name)):
        at = group.at or group.site.spot
        yield rule.seen(
            at,
            message(group),
            facts=group.facts | {"package": package_of(group)},
            help=advice(group) if group.kind in OF_ARGUMENTS else offer(package_of(group)),
            severity="info" if group.slight or is_another_use(group) else None,
        )


def is_another_use(group: Recompiles) -> bool:
    """Other things were handed in, once: with a solver and without one, say, which are two programs."""
    return group.kind == "structure" and group.count == 1


OF_ARGUMENTS = ("shape", "dtype", "weak-type", "sharding", "committed")


def by_call(groups: Iterator[Recompiles]) -> Iterator[Recompiles]:
    for group in groups:
        calls: dict[Spot | None, list[CompileSeen]] = {}
        for seen in group.compiles:
            calls.setdefault(seen.at, []).append(seen)
        for compiles in calls.values():
            yield Recompiles(group.rule, group.site, group.kind, group.leaves, tuple(compiles), group.total)


def is_eager(group: Recompiles) -> bool:
    """An operation of JAX's that a library ran outside jit."""
    return group.site.wrapper == EAGER


def package_of(group: Recompiles) -> str:
    """The library that ran it, where it is an operation of JAX's, else the one whose function it is."""
    return (group.compiles[0].via if is_eager(group) else "") or group.site.package


def message(group: Recompiles) -> str:
    leaf = leaves_named(group.leaves) if group.leaves else "what it is handed"
    because = (
        (BECAUSE if len(group.leaves) < 2 else OF_SEVERAL)
        .get(EAGER if is_eager(group) else group.kind, group.cause.text or "what it is handed changed")
        .replace("{leaf}", leaf)
    )
    values = group.values(group.leaves[0]) if group.leaves else []
    shown = f" ({listed(values)})" if values and group.kind in BECAUSE else ""
    whose = f"{package_of(group)}'s `{group.site.name}`{' of this line or of what it calls' if is_eager(group) else ''}"
    return f"{whose} {group.cost}: {because}{shown}"


RULE = Rule(
    name="library-recompile",
    title="A library's function compiled again",
    severity="warning",
    dont="Hand a library's solver or sampler a new closure, a new object or a Python number that changes, at each use.",
    do="Keep one object and one function, hand data in as arguments or arrays, or put one jit around your own call.",
    why="Libraries jit their own loops. What they close over or treat as static is part of their cache's key: a solve "
    "restarted with `t0` as a Python float compiled at each of 3 restarts, with an array once (JAX 0.10.2).",
    allowed="A single use.",
    may_break="A number that becomes an array can no longer decide Python control flow inside the library.",
    sees=("run",),
    needs=("compile_count",),
    examples=(
        Example(
            "a filter of a library, and a number that changes",
            dont=Sample(
                """import equinox as eqx
import jax.numpy as jnp


def decay(x, rate):
    return x - rate * x


run = eqx.filter_jit(decay)
x = jnp.ones(3)
for i in range(4):
    x = run(x, 0.1 / (i + 1))
""",
                shows="compiles('decay') == 4",
            ),
            do=Sample(
                """import equinox as eqx
import jax.numpy as jnp


def decay(x, rate):
    return x - rate * x


run = eqx.filter_jit(decay)
x = jnp.ones(3)
for i in range(4):
    x = run(x, jnp.asarray(0.1 / (i + 1)))
""",
                shows="compiles('decay') == 1",
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
    propose=propose,
)
