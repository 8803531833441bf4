"""A Python loop that calls one function for each entry of an axis and collects the results."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.control_flow.array_work import turn_work
from jaxaudit.rules.control_flow.mapping import propose
from jaxaudit.rules.control_flow.python_loops import LEAST_TURNS, compiled_context, turns_differ, turns_over
from jaxaudit.rules.control_flow.turn_results import GatheredResults, gathered_results
from jaxaudit.rules.control_flow.unrolled_seen import observe_vmappable
from jaxaudit.rules.control_flow.vmap_fix import can_become_vmap, mend
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import text
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function, Module

MANY_TURNS = 16
_STACKING = ("jax.numpy.stack", "jax.numpy.vstack")
_CONVERTING = ("jax.numpy.array", "jax.numpy.asarray", "jax.numpy.concatenate")
_GRIDS = frozenset({"linspace", "arange", "logspace", "geomspace", "split"})


def match(program: Program) -> Iterator[Finding]:
    for module, unit in program.units_applying(_STACKING):
        if is_script(module):
            program.graph.link_unit(module, unit)
    for module, unit in program.units_applying(_CONVERTING):
        if is_script(module) and not _GRIDS.isdisjoint(module.units[unit][1]):
            program.graph.link_unit(module, unit)
    for function in list(program.graph.linked_functions):
        if function.module.context:
            continue
        yield from mapped_calls(program, function)
        for loop in function.flow.loops:
            found = gathered_results(program, loop)
            if found is not None:
                finding = judge(program, function, loop, found)
                if finding is not None:
                    yield finding


def is_script(module: Module) -> bool:
    """Outside packages, code that mentions no transformation is followed as well: it is there to be run."""
    return "." not in module.name and any(target.startswith("jax") for _, target, _, _ in module.imports)


def mapped_calls(program: Program, function: Function) -> Iterator[Finding]:
    """`map(f, xs)` over the rows of an array."""
    for call in function.flow.calls:
        if c.known_name(program, call.func) != "builtins.map" or len(call.args) < 2:
            continue
        turns = turns_over(program, call.args[1])
        targets = c.targets(program, call.args[0])
        if turns.sort != "rows" or not targets:
            continue
        traced = compiled_context(program, function) is not None
        name = called_in_turn(program, targets[0])
        if name is None or (not traced and program.tracing.context(function) is not None):
            continue
        if turns.number is None or turns.number >= LEAST_TURNS:
            cost = "unrolled into the compiled program" if traced else "which dispatches each turn by itself"
            certain = 0.85 if (turns.number or 0) >= MANY_TURNS else 0.6
            yield RULE.found(
                program.place(function.flow, call.expr),
                f"`map` calls `{name}` {turns.words} in `{function.name}`: a Python loop, {cost}; "
                f"`jax.vmap` of `{name}` does them at once",
                certain if traced else 0.5,
                facts={
                    "callee": name,
                    "turns": turns.number,
                    "function": function.name,
                    "results": "map",
                    "traced": traced,
                },
            )


def called_in_turn(program: Program, target: c.Target) -> str | None:
    """What `map` calls, by name; what a lambda calls in its place. None where no array is worked on."""
    function = target.function
    if not target.chain and not any(works_on_arrays(program, call) for call in function.flow.calls):
        return None
    returned = function.flow.returns
    if function.name == "<lambda>" and returned and isinstance(returned[0].value, v.Call):
        return text(returned[0].value.expr[1], 40)
    return function.name


def works_on_arrays(program: Program, call: v.Call) -> bool:
    if (c.known_name(program, call.func) or "").startswith("jax."):
        return True
    return any(target.chain for target in c.targets(program, call.func))


def judge(program: Program, function: Function, loop: Loop, found: GatheredResults) -> Finding | None:
    count = found.turns.number
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
    count = found.turns.number
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


def finding(
    program: Program, function: Function, loop: Loop, found: GatheredResults, traced: bool, confidence: float
) -> Finding:
    assert found.call is not None
    name = found.name or text(found.call.expr, 30)
    over = text(loop.expr, 40)
    place = program.place(loop.flow, found.call.expr if loop.kind == "comprehension" else loop.expr)
    times = found.turns.words
    work = turn_work(program, loop)
    operations = f"{work.operations} array operation{'s' if work.operations != 1 else ''}"
    cost = (
        f"the loop is unrolled, its {operations} written out {times}"
        if traced
        else f"each turn dispatches its {operations} to the device by themselves"
    )
    where = f" in `{function.name}`" if not function.is_module else ""
    return RULE.found(
        place,
        f"`{name}` is called {times} by a Python loop over `{over}`{where}, and no turn needs another: {cost}; "
        f"`jax.vmap` of `{name}` does them at once",
        confidence,
        facts={
            "callee": name, "over": over, "turns": found.turns.number, "function": function.name,
            "results": found.how, "traced": traced,
        },
        notes=[Note(program.place(loop.flow, loop.expr), "what the loop runs over")]
        if loop.kind == "comprehension"
        else (),
        help=f"`jax.vmap({name}, in_axes=...)` over the axis ({found.how} is then not needed); `jax.lax.map` "
        "where one turn "
        "after the other must fit the memory. For identical modules stack their arrays and use `eqx.filter_vmap`.",
        fix=Fix("unsafe", f"map `{name}` over the axis with `jax.vmap`") if can_become_vmap(loop, found) else None,
    )  # fmt: skip


RULE = Rule(
    name="vmappable-loop",
    title="Python loop that vmap could do at once",
    severity="warning",
    dont="Call one function for each row of an array in a Python loop or comprehension and stack the results.",
    do="`jax.vmap` the function over the axis (`eqx.filter_vmap` over stacked modules); `jax.lax.map` where "
    "memory is short.",
    why="Under jit the loop is written out: one row of a small network, 64 times, made 385 equations and took "
    "2.0 CPU seconds to its "
    "first result, `vmap` 5 equations and 0.13 s. Outside jit each operation of each turn is dispatched by "
    "itself: 6 ms for those "
    "64 rows, against less than 1 ms for the jitted `vmap` (JAX 0.10.2 and 0.12.0.1, CPU).",
    allowed="Few entries, entries of different shapes (ragged), bodies that print, save or branch on the entry.",
    may_break="All entries are in memory at once; a `lax.cond` under `vmap` runs both branches; sums may round "
    "differently.",
    sees=("source", "run"),
    needs=("equations", "timing"),
    examples=(
        Example(
            "stack of a comprehension",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def predict(w, x):
    return jnp.tanh(x @ w) @ w.T


@jax.jit
def loss(w, xs):
    return jnp.mean(jnp.stack([predict(w, x) for x in xs]) ** 2)  # fault


loss(jnp.ones((3, 2)), jnp.ones((40, 3)))
""",
                shows="equations(loss, jnp.ones((3, 2)), jnp.ones((40, 3))) > 150",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def predict(w, x):
    return jnp.tanh(x @ w) @ w.T


