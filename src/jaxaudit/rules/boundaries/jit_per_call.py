"""A function, lambda or bound method is jitted inside a function that is called again and again."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.boundaries.fresh_wrappers import FreshWrapper, fresh_wrappers
from jaxaudit.rules.boundaries.jitting_once import must_hold, propose
from jaxaudit.rules.boundaries.new_functions import observe_calls
from jaxaudit.rules.boundaries.turn_needs import chosen_function, is_setting, setting_of_factory
from jaxaudit.rules.captures.captured_values import nested_in
from jaxaudit.rules.captures.changes import is_lazy
from jaxaudit.rules.captures.partial_outside import is_cured_by_swap, swap
from jaxaudit.rules.captures.reads import reads
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.contexts import is_test_path
from jaxaudit.source.facts import start, text
from jaxaudit.source.knowledge.contexts import ONCE_PER_OBJECT, ONCE_PER_TEST, RUN_ONCE
from jaxaudit.source.knowledge.host_routines import REPEATING
from jaxaudit.source.lifetime import Frequency, repeats
from jaxaudit.source.program import Program

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText


def match(program: Program) -> Iterator[Finding]:
    for fresh in fresh_wrappers(program):
        if fresh.loop is None and not is_built_once(fresh):
            setting = setting_of_caller(program, fresh)
            yield told(program, fresh, setting)


def is_built_once(fresh: FreshWrapper) -> bool:
    """Set up once, kept behind a test, or compiled ahead of time on purpose."""
    function = fresh.use.flow.function
    if fresh.frequency.how != "many" and is_test_path(function.module.path):
        return True
    if fresh.fate == "staged" or is_lazy(fresh.use.call.path):
        return True
    if fresh.fate in ("kept", "returned", "unused") and fresh.frequency.how != "many":
        return True
    if function.name in ONCE_PER_OBJECT or function.name in ONCE_PER_TEST:
        return fresh.frequency.how != "many" or fresh.fate != "called"
    return function.name.strip("_") in RUN_ONCE and fresh.frequency.how != "many"


def told(program: Program, fresh: FreshWrapper, setting: str) -> Finding:
    function = fresh.use.flow.function
    often = fresh.frequency
    wrapper = ("@" if fresh.use.call.decorator else "") + text(fresh.use.call.expr)
    message = f"`{wrapper}` wraps {fresh.what} anew in each call of `{function.name}`{OFTEN[often.how]}"
    if often.how == "many" and often.loop is not None:
        message += f" (the loop in {often.loop.seen_from(fresh.place.path)})"
    routine = repeating_routine(program, often)
    if routine:
        message += f" (`{routine}` calls it)"
    message += f": {fresh.named} is traced and compiled again every time"
    if setting:
        message += f" (what it takes from the call, `{setting}`, may need a program of its own)"
    notes = []
    if often.call is not None and often.call.flow is not None and often.how in ("many", "few"):
        line = start(often.call.expr)[0]
        words = "called in a loop here" if often.loop is not None else "called here too"
        if routine:
            words = f"handed to `{routine}` here"
        if often.through:
            leading = (
                f"; the loop in {often.loop.seen_from(often.call.flow.function.module.path)} leads to it"
                if often.loop
                else ""
            )
            words = f"called here{leading}"
        if line:
            notes.append(Note(program.place(often.call.flow, often.call.expr), words))
    return RULE.found(
        fresh.place,
        message,
        confidence(program, fresh, setting),
        facts={
            "function": fresh.named_plainly,
            "inside": function.name,
            "callee": fresh.identity.how,
            "wrapper": fresh.use.short,
            "partial": is_cured_by_swap(program, fresh.use),
        },
        notes=notes,
        fix=fix_of(fresh),
    )


OFTEN = {"many": ", which runs again and again", "few": ", which is called several times", "unknown": ""}


def confidence(program: Program, fresh: FreshWrapper, setting: str) -> float:
    """By how often the function around it runs, and what becomes of the wrapper."""
    if fresh.fate != "called":
        return 0.5 if fresh.frequency.how == "many" and fresh.fate in ("kept", "passed") else 0.4
    if fresh.frequency.how == "many":
        through, call = fresh.frequency.through, fresh.frequency.call
        far = len(through) > 1 or (fresh.frequency.loop is None and not repeating_routine(program, fresh.frequency))
        maybe = bool(through) and call is not None and bool(call.path)  # the loop is further up, this call depends
        if setting or far or maybe or (through and is_driver(fresh)):
            return 0.6
        return 0.7 if is_built_elsewhere(fresh) else 0.9
    return 0.6 if fresh.frequency.how == "few" else 0.4


def is_built_elsewhere(fresh: FreshWrapper) -> bool:
    """`jax.jit(make_step(config))`: what the project's own function builds may be set up once for each configuration."""
    program, value = fresh.use.flow.program, v.settle(fresh.value)
    while isinstance(value, v.Call) and c.known_name(program, value.func) is not None and value.args:
        value = v.settle(value.args[0])
    return isinstance(value, v.Call)


