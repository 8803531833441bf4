"""A Python loop that a trace writes out turn by turn."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.control_flow.python_loops import (
    LEAST_TURNS,
    Dependence,
    Turns,
    Work,
    compiled_context,
    dependence,
    turn_work,
    turns_differ,
    turns_of,
)
from jaxaudit.rules.control_flow.reduced import Reduced, recursions, reduced_loops
from jaxaudit.rules.control_flow.rolling_up import propose
from jaxaudit.rules.control_flow.turn_results import gathered_results
from jaxaudit.rules.control_flow.unrolled_seen import observe_unrolled
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import text
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.tracing import Context

MANY_TURNS = 32
FEW_OPERATIONS = 3
LONG_PROGRAM = 400


def match(program: Program) -> Iterator[Finding]:
    for function in list(program.graph.linked_functions):
        if function.module.context or not function.flow.loops:
            continue
        context = compiled_context(program, function)
        if context is None or context.use.name.startswith("jax.experimental.pallas"):
            continue
        told: list[Loop] = []
        for loop in sorted(function.flow.loops, key=lambda one: len(one.outer)):
            if any(outer in told for outer in loop.outer):
                continue
            found = judge(program, function, loop, context)
            if found is not None:
                told.append(loop)
                yield found
    for one in reduced_loops(program):
        if one.work.operations and (one.turns.number is None or one.turns.number >= LEAST_TURNS):
            yield from written_as_a_call(program, one)
    for one in recursions(program):
        if one.work.operations and one.turns.number is not None and one.turns.number >= LEAST_TURNS:
            yield from written_as_a_call(program, one, most=0.6)  # each level may be of another shape


def written_as_a_call(program: Program, one: Reduced, most: float = 1.0) -> Iterator[Finding]:
    """`reduce(step, range(n), state)`, or a function that calls itself: the turns are calls of one function."""
    confidence = min(certainty(one.turns, one.work), most)
    if confidence == 0.0:
        return
    flow, name = one.call.flow, one.step.name
    total = f", about {one.turns.number * one.work.operations} in all" if one.turns.number is not None else ""
    operations = f"{one.work.operations} array operation{'s' if one.work.operations != 1 else ''}"
    use = one.context.use
    yield RULE.found(
        program.place(flow, one.call.expr),
        f"`{text(one.call.expr, 60)}` runs while `{flow.function.name}` is traced: `{name}`, {operations}, is unrolled, "
        f"written out {one.turns.words} into the compiled program{total}; `jax.lax.fori_loop` or `jax.lax.scan` keeps it once",
        confidence,
        facts={
            "function": flow.function.name, "turns": one.turns.number, "operations_per_turn": one.work.operations,
            "callee": name,
        },
        notes=[Note(program.place(use.flow, use.call.expr), f"`{use.short}` traces it")],
        help=f"`jax.lax.fori_loop(0, n, lambda _, state: {name.replace('<lambda>', 'step')}(state, ...), state)`: the body is then traced and "
        "compiled once.",
    )  # fmt: skip


def judge(program: Program, function: Function, loop: Loop, context: Context) -> Finding | None:
    turns = turns_of(program, loop)
    if turns.sort == "" or (turns.number is not None and turns.number < LEAST_TURNS):
        return None
    if turns.sort == "modules" and turns.number is None:
        return None  # as many layers as a network has
    if gathered_results(program, loop) is not None:
        return None  # its turns don't need each other: vmappable-loop
    work = turn_work(program, loop)
    if work.operations == 0:
        return None
    differ = turns_differ(program, loop)
    if differ and not differ.startswith("maybe"):
        return None
    confidence = min(certainty(turns, work), 0.6 if turns.sort == "modules" else 1.0)
    if differ or "unroll" in function.name.lower():
        confidence = min(confidence, 0.5)  # its name says that it is meant
    if confidence == 0.0:
        return None
    return finding(program, function, loop, context, turns, work, dependence(program, loop), confidence)


def certainty(turns: Turns, work: Work) -> float:
    """Certain where the number of turns is seen, and the program they make is a long one."""
    if turns.number is None:
        known = turns.sort in ("rows", "shape")  # an option may well be small
        return (0.6 if known else 0.5) if work.operations >= 2 else 0.4
    if turns.number >= MANY_TURNS and work.operations >= FEW_OPERATIONS:
        return 0.9
    if turns.number >= 2 * LEAST_TURNS and turns.number * work.operations >= LONG_PROGRAM:
        return 0.85
    if turns.number >= 2 * LEAST_TURNS:
        return 0.6 if work.operations >= 2 else 0.45
    return 0.35 if work.operations >= 2 else 0.0


def finding(
    program: Program,
    function: Function,
    loop: Loop,
    context: Context,
    turns: Turns,
    work: Work,
    needs: Dependence,
    confidence: float,
) -> Finding:
    head = f"for {text(loop.target)} in {text(loop.expr)}" if loop.target is not None else f"while {text(loop.expr)}"
    total = f", about {turns.number * work.operations} in all" if turns.number is not None else ""
    calls = f" (it calls `{work.callee}`)" if work.callee else ""
    how = "`jax.lax.scan` or `jax.lax.fori_loop`"
    if turns.sort == "modules":
        how = "`jax.lax.scan` over the modules, stacked (`eqx.filter_vmap` of what makes them),"
    carried = ", ".join([f"`{n}`" for n in needs.carried or tuple(needs.gathered)][:3])
    place = program.place(loop.flow, loop.expr)
    operations = f"{work.operations} array operation{'s' if work.operations != 1 else ''}"
    return RULE.found(
        place,
        f"`{head}` runs while `{function.name}` is traced: its body, {operations}{calls}, is unrolled, written out "
        f"{turns.words} into the compiled program{total}; {how} keeps it once",
        confidence,
        facts={
            "function": function.name, "turns": turns.number, "operations_per_turn": work.operations,
            "carried": list(needs.carried), "callee": work.callee,
        },
        notes=[Note(program.place(context.use.flow, context.use.call.expr), f"`{context.use.short}` traces it")],
        help=f"Carry {carried} through {how}: the body is then traced and compiled once. "
        "`unroll=` of scan keeps short recurrences fused."
        if carried
        else f"Use {how}, or `jax.vmap` where the turns don't need each other.",
    )  # fmt: skip


RULE = Rule(
    name="unrolled-loop",
    title="Python loop written out turn by turn under jit",
    severity="warning",
    dont="Loop in Python over many steps inside a jitted function (or in what it calls).",
    do="Use `jax.lax.scan` (or `fori_loop`, `while_loop`): the body is traced and compiled once, however many "
    "turns it takes.",
    why="Tracing runs the Python loop and writes every turn into the program. A recurrence of 100 steps with "
    "`.at[t].set` made "
    "896 equations and took 4.2 CPU seconds to its first result, `lax.scan` 4 equations and 0.17 s; with 32 "
    "steps 1.15 against "
    "0.09 s, with 8 steps 0.28 against 0.08 s (JAX 0.10.2, CPU).",
    allowed="Few turns (fewer than 8 are never reported), turns that differ (layers of several widths, a list of "
    "functions), code outside jit. "
    "A short elementwise recurrence may run faster written out, because XLA fuses it into one pass: measure it.",
    may_break="`scan` needs a carry whose shapes and dtypes stay the same, runs its turns one by one (less "
    "fusion), and gives "
    "the body a traced index: `if i == 0` and lists indexed by it must go.",
    sees=("source", "run"),
    needs=("equations", "timing"),
    examples=(
        Example(
            "time steps in a helper of a jitted function",
            dont=Sample(
                """import jax
