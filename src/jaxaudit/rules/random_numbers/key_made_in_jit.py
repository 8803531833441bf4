"""A key with a constant seed where it is made again and again, and draws of NumPy's or Python's under a trace."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.control_flow.in_sight import surely_run
from jaxaudit.rules.random_numbers.key_events import functions_with_keys, spent_keys
from jaxaudit.rules.random_numbers.key_pairs import EVALUATES
from jaxaudit.rules.random_numbers.key_repeats import place_of
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.classes import classes_of
from jaxaudit.source.facts import start, text
from jaxaudit.source.knowledge.host import CLOCKS, HOST_RANDOM_MODULES, HOST_RANDOM_SEEDS
from jaxaudit.source.knowledge.random_keys import KEY_MAKERS
from jaxaudit.source.numbers import number
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import roots
from jaxaudit.source.scopes import Function

STREAMS = frozenset({"flax.nnx.Rngs", "flax.nnx.rnglib.Rngs"})
UNSEEN = 0.7
"""Of keys made anew in a loop most were meant: the same start for each method, or folded with the turn afterwards."""


def match(program: Program) -> Iterator[Finding]:
    functions_with_keys(program)
    for function in list(dict.fromkeys(program.graph.linked_functions)):
        if function.module.context:
            continue
        for call in function.flow.calls:
            name = c.known_name(program, call.func)
            if name in KEY_MAKERS:
                yield from constant_seed(program, function, call)
            elif name in STREAMS:
                yield from constant_streams(program, function, call)
            elif name is not None and name.startswith(HOST_RANDOM_MODULES) and name not in HOST_RANDOM_SEEDS:
                yield from host_draw(program, function, call, name)


def constant_seed(program: Program, function: Function, call: v.Call) -> Iterator[Finding]:
    """`PRNGKey(0)` in a loop, in a function that runs again and again, or under jit."""
    seed = call.args[0] if call.args else None
    if (
        seed is None
        or chosen_by_caller(program, seed)
        or number(program, seed) is None
        or (function.is_module and not call.loops)
    ):
        return
    drawn = "" if asked_for_none(call) else drawn_from(program, function, call)
    context = program.tracing.jitted_context(function)
    if not drawn or (drawn == "handed" and context is None):
        return
    place = program.place(function.flow, call.expr)
    written = text(call.expr)
    loop = lifetime.repeats(call.loops)
    if loop is not None:
        yield RULE.found(
            place,
            f"`{written}`{named(function, call)} makes the same key in every turn of the loop in line {loop.line}: what is "
            "drawn from it is the same each time",
            UNSEEN,
            facts={"seed": written, "loop_line": loop.line},
            notes=[Note(place_of(program, loop), "the loop")],
        )
        return
    often = lifetime.frequency(program, function)
    if context is None and often.how != "many":
        return
    why = (
        f"`{function.name}` runs under `{context.use.short}`"
        if context
        else f"`{function.name}` is called again and again"
    )
    notes = []
    if often.call is not None and often.call.flow is not None and often.call.expr is not None:
        notes.append(Note(program.place(often.call.flow, often.call.expr), "called here"))
    yield RULE.found(
        place,
        f"`{written}`{named(function, call)} makes the same key at each call: {why}, so what is drawn from it is the same "
        "each time",
        0.85 if often.how == "many" and drawn == "drawn" and not meant_to_be_same(program, function) else 0.5,
        facts={"seed": written, "function": function.qualname},
        notes=notes,
    )


def constant_streams(program: Program, function: Function, call: v.Call) -> Iterator[Finding]:
    """`nnx.Rngs(0)` in a step: its streams begin anew at each call. What a new model is filled from is meant so."""
    seeds = [*call.args, *[value for _, value in call.kwargs]]
    if not seeds or any(chosen_by_caller(program, one) or number(program, one) is None for one in seeds):
        return
    often = lifetime.frequency(program, function)
    if often.how != "many" or asked_for_none(call) or not draws_from(program, function, call):
        return
    context = program.tracing.jitted_context(function)
    why = f"`{function.name}` runs under `{context.use.short}`, and" if context else f"`{function.name}`"
    notes = []
    if often.call is not None and often.call.flow is not None and often.call.expr is not None:
        notes.append(Note(program.place(often.call.flow, often.call.expr), "called here"))
    yield RULE.found(
        program.place(function.flow, call.expr),
        f"`{text(call.expr)}`{named(function, call)} begins the same streams of keys at each call: {why} is called again and "
        "again, so what is drawn from them is the same each time",
        0.85 if not meant_to_be_same(program, function) else 0.5,
        facts={"seed": text(call.expr), "function": function.qualname},
        notes=notes,
        help="Make the `Rngs` once, outside, and hand it in: `nnx.jit` carries its counters on.",
    )


def draws_from(program: Program, function: Function, streams: v.Call) -> bool:
    """`rngs.noise()`, `rngs()`, `model(x, rngs=rngs)`; a class that it is handed to makes its parameters of it."""
    for call in function.flow.calls:
        if call is streams or call.decorator:
            continue
        asked = call.func.base if isinstance(call.func, v.Attr) else call.func
        if streams in (asked, v.settle(asked), *roots(program, asked)):
            return True
        given = [*call.args, *[value for _, value in call.kwargs]]
        if any(streams in (one, v.settle(one), *roots(program, one)) for one in given):
            if c.known_name(program, call.func) is None and not classes_of(program, call):
                return True
    return False


def named(function: Function, call: v.Call) -> str:
    """The name that the key is given, for the reader."""
    for name, bound in function.flow.bindings.items():
        if any(value is call for value in bound):
            return f" (`{name}`)"
    return ""


def meant_to_be_same(program: Program, function: Function) -> bool:
    """An evaluation; or a library's function, which is more often one that is to give the same result each time (a start
    for a solver, padding) than one that was forgotten."""
    if any(c.known_name(program, call.func) in CLOCKS for call in function.flow.calls):
        return True  # data for a measurement
    return EVALUATES.match(function.name) is not None or not surely_run(program, function)


def chosen_by_caller(program: Program, seed: v.Value) -> bool:
    """A parameter, or a loop's element, as it is or by `int(seed)`: whoever calls may hand in another."""
    while isinstance(seed, v.Call) and c.known_name(program, seed.func) == "builtins.int" and seed.args:
        seed = seed.args[0]
    return isinstance(seed, (v.Param, v.Elem))


