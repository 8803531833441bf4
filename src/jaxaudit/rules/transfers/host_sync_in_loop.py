"""A device value that the host asks for in every turn of a loop."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.boundaries.fresh_wrappers import place_of_loop
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.transfers.device_results import DeviceResult, device_result, made_by
from jaxaudit.rules.transfers.fetches import Fetch, fetches, purpose, taken_by
from jaxaudit.rules.transfers.fetching_once import propose
from jaxaudit.rules.transfers.host_sync_seen import observe
from jaxaudit.rules.transfers.turn_guards import guard, is_clocked, is_timed
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import text
from jaxaudit.source.flow import Flow
from jaxaudit.source.numbers import length_of, number
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import roots
from jaxaudit.source.scopes import Function
from jaxaudit.source.sites import jit_sites

FEW_TURNS = 8
CHUNK = 65536
BY_PURPOSE = {"collected": 0.85, "kept": 0.85, "shown": 0.6, "tested": 0.5, "used": 0.4}
BY_MAKER = {"compiled": 0.95, "differentiated": 0.9, "array work": 0.6}


def match(program: Program) -> Iterator[Finding]:
    for site in jit_sites(program):
        program.graph.callers(site.function)
    for function in list(program.graph.linked_functions):
        if function.module.context or program.tracing.context(function) is not None:
            continue
        seen: set[tuple[object, ...]] = set()
        for fetch in fetches(program, function.flow):
            finding = in_own_loop(program, fetch) if fetch.loops else in_callers_loop(program, function, fetch)
            if finding is None:
                continue
            keys: set[tuple[object, ...]] = {(finding.place.line, finding.facts["value"])}
            if isinstance(fetch.value, v.Call):  # `f(x + h)` and `f(x - h)`: once for each that computes them
                keys.add((finding.facts["loop_line"], finding.facts["made_by"], finding.facts["purpose"]))
            if seen.isdisjoint(keys):
                yield finding
            seen |= keys


def in_own_loop(program: Program, fetch: Fetch) -> Finding | None:
    loop = lifetime.repeats(fetch.loops)
    if loop is None:
        return None
    made = device_result(program, fetch.value)
    if made is None or made.call.flow is not fetch.flow:
        return None
    if loop not in made.call.loops or not set(made.call.loops) <= set(fetch.loops):
        return None  # made before the loop, or by an inner loop: one wait for many steps
    how = guard(program, fetch.path, loop.path)
    if how == "now and then" or (is_timed(program, loop) and fetch.how == "wait"):
        return None
    confidence = certainty(program, fetch, made, loop)
    if how == "maybe" or any(branch.kind == "try" and arm > 0 for branch, arm in loop.path):
        confidence = min(confidence, 0.45)
    return finding(program, fetch, made, loop, confidence)


def in_callers_loop(program: Program, function: Function, fetch: Fetch) -> Finding | None:
    """A function that converts, called by a loop elsewhere."""
    if function.is_module:
        return None
    made = device_result(program, fetch.value) or handed_in(program, fetch.value)
    if made is None or made.how == "array work":
        return None
    often = lifetime.frequency(program, function)
    if often.how != "many" or often.loop is None or often.call is None:
        return None
    how = guard(program, fetch.path, ())
    outer = guard(program, often.call.path, often.loop.path) if often.loop in often.call.loops else "maybe"
    if "now and then" in (how, outer) or is_timed(program, often.loop):
        return None
    confidence = min(0.7, certainty(program, fetch, made, often.loop))
    if "maybe" in (how, outer):
        confidence = min(confidence, 0.4)
    return finding(program, fetch, made, often.loop, confidence)


def handed_in(program: Program, value: v.Value) -> DeviceResult | None:
    """A parameter (or a part of one) that every caller fills with what a compiled call returned."""
    while isinstance(value, v.Item | v.Attr):
        value = value.base
    if not isinstance(value, v.Param):
        return None
    found = [device_result(program, source) for call, source in program.sources(value) if call is not None]
    first = found[0] if found else None
    return first if all(f is not None and f.how == "compiled" for f in found) else None


def certainty(program: Program, fetch: Fetch, made: DeviceResult, loop: Loop) -> float:
    confidence = min(BY_PURPOSE[purpose(fetch)], BY_MAKER[made.how])
    if fetch.how == "wait":
        confidence = min(confidence, 0.5)
    if fetch.how == "array":
        confidence = min(confidence, 0.6)
    if is_clocked(program, loop):
        confidence = min(confidence, 0.5)
    if runs_a_loop(program, made.call):
        confidence = min(confidence, 0.4)  # a turn is many steps already
    turns = most_turns(program, loop.iterable) if loop.iterable is not None else None
    if turns is not None and turns <= FEW_TURNS:
        confidence = min(confidence, 0.3)
    if loop.iterable is not None and takes_chunks(program, loop.iterable):
        confidence = min(confidence, 0.5)
    return confidence


def most_turns(program: Program, iterable: v.Value) -> int | None:
    """How many turns at most; None where one of the things that the loop may go over has no known length."""
    lengths = [length_of(program, root) for root in roots(program, iterable)]
    known = [length for length in lengths if length is not None]
    return max(known) if known and len(known) == len(lengths) else None


def takes_chunks(program: Program, iterable: v.Value) -> bool:
    """`range(0, n, 1_000_000)`: each turn works on so much that a wait is nothing beside it."""
    if not isinstance(iterable, v.Call) or c.known_name(program, iterable.func) != "builtins.range":
        return False
    step = number(program, iterable.args[2]) if len(iterable.args) == 3 else None
    return step is not None and step >= CHUNK


def runs_a_loop(program: Program, call: v.Call) -> bool:
    """Whether the compiled function scans by itself, or in what it calls."""
    waiting = [t.function for t in c.targets(program, call.func)]
    seen: set[Function] = set()
    while waiting and len(seen) < 24:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        for inner in function.flow.calls:
            use = c.transform_of(program, inner)
            if use is not None and use.spec.kind in ("loop", "solver"):
                return True
            waiting += [t.function for t in c.targets(program, inner.func)]
    return False


def finding(program: Program, fetch: Fetch, made: DeviceResult, loop: Loop, confidence: float) -> Finding:
    flow: Flow = fetch.flow
    value = name_of(fetch)
    where = f"the loop in line {loop.line}"
    if loop.flow is not flow:
        where += f" of `{loop.flow.function.name}`" if not loop.flow.function.is_module else ""
    if fetch.how == "tested":
        said = f"`{fetch.word} {text(fetch.expr, 40)}` asks for a device value"
        instead = "Let the loop run on the device: `jax.lax.while_loop`, or test every k turns only."
    elif fetch.how == "wait":
        said = f"`{text(fetch.expr, 40)}` waits for `{value}`"
        instead = "Wait once, after the loop; within it only where each step is timed."
    elif fetch.how == "shown":
        said = f"`{fetch.word}` shows `{value}`, which blocks until the device has it,"
        instead = f"Show `{value}` every k turns; keep it on the device until then."
    else:
        taker = taken_by(fetch)
        said = f"`{text(fetch.expr, 40)}`{f' for `{taker}`' if taker else ''} fetches `{value}` from the device and blocks until it is there,"
        instead = (
            f"Keep `{value}` on the device (add it up as an array, or append the array itself) and convert once after "
            "the loop, or every k turns."
        )
    return RULE.found(
        program.place(flow, fetch.expr),
        f"{said} in every turn of {where}: it comes from {made.words}, and the next turn is not dispatched before the "
        "host has waited (sync)",
        confidence,
        facts={
            "value": value,
            "call": fetch.word,
            "loop_line": loop.line,
            "made_by": made.name,
            "purpose": purpose(fetch),
        },
        notes=[Note(place_of_loop(program, loop), "the loop")],
        help=instead,
    )


def name_of(fetch: Fetch) -> str:
    expr = fetch.value.expr
    if fetch.how in ("number", "array", "wait") and fetch.expr is not None and fetch.expr[0] == "c":
        func, arguments = fetch.expr[1], fetch.expr[2]
        if fetch.word.startswith(".") and func[0] == ".":
            return text(func[1], 40)
        if arguments:
            return text(arguments[0], 40)
    if expr is not None:
        return text(expr, 40)
    if isinstance(fetch.value, v.Carried):
        return fetch.value.name
    made = made_by(fetch.value)
    return text(made.expr, 40) if made is not None else text(fetch.expr, 40)


_TRAIN = """import jax
import jax.numpy as jnp
import numpy as np


