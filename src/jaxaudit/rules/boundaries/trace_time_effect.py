"""A Python effect inside a jitted function happens once, while the function is traced, and never again."""

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.boundaries.effects import Effect, effects, has_eager_callers
from jaxaudit.rules.boundaries.lost_writes import LostWrite, lost_writes
from jaxaudit.rules.boundaries.trace_time_effect_seen import observe
from jaxaudit.rules.captures.changes import is_lazy
from jaxaudit.rules.captures.compiled_code import Compiled, bodies, compiled_functions
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import provenance
from jaxaudit.source import values as v
from jaxaudit.source.facts import start
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.lifetime import frequency
from jaxaudit.source.program import Program


def match(program: Program) -> Iterator[Finding]:
    for compiled in (*compiled_functions(program).values(), *bodies(program, ("loop", "branch", "solver"))):
        seen_at = call_into_sibling(compiled)
        if compiled.function.module.context and seen_at is None:
            continue
        said: set[tuple[str, str]] = set()
        for effect in effects(program, compiled):
            key = (effect.what, effect.target)
            if key in said or is_meant_for_tracing(program, compiled, effect):
                continue
            if seen_at is not None and effect.leaks is None:
                continue
            said.add(key)
            yield told(program, compiled, effect, seen_at)
        if not compiled.function.module.context:
            for write in lost_writes(program, compiled):
                yield lost(program, compiled, write)


def lost(program: Program, compiled: Compiled, write: LostWrite) -> Finding:
    name, flow = write.argument, compiled.function.flow
    assert write.call.flow is not None
    return RULE.found(
        program.place(flow, write.store.expr),
        f"`{name}` is changed in place in {compiled.where.rstrip(',')}: JAX builds an argument anew for each call, so the change is "
        f"lost, and the caller's `{name}` stays as it was",
        0.85 if write.read_later else 0.5,
        facts={"function": compiled.function.name, "target": name, "effect": "argument"},
        notes=[
            Note(program.place(write.call.flow, write.call.expr), "the same object is handed in here, in each turn")
        ],
        help=f"Return the new `{name}` and hand it in again with the next call.",
    )


def call_into_sibling(compiled: Compiled) -> v.Call | None:
    """The call that leads from a checked file into one that was only read: that is where its effects are told."""
    if not compiled.function.module.context or not compiled.calls:
        return None
    call = compiled.calls[-1]
    return call if call.flow is not None and not call.flow.function.module.context else None


def told(program: Program, compiled: Compiled, effect: Effect, seen_at: v.Call | None = None) -> Finding:
    where = compiled.where.rstrip(",")
    site = compiled.site
    message = WORDS[effect.what].format(target=effect.target, where=where)
    if effect.what == "print" and effect.leaks is None:
        message = f"`{effect.target}` in {where} prints once, while it is traced, and not in later calls"
    if effect.leaks is not None and effect.what in ("attribute", "name", "item", "container"):
        message += "; what it keeps is a tracer, which can't be used afterwards (UnexpectedTracerError)"
    notes = []
    line = start(site.call.expr)[0]
    place = program.place(effect.flow, effect.expr)
    if seen_at is not None and seen_at.flow is not None:
        notes.append(Note(place, "the effect"))
        place = program.place(seen_at.flow, seen_at.expr)
    if (site.flow.function.module.path, line) != (place.path, place.line):
        verb = "jitted" if site.use.spec.kind in ("jit", "pmap") else "handed over"
        notes.append(Note(program.place(site.flow, site.call.expr), f"{compiled.name} is {verb} here"))
    return RULE.found(
        place,
        message,
        confidence(program, compiled, effect),
        facts={"function": compiled.function.name, "target": effect.target, "effect": effect.what},
        notes=notes,
        help=REMEDY[effect.what],
    )


WORDS = {
    "attribute": "`{target}` is assigned in {where}: a side effect, which happens once while it is traced and not in "
    "later calls",
    "name": "`{target}`, a name around it, is assigned in {where}: a side effect, which happens once while it is "
    "traced and not in later calls",
    "item": "`{target}` is written into in {where}: a side effect, which happens once while it is traced and not in "
    "later calls",
    "container": "`{target}` is changed in {where}: a side effect, which happens once while it is traced and not in "
    "later calls",
    "print": "`{target}` in {where} prints once, while it is traced, and shows tracers instead of values",
    "clock": "`{target}` in {where} reads the clock once, while it is traced: the time is baked into the program",
    "draw": "`{target}` in {where} draws once, while it is traced: the same numbers are baked into the program for all "
    "calls",
    "next": "`{target}` in {where} takes an item once, while it is traced: all calls go on with the first item, a constant of the "
    "program",
    "record": "`{target}` in {where} runs once, while it is traced, and not in later calls",
    "log": "`{target}` in {where} logs once, while it is traced, and not in later calls",
}
_STATE = "Return the new value and hand it in again with the next call, or report it by `jax.debug.callback`."
REMEDY = {
    "attribute": _STATE,
    "name": _STATE,
    "item": _STATE,
    "container": _STATE,
    "print": "Use `jax.debug.print`, which runs with the values of each call.",
    "clock": "Read the clock outside the jitted function, after `block_until_ready()`.",
    "draw": "Draw with `jax.random` and a key that is an argument, or draw outside and hand the numbers in.",
    "next": "Take the item outside the jitted function and hand it in as an argument.",
    "record": "Return the values and record them outside, or use `jax.debug.callback`.",
    "log": "Use `jax.debug.print` or `jax.debug.callback`, or log outside.",
}