def asked_for_none(call: v.Call) -> bool:
    """`if key is None: key = PRNGKey(0)`: a default that callers can replace."""
    for branch, _ in call.path:
        test = branch.test
        if isinstance(test, v.Op) and test.name in ("Is", "IsNot", "Or", "And", "Not"):
            return True
    return False


def drawn_from(program: Program, function: Function, call: v.Call) -> str:
    """ "drawn" where the function, or one within it, draws from the key or a part of it; "split" where it makes others of
    it; "handed" where it gives it to what is not known by a keyword that says key: `apply_fn(x, rngs={"dropout": key})`."""
    found = ""
    for one in [one for part in (function, *within(function)) for one in spent_keys(program, part)]:
        if one.how == "fold" and folds_what_differs(one.call):
            continue
        value: v.Value = one.origin.root
        for _ in range(6):
            if value is call:
                if one.sure and one.how == "draw":
                    return "drawn"
                found = "split" if one.sure else found or ("handed" if one.how == "draw" else "")
                break
            if isinstance(value, v.Item):
                value = value.base
            elif isinstance(value, v.Call) and value.args and c.known_name(program, value.func) == "jax.random.split":
                value = value.args[0]
            else:
                break
    return found


def within(function: Function) -> list[Function]:
    """The functions that are made inside of it."""
    out = []
    for one in function.module.functions:
        around = one.parent
        while around is not None and around is not function:
            around = around.parent
        if around is function:
            out.append(one)
    return out


def folds_what_differs(call: v.Call) -> bool:
    """`fold_in(PRNGKey(0), step)`: another key for each step."""
    data = call.argument(1, "data")
    return data is not None and not isinstance(v.settle(data), v.Const)


def host_draw(program: Program, function: Function, call: v.Call, name: str) -> Iterator[Finding]:
    """A draw that happens once, while tracing, and is a constant of the program from then on."""
    context = program.tracing.jitted_context(function)
    if context is None or name.rpartition(".")[2][:1].isupper() or name.endswith(("default_rng", "RandomState")):
        return
    use = context.use
    assert use.call.flow is not None
    certain = context.kind in ("jit", "pmap", "loop", "shard_map") and not program.tracing.eager_callers(function)
    yield RULE.found(
        program.place(function.flow, call.expr),
        f"`{text(call.expr)}` draws once, while `{function.name}` is traced for `{use.short}` in line {start(use.call.expr)[0]}; "
        f"every later call uses the same number",
        0.9 if certain and not any(asks_what_it_is(branch.test) for branch, _ in call.path) else 0.5,
        facts={"function": function.qualname, "draw": name},
        notes=[Note(program.place(use.call.flow, use.call.expr), f"traced by this `{use.short}`")],
    )


