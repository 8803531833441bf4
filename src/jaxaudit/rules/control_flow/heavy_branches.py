"""A branch that saves nothing: `cond` under `vmap` runs both sides, or both sides hold the same heavy call."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Note, amounts
from jaxaudit.rules.control_flow.array_work import Work, function_work
from jaxaudit.rules.control_flow.batched_values import Batched, batched
from jaxaudit.rules.control_flow.heavy_seen import every, observe
from jaxaudit.rules.control_flow.running import is_run
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.facts import text
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.structure import argument_expr

LONG = 20
"""A branch of so many operations is worth skipping even where none of them is heavy by itself."""


def match(program: Program) -> Iterator[Finding]:
    for use in list(program.graph.uses):
        if use.spec.kind != "branch" or use.short not in ("cond", "switch") or not use.call.args:
            continue
        flow = use.call.flow
        assert flow is not None
        if flow.function.module.context:
            continue
        arms = arms_of(program, use)
        through = batched(program, use.call.args[0])
        if through is not None:
            heaviest = max(arms, key=lambda arm: (bool(arm[2].heavy), arm[2].operations), default=None)
            if heaviest is not None and (heaviest[2].heavy or heaviest[2].operations >= LONG):
                yield under_vmap(program, use, through, heaviest)
                continue
        shared = shared_call(program, arms)
        if shared is not None:
            yield in_both(program, use, *shared)


def arms_of(program: Program, use: c.TransformUse) -> list[tuple[v.Value, Function, Work]]:
    return [
        (value, target.function, function_work(program, target.function))
        for value, _ in use.functions
        for target in c.targets(program, value)[:1]
    ]


def under_vmap(program: Program, use: c.TransformUse, through: Batched, arm: tuple[v.Value, Function, Work]) -> Finding:
    function = use.flow.function
    _, branch, work = arm
    name = branch.name if branch.name != "<lambda>" else text(arm[0].expr, 30) if arm[0].expr else "a branch"
    written = argument_expr(use.call, use.call.args[0])
    predicate = f" `{text(written, 40)}`" if written is not use.call.expr else ""
    size = f"{work.heavy} and {work.operations} operations in all" if work.heavy else f"{work.operations} operations"
    sides = "both branches run" if use.short == "cond" else "all branches run"
    return RULE.found(
        program.place(use.flow, use.call.expr),
        f"`{use.short}` in `{function.name}` runs under `vmap`, where its predicate{predicate} is batched: it "
        "becomes a "
        f"select and {sides} for every entry, `{name}` ({size}) included",
        0.5 if not work.heavy else 0.85 if is_run(program, function) else 0.7,
        facts={
            "function": function.name, "control_flow": use.short, "predicate": predicate.strip(" `"), "branch": name,
            "operations": work.operations, "heavy": work.heavy.strip("`"), "mapped": through.param,
        },
        notes=[
            Note(
                program.place(through.use.flow, through.use.call.expr),
                f"`vmap` maps `{through.param}` of `{through.function.name}`",
            )
        ],
        help="Use `jax.lax.map` over the entries where the branch is seldom taken, split the batch, decide for the "
        "whole batch at once (`jnp.any`), or keep the predicate out of the mapped arguments (`in_axes=None`).",
    )  # fmt: skip


# -- the same call in both branches ------------------------------------------------------------------------------------


def shared_call(
    program: Program, arms: list[tuple[v.Value, Function, Work]]
) -> tuple[Function, list[v.Call], Work] | None:
    """The heaviest function of the project that every branch calls."""
    if len(arms) < 2:
        return None
    tables = [calls_by_function(program, function) for _, function, _ in arms]
    if len({id(function) for _, function, _ in arms}) < len(arms):
        return None
    common = set(tables[0])
    for table in tables[1:]:
        common &= set(table)
    best: tuple[Function, list[v.Call], Work] | None = None
    for function in common:
        work = function_work(program, function)
        if work.heavy and (best is None or work.operations > best[2].operations):
            best = (function, [table[function] for table in tables], work)
    return best


def calls_by_function(program: Program, function: Function) -> dict[Function, v.Call]:
    """The functions that a branch calls itself; a branch that is the function counts as its call."""
    out: dict[Function, v.Call] = {}
    for call in function.flow.calls:
        if call.decorator or c.transform_of(program, call) is not None:
            continue
        for target in c.targets(program, call.func)[:1]:
            if not target.chain or all(u.spec.kind in ("jit", "checkpoint") for u in target.chain):
                out.setdefault(target.function, call)
    return out


def in_both(program: Program, use: c.TransformUse, shared: Function, calls: list[v.Call], work: Work) -> Finding:
    function = use.flow.function
    first = calls[0]
    constants = any(a.__class__ is v.Const for call in calls for a in (*call.args, *[x for _, x in call.kwargs]))
    return RULE.found(
        program.place(use.flow, use.call.expr),
        f"`{shared.name}` ({work.heavy}, {work.operations} operations) stands in {every(len(calls))} of this `{use.short}` in "
        f"`{function.name}`: it is traced and compiled {amounts.times(len(calls))}; call it once, outside",
        0.4 if constants else 0.8 if is_run(program, function) else 0.6,
        facts={
            "function": function.name, "control_flow": use.short, "callee": shared.name, "operations": work.operations,
        },
        notes=[
            Note(program.place(call.flow, call.expr), f"`{shared.name}` is called here")
            for call in (first, calls[1])
            if call.flow is not None
        ],
        help=f"Let the `{use.short}` choose the arguments (or `jnp.where` them), then call `{shared.name}` once.",
    )  # fmt: skip


RULE = Rule(
    name="heavy-branches",
    title="heavy work in branches that all run or all compile",
    severity="warning",
    dont="Expect `lax.cond` to skip heavy work under `vmap`, or repeat one heavy call in both branches.",
    do="Use `lax.map` (the branch stays one), decide for the whole batch, or call the heavy function once "
    "outside the branch.",
    why="Under `vmap` a `cond` whose predicate is batched becomes a `select`: a refinement of 60 linear solves "
    "that no entry "
    "needed ran for all 200, 55 ms a step against less than 1 ms with `lax.map` (JAX 0.10.2 and 0.12.0.1, CPU). "
    "A heavy call "
    "in both branches is traced, compiled and kept in the executable twice.",
    allowed="Light branches (a select is cheaper than a branch), a predicate that is the same for the whole batch.",
    may_break="`lax.map` runs the entries one after the other: on an accelerator that can cost more than running "
    "both branches.",
    sees=("source", "run"),
    needs=("equations", "timing"),
    examples=(
        Example(
            "cond under vmap",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def refine(x):
    return jax.lax.scan(lambda u, _: (u - 0.1 * jnp.sin(u), None), x, None, length=50)[0]


def advance(x):
    return jax.lax.cond(jnp.sum(x) > 0, refine, lambda x: 0.5 * x, x)  # fault


step = jax.jit(jax.vmap(advance))
step(jnp.ones((4, 3)))
""",
                shows="'cond' not in str(jax.make_jaxpr(step)(jnp.ones((4, 3)))) and "
                "'select_n' in str(jax.make_jaxpr(step)(jnp.ones((4, 3))))",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def refine(x):
    return jax.lax.scan(lambda u, _: (u - 0.1 * jnp.sin(u), None), x, None, length=50)[0]


