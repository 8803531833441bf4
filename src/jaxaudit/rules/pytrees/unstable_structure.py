"""An argument or a carry that is not of the same kind each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.control_flow.in_sight import DOUBTED, surely_run
from jaxaudit.rules.control_flow.running import runs_eagerly
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.rules.pytrees import one_container, pinning, uncommitting
from jaxaudit.rules.pytrees.argument_kinds import (
    NARROW,
    Difference,
    place_of,
    place_of_call,
    shown,
)
from jaxaudit.rules.pytrees.calls_compared import (
    BetweenCalls,
    advice,
    between_calls,
    can_take_dtype,
    eager_calls,
    spelled_both_ways,
)
from jaxaudit.rules.pytrees.carried_state import BadCarry, WeakLeaf, bad_carries, changed, weak_leaves
from jaxaudit.rules.pytrees.other_lengths import other_lengths
from jaxaudit.rules.pytrees.unstable_structure_seen import observe
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source.callgraph import Edge
from jaxaudit.source.program import Program
from jaxaudit.source.sites import Site, jit_sites

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText


def match(program: Program) -> Iterator[Finding]:
    for site in jit_sites(program):
        if site.flow.function.module.context or site.use.spec.kind != "jit":
            continue
        edges = eager_calls(program, site)
        told: set[str] = set()
        for edge in edges:
            for weak in weak_leaves(program, edge, filtered=site.filtered):
                if weak.param + weak.leaf.name not in told:
                    told |= {weak.param + weak.leaf.name, weak.param}
                    yield of_leaf(program, site, edge, weak)
            for name, found in changed(program, site, edge):
                if name not in told and not (site.filtered and found.other.host):
                    told.add(name)
                    yield of_state(program, site, edge, name, found)
            for other in other_lengths(program, site, edge):
                if (spot := f"{other.facts['parameter']} {other.place.line}") not in told:
                    told |= {spot, other.facts["parameter"]}
                    yield RULE.found(**other._asdict())
        for name in site.traced_parameters():
            if name not in told:
                change = between_calls(program, site, edges, name)
                if change is not None:
                    yield of_calls(program, site, name, change)
                    continue
                ways = spelled_both_ways(edges, name)
                if ways is not None:
                    yield of_spelling(program, site, name, *ways)
    for use in list(program.graph.uses):
        if use.spec.kind == "loop" and not use.spec.wraps and not use.flow.function.module.context:
            for bad in bad_carries(program, use):
                yield of_carry(program, use, bad)


# -- the same parameter, call by call ----------------------------------------------------------------------------------


def of_calls(program: Program, site: Site, name: str, change: BetweenCalls) -> Finding:
    found, one, other, confidence = change
    odd, plain, edge, second = (found.one, found.other, one, other)
    if (found.other.weak is True and found.one.weak is not True) or (
        (found.other.dtype or "").startswith("int") and not (found.one.dtype or "").startswith("int")
    ):
        odd, plain, edge, second = (found.other, found.one, other, one)
    place = place_of(program, odd.source, edge.call)
    where = place_of(program, plain.source, second.call)
    mendable = found.what == "weak type" and odd.weak is True and can_take_dtype(program, odd.source)
    return RULE.found(
        place,
        f"`{name}` of the jitted `{site.function.name}` is {odd.words()} (`{shown(odd.source) or name}`, line "
        f"{place.line}) "
        f"and, elsewhere, {plain.words()} (`{shown(plain.source) or name}`, line {where.line}): it is traced and "
        "compiled for each",
        confidence,
        facts={
            "function": site.function.name, "parameter": name, "change": found.what, "one": odd.words(),
            "other": plain.words(), "dtype": odd.dtype or "",
        },
        notes=[
            Note(where, f"here it is {plain.words()}"),
            Note(place_of_call(program, edge.call), f"`{site.function.name}` is called here"),
        ],
        help=advice(found.what, odd, plain),
        fix=Fix("unsafe", f"give `{name}` the dtype {odd.dtype}") if mendable else None,
    )  # fmt: skip


def of_spelling(program: Program, site: Site, name: str, one: Edge, other: Edge) -> Finding:
    where = place_of_call(program, other.call)
    return RULE.found(
        place_of_call(program, one.call),
        f"`{name}` of the jitted `{site.function.name}` is handed over by name here and by position elsewhere "
        f"(line {where.line}): "
        "jit takes these for two structures, and it is traced and compiled for each",
        0.7 if runs_eagerly(program, one.caller) and runs_eagerly(program, other.caller) else 0.4,
        facts={
            "function": site.function.name, "parameter": name, "change": "structure", "one": "by name",
            "other": "by position",
        },
        notes=[Note(where, "here it is handed over by position")],
        help="Spell the call the same way each time.",
    )  # fmt: skip


CERTAIN_CHANGES = {"weak type": 0.9, "dtype": 0.85, "container": 0.9, "rank": 0.7}


# -- a state that the function hands back ------------------------------------------------------------------------------


def of_state(program: Program, site: Site, edge: Edge, name: str, found: Difference) -> Finding:
    before, after = found.one, found.other
    place = place_of(program, before.source, edge.call)
    mendable = found.what == "weak type" and before.weak is True and can_take_dtype(program, before.source)
    certain = 0.85 if before.host and found.what == "structure" else CERTAIN_CHANGES.get(found.what, 0.6)
    sure = certain if runs_eagerly(program, edge.caller) else 0.6
    return RULE.found(
        place,
        f"`{name}` of the jitted `{site.function.name}` starts as {before.words()} "
        f"(`{shown(before.source) or name}`) and comes back "
        f"from it as {after.words()}: the second call compiles again",
        sure,
        facts={"function": site.function.name, "parameter": name, "change": found.what, "one": before.words(),
               "other": after.words(), "dtype": before.dtype or ""},
        notes=[
            Note(place_of_call(program, edge.call), "rebound here, in each turn"),
            Note(place_of(program, after.source, edge.call), f"here it becomes {after.words()}"),
        ],
        help=advice(found.what, before, after),
        fix=Fix("unsafe", f"give `{name}` the dtype {before.dtype}") if mendable else None,
    )  # fmt: skip


def of_leaf(program: Program, site: Site, edge: Edge, weak: WeakLeaf) -> Finding:
    leaf = weak.leaf
    place = place_of(program, leaf.made, edge.call)
    of = f" of `{leaf.owner}`" if leaf.owner else f" of `{weak.param}`"
    dtype = NARROW.get(leaf.kind.dtype, leaf.kind.dtype) or "float32"
    becomes = "it comes back strongly typed" if weak.sure else "an update is likely to make it strongly typed"
    return RULE.found(
        place,
        f"`{leaf.name}`{of} is created weakly typed (`{shown(leaf.made)}` is a weak {dtype} scalar); "
        f"`{weak.param}` goes through "
        f"the jitted `{site.function.name}` in each turn, and {becomes}: the second call compiles again",
        0.6 if not weak.sure else 0.9 if runs_eagerly(program, edge.caller) else 0.7,
        facts={"function": site.function.name, "parameter": weak.param, "leaf": leaf.name, "change": "weak type",
               "one": f"weakly typed {dtype}", "other": f"strongly typed {dtype}", "dtype": dtype},
        notes=[Note(place_of_call(program, edge.call), f"`{weak.param}` is rebound here")],
        help=f"Give it a dtype where it is made: `jnp.asarray(..., dtype=jnp.{dtype})`.",
        fix=Fix("unsafe", f"give `{leaf.name}` the dtype {dtype}") if can_take_dtype(program, leaf.made) else None,
    )  # fmt: skip


def of_carry(program: Program, use: c.TransformUse, bad: BadCarry) -> Finding:
    before, after = bad.found.one, bad.found.other
    place = place_of(program, bad.first, use.call)
    return RULE.found(
        place,
        f"the carry of `{use.short}` starts as {before.words()} (`{shown(before.source)}`) and its body returns "
        f"{after.words()}: "
        "a carry must keep its structure, shape and dtype, and this raises a TypeError",
        0.85 if surely_run(program, use.flow.function) else DOUBTED,
        facts={
            "function": use.flow.function.name, "control_flow": use.short, "change": bad.found.what,
            "one": before.words(), "other": after.words(),
        },
        notes=[Note(place_of(program, after.source, use.call), f"here it becomes {after.words()}")],
        severity="error",
        help="Start it with the shape and dtype that the body returns.",
    )  # fmt: skip


# -- the fix -----------------------------------------------------------------------------------------------------------


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """`jnp.asarray(1.0)` becomes `jnp.asarray(1.0, dtype=jnp.float32)`."""
    from jaxaudit.edits import add_keyword, call_at, spell

    dtype = spell(source, f"jax.numpy.{finding.facts['dtype']}")
    return (*dtype.edits, *add_keyword(source, call_at(source, finding.place), "dtype", dtype.text))


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """A dtype written down where a leaf is made; one container at each call; no device where none is needed."""
    yield from pinning.propose(findings, project)
    yield from one_container.propose(findings, project)
    yield from uncommitting.propose(findings, project)


RULE = Rule(
    name="unstable-structure",
    title="argument or carry that changes its kind between calls",
    severity="warning",
    dont="Hand a jitted function first a weak scalar and then a strong one, ints and then floats, a tuple and "
    "then a list, a history that grows, a last batch that is shorter.",
    do="Make each leaf once, with its dtype (`jnp.asarray(1.0, dtype=jnp.float32)`), and keep containers and lengths the "
    "same.",
    why="The cache of `jit` tells arguments apart by tree structure, shape, dtype and weak type: 1 and 1.0, 1.0 and "
    "`jnp.float32(1)`, a tuple and a list, None and an array, `f(x, 1.0)` and `f(x, a=1.0)` each compiled a "
    "second time, "
    "`jnp.asarray(1.0)` and 1.0 did not (14 pairs, JAX 0.10.2 and 0.12.0.1). A list that got one item more in each of 8 "
    "turns compiled 8 times; 1000 rows in batches of 128 compiled twice. `optax.apply_updates` makes every "
    "leaf strong, and "
    "so do the updates of all its optimisers but plain `sgd`: a model with one weak scalar compiled its step two "
    "(optax) or three times (Equinox and `adam`).",
    allowed="A known, small set of kinds that is meant (with and without a mask, training and evaluation batches).",
    may_break="With an explicit dtype a scalar no longer takes the dtype of what it meets: times a bfloat16 "
    "array it gives float32. "
    "Under `jax_enable_x64` the dtype to name is float64.",
    sees=("source", "run"),
    needs=("compile_count", "argument_values"),
    examples=(
        Example(
            "a weak scalar in a model",
            dont=Sample(
                """import equinox as eqx