def confidence(program: Program, compiled: Compiled, effect: Effect) -> float:
    if compiled.through_parameter:
        return 0.4
    if effect.what == "print":
        sure = 0.85 if effect.leaks is not None else 0.4
    elif effect.what == "log":
        sure = 0.85 if effect.leaks is not None and not effect.target.endswith(".debug") else 0.3
    elif effect.what == "record":
        sure = 0.85
    elif effect.what == "next":
        sure = 0.5 if is_counter(program, effect.value) else 0.9  # a number for each trace, in a name, does no harm
    else:
        sure = (
            0.5
            if (is_lazy(effect.path) and effect.leaks is None) or is_record_of_trace(effect) or is_tool(program, effect)
            else 0.9
        )
    handed_over = effect.leaks is not None and len(compiled.calls) == 1  # the jitted function itself hands a tracer in
    if compiled.only_in_tests or not (compiled.is_near or handed_over):
        return min(sure, 0.5)
    if (compiled.calls and has_eager_callers(program, compiled.function)) or only_without(effect.path):
        return min(sure, 0.6)
    return sure if in_sight(program, compiled, effect) else min(sure, 0.7)


def in_sight(program: Program, compiled: Compiled, effect: Effect) -> bool:
    """Whether the source shows that somebody misses the effect in later calls: a list that is filled may be scratch that
    each trace fills anew, a draw may be one of a branch that is not taken, and a function that is called once has no
    later calls.
    """
    if effect.what == "item" and not effect.counts and writes_into_scratch(effect):
        return False
    if len(compiled.calls) > 1 and effect.what in ("container", "clock", "record"):
        return False  # far from the jit: perhaps a tool that works while tracing, such as a table of what was tried
    if effect.what == "draw" and (compiled.calls or effect.path):
        return False
    if effect.what == "print" and any(branch.kind == "if" for branch, _ in effect.path):
        return False  # under `if verbose`: perhaps never while it is traced
    return effect.leaks is not None or frequency(program, compiled.site.function).how != "once"


def writes_into_scratch(effect: Effect) -> bool:
    """`slots[i] = x`, of a name of the function around."""
    expr = effect.expr
    if not isinstance(expr, tuple) or expr[0] != "[" or expr[1][0] != "n":
        return False
    home = effect.flow.home_of(expr[1][1])
    return home is not None and not home.function.is_module and expr[2][0] != "k"


def only_without(path: v.Path) -> bool:
    """Under `if rng is None`, of a parameter: the jitted callers may all hand one in."""
    return any(
        branch.test.__class__ is v.Op
        and branch.test.name in ("Is", "IsNot", "Not")
        and any(operand.__class__ is v.Param for operand in branch.test.operands)
        for branch, _ in path
        if branch.test is not None
    )


def is_meant_for_tracing(program: Program, compiled: Compiled, effect: Effect) -> bool:
    """Counters of traces, messages while tracing, caches far from the jit, and what stands under a test for tracers."""
    words = effect.target.lower()
    if effect.what == "log" and effect.leaks is None:
        return True
    if len(compiled.calls) > 2 and not compiled.is_near:
        return True
    if any(word in words for word in ("trace", "tracing", "compil", "jitting")):
        return True
    if effect.what in ("log", "print") and any(branch.kind == "try" and arm > 0 for branch, arm in effect.path):
        return True  # what is said of an error that tracing ended in
    return any(branch.test is not None and asks_for_tracer(program, branch.test) for branch, _ in effect.path)


def is_record_of_trace(effect: Effect) -> bool:
    """A list or dict of the function around that is filled with what is known while tracing: shapes, names, keys."""
    return effect.what in ("container", "item") and effect.leaks is None and not effect.counts


def is_tool(program: Program, effect: Effect) -> bool:
    """`self.update_fn = lambda ...`, `self.net = make(config)`: what each trace would make anew, and keeps no tracer."""
    value = effect.value
    if effect.what != "attribute" or effect.leaks is not None or value is None:
        return False
    settled = v.settle(value)
    if settled.__class__ is v.FunctionValue or kind_of(program, settled).what in ("function", "transformed"):
        return True
    return settled.__class__ is v.Call and not kind_of(program, settled).is_array