@jax.jit
def train_step(w, x, y):
    loss, grads = jax.value_and_grad(lambda w: jnp.mean((x @ w - y) ** 2))(w)
    return w - 0.1 * grads, loss


def train(steps=20):
    rng = np.random.default_rng(0)
    w = jnp.zeros(4)
    {start}
    for _ in range(steps):
        x, y = rng.normal(size=(8, 4)), rng.normal(size=8)
        w, loss = train_step(w, x, y)
        {turn}
    return w, {end}


w, loss = train()
"""


def _train(start: str, turn: str, end: str) -> str:
    return _TRAIN.replace("{start}", start).replace("{turn}", turn).replace("{end}", end)


RULE = Rule(
    name="host-sync-in-loop",
    title="Device value fetched in every turn of a loop",
    severity="warning",
    dont="Call `float()`, `.item()`, `np.asarray`, `print` or `bool()` on a new device result in each turn of a loop.",
    do="Accumulate on the device and fetch after the loop, or every k steps.",
    why="JAX dispatches work and returns at once; the host prepares the next step while the device computes. Asking for a "
    "value stops the host until everything before it is done, so the device idles while the next turn is prepared.",
    allowed="`if step % 100 == 0: print(...)`; timing loops that must wait; a host that needs the value to go on (an "
    "environment's step, a stopping test); epoch loops in which one turn is a long compiled scan.",
    may_break="Values printed later; device memory holds what is kept until it is fetched.",
    sees=("source", "run"),
    needs=("host_syncs", "timing"),
    examples=(
        Example(
            "running loss by item()",
            dont=Sample(
                _train("running = 0.0", "running = 0.9 * running + 0.1 * loss.item()  # fault", "running"),
                shows="isinstance(loss, float)",
            ),
            do=Sample(
                _train("running = jnp.zeros(())", "running = 0.9 * running + 0.1 * loss", "float(running)"),
                shows="isinstance(loss, float)",
            ),
        ),
        Example(
            "losses appended as floats",
            dont=Sample(
                _train("losses = []", "losses.append(float(loss))  # fault", "losses"),
                shows="isinstance(loss[0], float)",
            ),
            do=Sample(
                _train("losses = []", "losses.append(loss)", "np.asarray(jnp.stack(losses))"),
                shows="loss.shape == (20,) and compiles('train_step') == 1",
            ),
        ),
        Example(
            "convergence tested by the host",
            dont=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def improve(x):
    new = 0.5 * (x + 2.0 / x)
    return new, jnp.abs(new - x)


x, err = jnp.asarray(1.0), jnp.inf
while err > 1e-6:  # fault
    x, err = improve(x)
""",
                shows="abs(float(x) - 2 ** 0.5) < 1e-5",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def improve(carry):
    x, _ = carry
    new = 0.5 * (x + 2.0 / x)
    return new, jnp.abs(new - x)


@jax.jit
def solve(x):
    return jax.lax.while_loop(lambda carry: carry[1] > 1e-6, improve, (x, jnp.inf))


x, err = solve(jnp.asarray(1.0))
""",
                shows="abs(float(x) - 2 ** 0.5) < 1e-5",
            ),
        ),
    ),
    allowed_samples=(
        Sample(_train("losses = []", "_ % 10 == 0 and losses.append(0.0)", "float(loss)")),
        Sample(
            _train("losses = []", "if _ % 10 == 0:\n            losses.append(float(loss))", "losses"),
        ),
        Sample(
            """import time

import jax
import jax.numpy as jnp

g = jax.jit(lambda x: x @ x)
x = jnp.ones((8, 8))
times = []
for _ in range(20):
    start = time.perf_counter()
    g(x).block_until_ready()
    times.append(time.perf_counter() - start)
""",
        ),
    ),
    match=match,
    observe=observe,
    propose=propose,
)