import jax
import jax.numpy as jnp
import optax


class Star(eqx.Module):
    flux: jax.Array

    def __init__(self):
        self.flux = jnp.asarray(1.0)  # fault


optimiser = optax.adam(1e-2)


def loss(star, data):
    return jnp.mean((star.flux - data) ** 2)


@eqx.filter_jit
def fit(star, state, data):
    gradient = eqx.filter_grad(loss)(star, data)
    updates, state = optimiser.update(gradient, state, star)
    return eqx.apply_updates(star, updates), state


star = Star()
state = optimiser.init(star)
for _ in range(3):
    star, state = fit(star, state, jnp.ones(4))
""",
                shows="compiles('fit') == 3",
            ),
            do=Sample(
                """import equinox as eqx
import jax
import jax.numpy as jnp
import optax


class Star(eqx.Module):
    flux: jax.Array

    def __init__(self):
        self.flux = jnp.asarray(1.0, dtype=jnp.float32)


optimiser = optax.adam(1e-2)


def loss(star, data):
    return jnp.mean((star.flux - data) ** 2)


@eqx.filter_jit
def fit(star, state, data):
    gradient = eqx.filter_grad(loss)(star, data)
    updates, state = optimiser.update(gradient, state, star)
    return eqx.apply_updates(star, updates), state