def is_driver(fresh: FreshWrapper) -> bool:
    """The function around calls the wrapper again and again itself: what it compiles is used many times."""
    calls = [call for call in fresh.use.flow.calls if v.settle(call.func) is fresh.use.call]
    return any(repeats(call.loops) is not None for call in calls)


def repeating_routine(program: Program, often: Frequency) -> str:
    """The host routine (`minimize`, `solve_ivp`) to which the function, or one that calls it, is handed."""
    outermost = often.through[0] if often.through else often.call
    if often.how != "many" or often.loop is not None or outermost is None:
        return ""
    name = c.known_name(program, outermost.func) or ""
    return name.rpartition(".")[2] if name in REPEATING else ""


def setting_of_caller(program: Program, fresh: FreshWrapper) -> str:
    """A parameter of the function around, or a name made of it, that steers what is compiled; "" if there is none."""
    home = fresh.use.flow
    function = fresh.function
    if function is None:
        return ""
    for one in (function, *nested_in(function)):
        for read in reads(one):
            base = read.base
            if not isinstance(base, v.Free) or base.home is not home:
                continue
            found = base.values()
            if any(isinstance(value, v.FunctionValue) for value in found):
                continue
            if is_one_object(fresh, found[-1] if found else None):
                continue
            if found and is_setting(program, read, found[-1]) and not is_constant(program, found[-1]):
                return base.name
    return chosen_function(function, home) or setting_of_factory(program, fresh.value, home.function, is_constant)


def is_one_object(fresh: FreshWrapper, value: v.Value | None) -> bool:
    """The object whose method is called again and again, where that is the same one each time."""
    method, call = fresh.use.flow.function, fresh.frequency.call
    if not isinstance(value, v.Param) or value.function is not method or value.name != method.self_name:
        return False
    if fresh.frequency.how != "many" or call is None or method.owner is None or fresh.frequency.through:
        return False
    receivers = [call.func, *call.args] if fresh.frequency.loop is None else [call.func]
    held = [v.settle(one.base) for one in receivers if isinstance(one, v.Attr) and one.name == method.name]
    loop = fresh.frequency.loop
    made = [base for base in held if isinstance(base, v.Call) and loop in base.loops]
    return bool(held) and not made and not any(varies(base) and not is_self(base) for base in held)


def is_self(base: v.Value) -> bool:
    return isinstance(base, v.Param) and base.name == base.function.self_name


def is_constant(program: Program, value: v.Value) -> bool:
    """One and the same in every call that was read."""
    if isinstance(value, v.Param):
        sources = [source for _, source in program.sources(value)]
        same = {repr(source) for source in sources}
        return len(same) == 1 and not varies(sources[0])
    return not any(isinstance(part, v.Param | v.Elem) for part in value.parts())


def varies(source: v.Value, depth: int = 0) -> bool:
    """A loop's element, what a loop makes, a parameter, or a part of one; or some item of `*args`, whichever."""
    if isinstance(source, v.Call) and repeats(source.loops) is not None:
        return True
    if isinstance(source, v.Elem | v.Carried | v.Param) or (
        isinstance(source, v.Item) and isinstance(source.index, v.Unknown)
    ):
        return True
    return depth < 6 and isinstance(source, v.Item | v.Attr | v.Star) and varies(source.parts()[0], depth + 1)


def fix_of(fresh: FreshWrapper) -> Fix | None:
    """To the module's level, where the wrapped callable needs nothing of the call."""
    call = fresh.use.call
    if is_cured_by_swap(call.flow.program, fresh.use):
        return Fix("safe", "jit the function itself, and bind with partial of that")
    if call.decorator or fresh.fate != "called" or fresh.identity.how == "bound":
        return None
    home = fresh.use.flow
    if names_of(fresh.value.expr) & (set(home.bindings) | set(home.locals)):
        return None
    return Fix("safe", "jit once, at the module's level")


def names_of(expr: object) -> set[str]:
    """The names written in an expression."""
    out: set[str] = set()
    waiting = [expr]
    while waiting:
        one = waiting.pop()
        if isinstance(one, tuple):
            if len(one) == 4 and one[0] == "n":
                out.add(one[1])
            elif one and one[0] == "f":
                out.add("")
            waiting += one
    return out