def asks_what_it_is(test: v.Value | None, depth: int = 0) -> bool:
    """`isinstance(seed, int) or seed is None`: under a trace perhaps another way is taken."""
    if isinstance(test, v.Call):
        return isinstance(test.func, v.External) and test.func.name in ("builtins.isinstance", "builtins.hasattr")
    if isinstance(test, v.Op) and depth < 4:
        return test.name in ("Is", "IsNot") or any(asks_what_it_is(one, depth + 1) for one in test.operands)
    return False


RULE = Rule(
    name="key-made-in-jit",
    title="the same random numbers at every call",
    severity="warning",
    dont="Make a key from a constant seed in code that runs again and again, or draw with NumPy or `random` under jit.",
    do="Take a key as an argument, and let the caller split it; return the new key where it is carried on.",
    why="Under jit a Python or NumPy draw happens once, while tracing: 10 calls of a jitted function with `np.random.normal()` gave one "
    "number 10 times (JAX 0.10.2 and 0.12.0.1). A constant seed gives the same key, and so the same draws, at each call.",
    allowed="Scripts and benchmarks that run once, keys that only serve to learn shapes, `if key is None` defaults.",
    may_break="The numbers change, and the function's signature gains a key.",
    sees=("source",),
    needs=("random_keys",),
    examples=(
        Example(
            "NumPy under jit",
            dont=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np


@jax.jit
def noisy(x):
    return x + np.random.normal()  # fault


first, second = noisy(jnp.zeros(())), noisy(jnp.zeros(()))
""",
                shows="float(first) == float(second)",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def noisy(x, key):
    return x + jax.random.normal(key)


one, two = jax.random.split(jax.random.key(0))
first, second = noisy(jnp.zeros(()), one), noisy(jnp.zeros(()), two)
""",
                shows="float(first) != float(second)",
            ),
        ),
        Example(
            "streams of Flax's under jit",
            dont=Sample(
                """import jax
import jax.numpy as jnp
from flax import nnx


@nnx.jit
def step(model, x):
    rngs = nnx.Rngs(noise=17)  # fault
    return model(x) + jax.random.normal(rngs.noise(), (3,))


model = nnx.Linear(2, 3, rngs=nnx.Rngs(0))
seen = []
for _ in range(3):
    seen.append(step(model, jnp.ones(2)))
""",
                shows="bool((seen[0] == seen[2]).all())",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp
from flax import nnx


@nnx.jit
def step(model, rngs, x):
    return model(x) + jax.random.normal(rngs.noise(), (3,))


model, rngs = nnx.Linear(2, 3, rngs=nnx.Rngs(0)), nnx.Rngs(noise=17)
seen = []
for _ in range(3):
    seen.append(step(model, rngs, jnp.ones(2)))
""",
                shows="not bool((seen[0] == seen[2]).all())",
            ),
        ),
        Example(
            "a constant seed in a function that a loop calls",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def perturb(x):
    key = jax.random.PRNGKey(0)  # fault
    return x + jax.random.normal(key, x.shape)


x = jnp.zeros(2)
moves = []
for _ in range(3):
    moves.append(perturb(jnp.zeros(2)))
""",
                shows="bool((moves[0] == moves[1]).all())",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def perturb(x, key):
    return x + jax.random.normal(key, x.shape)


moves = []
for key in jax.random.split(jax.random.PRNGKey(0), 3):
    moves.append(perturb(jnp.zeros(2), key))
""",
                shows="not bool((moves[0] == moves[1]).all())",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(2, 3, rngs=rngs)


@nnx.jit
def make():
    return Net(rngs=nnx.Rngs(0))


nets = [make() for _ in range(3)]
"""
        ),
        Sample(
            """import jax


def draw(shape, key=None):
    if key is None:
        key = jax.random.PRNGKey(0)
    return jax.random.normal(key, shape)


draw((3,))
"""
        ),
    ),
    match=match,
)