star = Star()
state = optimiser.init(star)
for _ in range(3):
    star, state = fit(star, state, jnp.ones(4))
""",
                shows="compiles('fit') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "ints, then floats",
            dont=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def smooth(x, alpha):
    return jnp.cumsum(x * alpha)


for series in (jnp.arange(8), jnp.ones(8)):  # fault
    smooth(series, jnp.float32(0.3))
""",
                shows="compiles('smooth') == 2",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def smooth(x, alpha):
    return jnp.cumsum(x * alpha)


for series in (jnp.arange(8.0), jnp.ones(8)):
    smooth(series, jnp.float32(0.3))
""",
                shows="compiles('smooth') == 1",
            ),
        ),
        Example(
            "a scan whose carry changes its dtype",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def body(total, x):
    return total + x, total


start = jnp.zeros(3, dtype=jnp.int32)  # fault
jax.lax.scan(body, start, jnp.ones((4, 3)))
""",
                shows="'TypeError' in raised and 'carry' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def body(total, x):
    return total + x, total


start = jnp.zeros(3)
jax.lax.scan(body, start, jnp.ones((4, 3)))
""",
                shows="raised == ''",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp


@jax.jit
def scaled(x, rate):
    return x * rate


for rate in (1.0, 2.0, 3.0):
    scaled(jnp.ones(3), rate)
""",
            shows="compiles('scaled') == 1",
        ),
        Sample(
            """import jax
import jax.numpy as jnp
import numpy as np


@jax.jit
def mean(x):
    return jnp.mean(x)


mean(np.ones(3))
mean(jnp.ones(3))
""",
            shows="compiles('mean') == 1",
        ),
    ),
    match=match,
    observe=observe,
    mend=mend,
    propose=propose,
)