import jax.numpy as jnp

N_STEPS = 50


def advance(state, rate):
    for _ in range(N_STEPS):  # fault
        slope = rate * state * (1.0 - state)
        state = state + 0.1 * slope
    return state


@jax.jit
def final(state, rate):
    return jnp.sum(advance(state, rate))


final(jnp.ones(4), 0.5)
""",
                shows="equations(final, jnp.ones(4), 0.5) > 200",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp

N_STEPS = 50


def advance(state, rate):
    def step(state, _):
        slope = rate * state * (1.0 - state)
        return state + 0.1 * slope, None

    return jax.lax.scan(step, state, None, length=N_STEPS)[0]


@jax.jit
def final(state, rate):
    return jnp.sum(advance(state, rate))


final(jnp.ones(4), 0.5)
""",
                shows="equations(final, jnp.ones(4), 0.5) < 20",
            ),
        ),
        Example(
            "over an axis of an array",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def smooth(x, decay):
    y = jnp.zeros_like(x)
    y = y.at[0].set(x[0])
    for t in range(1, x.shape[0]):  # fault
        y = y.at[t].set(x[t] + decay * y[t - 1])
    return y


fast = jax.jit(smooth)
fast(jnp.ones((40, 2)), 0.5)
""",
                shows="equations(fast, jnp.ones((40, 2)), 0.5) > 200",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def smooth(x, decay):
    def step(before, row):
        after = row + decay * before
        return after, after

    return jax.lax.scan(step, jnp.zeros_like(x[0]), x)[1]


fast = jax.jit(smooth)
fast(jnp.ones((40, 2)), 0.5)
""",
                shows="equations(fast, jnp.ones((40, 2)), 0.5) < 20",
            ),
        ),
        Example(
            "counted by hand, the number of steps static",
            dont=Sample(
                """from functools import partial

import jax
import jax.numpy as jnp


@partial(jax.jit, static_argnames=("n",))
def power_iteration(a, v, n):
    i = 0
    while i < n:  # fault
        v = a @ v
        v = v / jnp.linalg.norm(v)
        i += 1
    return v @ a @ v


power_iteration(jnp.eye(3), jnp.ones(3), n=60)
""",
                shows="equations(lambda a, v: power_iteration(a, v, 60), jnp.eye(3), jnp.ones(3)) > 100",
            ),
            do=Sample(
                """from functools import partial

import jax
import jax.numpy as jnp


@partial(jax.jit, static_argnames=("n",))
def power_iteration(a, v, n):
    def turn(_, v):
        v = a @ v
        return v / jnp.linalg.norm(v)

    v = jax.lax.fori_loop(0, n, turn, v)
    return v @ a @ v


power_iteration(jnp.eye(3), jnp.ones(3), n=60)
""",
                shows="equations(lambda a, v: power_iteration(a, v, 60), jnp.eye(3), jnp.ones(3)) < 30",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp


@jax.jit
def network(layers, x):
    for w, b in layers:
        x = jnp.tanh(x @ w + b)
    return x


network([(jnp.eye(3), jnp.ones(3))] * 20, jnp.ones(3))
""",
            shows="compiles('network') == 1",
        ),
        Sample(
            """import jax
import jax.numpy as jnp


@jax.jit
def halley(x):
    guess = x
    for _ in range(4):
        guess = guess * (guess**3 + 2 * x) / (2 * guess**3 + x)
    return guess


halley(jnp.ones(3))
""",
        ),
        Sample(
            """import jax
import jax.numpy as jnp


@jax.jit
def step(x):
    return x - 0.1 * jnp.sin(x)


x = jnp.ones(3)
for _ in range(50):
    x = step(x)
""",
            shows="compiles('step') == 1",
        ),
    ),
    match=match,
    observe=observe_unrolled,
    propose=propose,
)