def mend(finding: Finding, source: "SourceText") -> "tuple[Edit, ...]":
    """`jitted_f = jax.jit(f)` before the function, and the name in its place; of a partial the jit goes inside."""
    from jaxaudit.edits import expression_at, hoist_to_module
    from jaxaudit.edits.name_scopes import Names
    from jaxaudit.edits.rebinding import must_compile_once

    node = expression_at(source, finding.place)
    must_compile_once(Names(source), [node])
    if finding.facts["partial"]:
        return swap(source, node)
    hint = "jitted_" + str(finding.facts["function"]).replace("<lambda>", "function")
    return hoist_to_module(source, node, hint)


RULE = Rule(
    name="jit-per-call",
    title="jit of a new function in every call of the function around it",
    severity="warning",
    dont="Define and jit a function inside a function that is called again and again.",
    do="Jit at module level and hand in what the function reads; or build it once and keep it (an attribute, "
    "`functools.lru_cache`). To bind values, use `functools.partial` of the jitted function.",
    why="The nested function is a new object in each call, so nothing of what was compiled for the last one is found. "
    "Of 10 calls, `jit(partial(f, x))` compiled 10 times and `partial(jit(f), x)` once (JAX 0.10.2 and 0.12.0.1).",
    allowed="What is set up once: in `__init__`, in `main`, in a factory that is called once, behind a cache or a test "
    "for None; programs compiled ahead of time.",
    may_break="Values that the nested function read from around it become arguments.",
    sees=("source", "run"),
    needs=("compile_count",),
    examples=(
        Example(
            "nested function, called in a loop",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def misfit(rates, data):
    @jax.jit  # fault
    def model(times):
        return jnp.exp(-rates * times)

    return jnp.sum((model(jnp.arange(3.0)) - data) ** 2)


data = jnp.ones(3)
for k in range(4):
    value = misfit(jnp.float32(k), data)
""",
                shows="compiles('model') == 4",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def model(rates, times):
    return jnp.exp(-rates * times)


def misfit(rates, data):
    return jnp.sum((model(rates, jnp.arange(3.0)) - data) ** 2)


data = jnp.ones(3)
for k in range(4):
    value = misfit(jnp.float32(k), data)
""",
                shows="compiles('model') == 1",
            ),
        ),
        Example(
            "gradient jitted in a method",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def loss(w):
    return jnp.sum(w**2)


class Optimiser:
    def step(self, w):
        slope = jax.jit(jax.grad(loss))(w)  # fault
        return w - 0.1 * slope


optimiser = Optimiser()
w = jnp.ones(3)
for _ in range(4):
    w = optimiser.step(w)
""",
                shows="compiles('loss') == 4",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def loss(w):
    return jnp.sum(w**2)


jitted_loss = jax.jit(jax.grad(loss))


class Optimiser:
    def step(self, w):
        slope = jitted_loss(w)
        return w - 0.1 * slope


optimiser = Optimiser()
w = jnp.ones(3)
for _ in range(4):
    w = optimiser.step(w)
""",
                shows="compiles('loss') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "partial under jit",
            dont=Sample(
                """from functools import partial

import jax
import jax.numpy as jnp


def residual(x, w):
    return jnp.sum((w - x) ** 2)


def evaluate(w, x):
    return jax.jit(partial(residual, x))(w)  # fault


for k in range(4):
    value = evaluate(jnp.ones(3), jnp.full(3, float(k)))
""",
                shows="compiles('residual') == 4",
            ),
            do=Sample(
                """from functools import partial

import jax
import jax.numpy as jnp


def residual(x, w):
    return jnp.sum((w - x) ** 2)


def evaluate(w, x):
    return partial(jax.jit(residual), x)(w)


for k in range(4):
    value = evaluate(jnp.ones(3), jnp.full(3, float(k)))
""",
                shows="compiles('residual') == 1",
            ),
            fixed_by_us=True,
        ),
    ),
    allowed_samples=(
        Sample(
            """import functools

import jax
import jax.numpy as jnp


@functools.lru_cache
def make(power):
    return jax.jit(lambda x: x**power)


class Model:
    def __init__(self):
        self.step = jax.jit(lambda x: 2.0 * x)
        self._slope = None

    def slope(self, x):
        if self._slope is None:
            self._slope = jax.jit(jax.grad(lambda x: jnp.sum(x**2)))
        return self._slope(x)


model = Model()
for _ in range(3):
    y = model.step(make(2)(model.slope(jnp.ones(3))))
""",
            shows="compiles('<lambda>') == 3",
        ),
    ),
    match=match,
    observe=observe_calls,
    mend=mend,
    must_hold=must_hold,
    propose=propose,
)