@jax.jit
def loss(w, xs):
    return jnp.mean(jax.vmap(predict, in_axes=(None, 0))(w, xs) ** 2)


loss(jnp.ones((3, 2)), jnp.ones((40, 3)))
""",
                shows="equations(loss, jnp.ones((3, 2)), jnp.ones((40, 3))) < 20",
            ),
            fixed_by_us=True,
        ),
        Example(
            "rows written one by one",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def energy(x):
    return jnp.sum(jnp.sin(x) ** 2)


def energies(xs):
    out = jnp.zeros(xs.shape[0])
    for i in range(xs.shape[0]):  # fault
        out = out.at[i].set(energy(xs[i]))
    return out


fast_energies = jax.jit(energies)
fast_energies(jnp.ones((30, 3)))
""",
                shows="equations(fast_energies, jnp.ones((30, 3))) > 150",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def energy(x):
    return jnp.sum(jnp.sin(x) ** 2)


fast_energies = jax.jit(jax.vmap(energy))
fast_energies(jnp.ones((30, 3)))
""",
                shows="equations(fast_energies, jnp.ones((30, 3))) < 10",
            ),
        ),
        Example(
            "results appended, then stacked",
            dont=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def spectra(signals):
    rows = []
    for k in range(len(signals)):  # fault
        rows.append(jnp.abs(jnp.fft.rfft(signals[k])) ** 2)
    return jnp.stack(rows)


spectra(jnp.ones((24, 16)))
""",
                shows="equations(spectra, jnp.ones((24, 16))) > 70",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def spectra(signals):
    return jax.vmap(lambda signal: jnp.abs(jnp.fft.rfft(signal)) ** 2)(signals)


spectra(jnp.ones((24, 16)))
""",
                shows="equations(spectra, jnp.ones((24, 16))) < 10",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp
import numpy as np


def power(t, period):
    return jnp.sum(jnp.sin(2 * jnp.pi * t / period)) / t.size


@jax.jit
def joint(curves, period):
    return jnp.stack([power(t, period) for t in curves])


curves = [jnp.asarray(np.linspace(0.0, 10.0, 40 + 7 * k)) for k in range(12)]
joint(curves, 2.0)
""",
            shows="compiles('joint') == 1",
        ),
        Sample(
            """import jax
import jax.numpy as jnp


@jax.jit
def summary(x):
    return jnp.stack([f(x) for f in (jnp.mean, jnp.std, jnp.max)])


summary(jnp.ones(5))
""",
        ),
    ),
    match=match,
    observe=observe_vmappable,
    mend=mend,
    propose=propose,
)