def is_counter(program: Program, value: v.Value | None) -> bool:
    return value is not None and any(
        isinstance(root, v.Call) and c.known_name(program, root.func) == "itertools.count"
        for root in provenance.roots(program, value)
    )


def asks_for_tracer(program: Program, test: v.Value) -> bool:
    if test.__class__ is v.Op:
        return any(asks_for_tracer(program, part) for part in test.parts())
    if not isinstance(test, v.Call):
        return False
    name = c.known_name(program, test.func) or ""
    return name.endswith((".trace_state_clean", ".is_concrete", ".is_top_level")) or any(
        (c.known_name(program, part) or "").endswith("Tracer") for part in test.args
    )


RULE = Rule(
    name="trace-time-effect",
    title="Python side effect inside a jitted function",
    severity="error",
    dont="Assign an attribute or a global, append to a list, count, print, read the clock or draw from NumPy in a "
    "jitted function, or change the items of an argument in place.",
    do="Return the value and thread it as state; for output use `jax.debug.print` or `jax.debug.callback`.",
    why="A jitted function's Python code runs while it is traced, once for each new shape. 10 calls of a method that "
    "counts its steps left the counter at 1, and a schedule that reads it frozen (JAX 0.10.2 and 0.12.0.1).",
    allowed="Effects meant for tracing, such as counters of traces; state that a library looks after (nnx variables, "
    "Haiku and Linen modules); objects that are made inside the trace.",
    may_break="The effect then happens in every call, as it reads.",
    sees=("source", "run"),
    needs=("argument_values",),
    examples=(
        Example(
            "counter on self",
            dont=Sample(
                """import jax
import jax.numpy as jnp


class Trainer:
    def __init__(self):
        self.steps = 0
        self.loss = jax.jit(self._loss)

    def _loss(self, x):
        self.steps += 1  # fault
        return jnp.mean(x**2) / self.steps


trainer = Trainer()
for _ in range(10):
    value = trainer.loss(jnp.ones(3))
""",
                shows="trainer.steps == 1",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


class Trainer:
    def __init__(self):
        self.steps = 0
        self.loss = jax.jit(self._loss)

    def _loss(self, x, steps):
        return jnp.mean(x**2) / steps


trainer = Trainer()
for _ in range(10):
    trainer.steps += 1
    value = trainer.loss(jnp.ones(3), trainer.steps)
""",
                shows="trainer.steps == 10 and compiles('_loss') == 1",
            ),
        ),
        Example(
            "list that a scan body fills",
            dont=Sample(
                """import jax
import jax.numpy as jnp

history = []


@jax.jit
def simulate(x):
    def body(x, _):
        history.append(x)  # fault
        return 0.5 * x, None

    return jax.lax.scan(body, x, None, length=5)[0]


x = simulate(jnp.float32(1.0))
""",
                shows="len(history) < 5",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def simulate(x):
    def body(x, _):
        return 0.5 * x, x

    return jax.lax.scan(body, x, None, length=5)


x, history = simulate(jnp.float32(1.0))
""",
                shows="len(history) == 5",
            ),
        ),
        Example(
            "global, print, NumPy's draws and the clock",
            dont=Sample(
                """import time

import jax
import jax.numpy as jnp
import numpy as np

count = 0


@jax.jit
def noisy(x):
    global count
    count += 1  # fault
    began = time.perf_counter()  # fault
    x = x + np.random.normal(size=3)  # fault
    print("x is", x)  # fault
    return x * began


first = noisy(jnp.zeros(3))
second = noisy(jnp.zeros(3))
""",
                shows="count == 1 and bool((first == second).all())",
            ),
            do=Sample(
                """import time

import jax
import jax.numpy as jnp

count = 0


@jax.jit
def noisy(key, x, began):
    x = x + jax.random.normal(key, (3,))
    jax.debug.print("x is {}", x)
    return x * began


for key in jax.random.split(jax.random.key(0), 2):
    count += 1
    x = noisy(key, jnp.zeros(3), time.perf_counter())
""",
                shows="count == 2 and compiles('noisy') == 1",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp

n_traces = 0


@jax.jit
def f(x):
    global n_traces
    n_traces += 1
    parts = []
    table = {}
    for k in range(3):
        parts.append(k * x)
        table[k] = x
    return jnp.stack(parts) + table[0]


for _ in range(3):
    y = f(jnp.ones(2))
""",
            shows="n_traces == 1",
        ),
        Sample(
            """import jax
import jax.numpy as jnp


class Cell:
    def __init__(self, x):
        self.x = x

    def double(self):
        self.x = 2 * self.x
        return self.x


@jax.jit
def f(x):
    return Cell(x).double()


y = f(jnp.ones(2))
""",
            shows="y[0] == 2.0",
        ),
    ),
    match=match,
    observe=observe,
)