def advance(x):
    return jax.lax.cond(jnp.sum(x) > 0, refine, lambda x: 0.5 * x, x)


@jax.jit
def step(states):
    return jax.lax.map(advance, states)


step(jnp.ones((4, 3)))
""",
                shows="'cond' in str(jax.make_jaxpr(step)(jnp.ones((4, 3))))",
            ),
        ),
        Example(
            "the same heavy call in both branches",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def relax(x):
    return jax.lax.scan(lambda u, _: (u - 0.1 * jnp.sin(u), None), x, None, length=50)[0]


@jax.jit
def advance(x, flipped):
    return jax.lax.cond(flipped, lambda x: -relax(-x), lambda x: relax(x), x)  # fault


advance(jnp.ones(3), True)
""",
                shows="str(jax.make_jaxpr(advance)(jnp.ones(3), True)).count('scan[') == 2",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def relax(x):
    return jax.lax.scan(lambda u, _: (u - 0.1 * jnp.sin(u), None), x, None, length=50)[0]


@jax.jit
def advance(x, flipped):
    sign = jnp.where(flipped, -1.0, 1.0)
    return sign * relax(sign * x)


advance(jnp.ones(3), True)
""",
                shows="str(jax.make_jaxpr(advance)(jnp.ones(3), True)).count('scan[') == 1",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp


def flip(x):
    return jax.lax.cond(x > 0, lambda x: -x, lambda x: x, x)


jax.vmap(flip)(jnp.ones(4))
""",
        ),
        Sample(
            """import jax
import jax.numpy as jnp


def refine(x):
    return jax.lax.scan(lambda u, _: (u - 0.1 * jnp.sin(u), None), x, None, length=50)[0]


def advance(x, fine):
    return jax.lax.cond(fine, refine, lambda x: 0.5 * x, x)


step = jax.jit(jax.vmap(advance, in_axes=(0, None)))
step(jnp.ones((4, 3)), True)
""",
            shows="'cond' in str(jax.make_jaxpr(step)(jnp.ones((4, 3)), True))",
        ),
    ),
    match=match,
    observe=observe,
)
