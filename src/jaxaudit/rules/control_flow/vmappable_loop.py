"""A Python loop that calls one function for each entry of an axis and collects the results."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.control_flow.array_work import turn_work
from jaxaudit.rules.control_flow.python_loops import LEAST_TURNS, compiled_context, turns_differ
from jaxaudit.rules.control_flow.turn_results import GatheredResults, gathered_results
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source.facts import text
from jaxaudit.source.flow import Loop
from jaxaudit.source.program import Function, Program

MANY_TURNS = 16
_GATHERING = ("jax.numpy.stack", "jax.numpy.array", "jax.numpy.asarray", "jax.numpy.concatenate", "jax.numpy.vstack")


def match(program: Program) -> Iterator[Finding]:
    for module, unit in program.units_applying(_GATHERING):
        program.graph.link_unit(module, unit)
    for function in list(program.graph.linked_functions):
        if function.module.context:
            continue
        for loop in function.flow.loops:
            found = gathered_results(program, loop)
            if found is not None:
                finding = judge(program, function, loop, found)
                if finding is not None:
                    yield finding


def judge(program: Program, function: Function, loop: Loop, found: GatheredResults) -> Finding | None:
    count = found.turns.count
    if count is not None and count < 4:
        return None
    differ = turns_differ(program, loop)
    if differ and not differ.startswith("maybe"):
        return None
    context = compiled_context(program, function)
    if context is not None and context.use.name.startswith("jax.experimental.pallas"):
        return None
    jitted = wrapped_callee(program, found)
    if context is None and program.tracing.context(function) is not None:
        return None  # under grad or vmap alone: who calls it decides
    confidence = certainty(found, context is not None, jitted, bool(differ))
    return finding(program, function, loop, found, context is not None, confidence)


def certainty(found: GatheredResults, traced: bool, jitted: bool, doubtful: bool) -> float:
    count = found.turns.count
    stacked = found.how not in ("list", "append")
    if count is None:
        base = 0.6 if stacked else 0.4
    elif count >= MANY_TURNS:
        base = 0.9 if stacked else 0.6
    else:
        base = 0.6 if stacked and count >= LEAST_TURNS else 0.35
    if not traced:
        base = min(base, 0.5 if jitted else 0.7)
    return min(base, 0.45) if doubtful else base


def wrapped_callee(program: Program, found: GatheredResults) -> bool:
    """Whether the function called in each turn is itself compiled: a turn then costs one dispatch."""
    if found.call is None:
        return False
    return any(u.spec.kind in ("jit", "pmap") for t in c.targets(program, found.call.func) for u in t.chain)


def finding(program: Program, function: Function, loop: Loop, found: GatheredResults, traced: bool, confidence: float) -> Finding:
    assert found.call is not None
    name = found.name or text(found.call.expr, 30)
    over = text(loop.expr, 40)
    place = program.place(loop.flow, found.call.expr if loop.kind == "comprehension" else loop.expr)
    times = found.turns.words
    work = turn_work(program, loop)
    cost = (
        f"the loop is unrolled, its {work.operations} array operations written out {times}"
        if traced
        else f"each turn dispatches its {work.operations} array operations to the device by themselves"
    )
    where = f" in `{function.name}`" if not function.is_module else ""
    return RULE.found(
        place,
        f"`{name}` is called {times} by a Python loop over `{over}`{where}, and no turn needs another: {cost}; "
        f"`jax.vmap` of `{name}` does them at once",
        confidence,
        facts={
            "callee": name, "over": over, "turns": found.turns.count, "function": function.name,
            "results": found.how, "traced": traced,
        },
        notes=[Note(program.place(loop.flow, loop.expr), "what the loop runs over")] if loop.kind == "comprehension" else (),
        help=f"`jax.vmap({name}, in_axes=...)` over the axis ({found.how} is then not needed); `jax.lax.map` where one turn "
        "after the other must fit the memory. For identical modules stack their arrays and use `eqx.filter_vmap`.",
    )  # fmt: skip


RULE = Rule(
    name="vmappable-loop",
    title="Python loop that vmap could do at once",
    severity="warning",
    dont="Call one function for each row of an array in a Python loop or comprehension and stack the results.",
    do="`jax.vmap` the function over the axis (`eqx.filter_vmap` over stacked modules); `jax.lax.map` where memory is short.",
    why="",
    allowed="Few entries, entries of different shapes (ragged), bodies that print, save or branch on the entry.",
    may_break="All entries are in memory at once; a `lax.cond` under `vmap` runs both branches; sums may round differently.",
    sees=("source", "run"),
    needs=("equations", "timing"),
    examples=(),
    allowed_samples=(),
    match=match,
)
