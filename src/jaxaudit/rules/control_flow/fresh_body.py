"""Control flow run outside jit with a body that is a new function each time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.control_flow.fresh_body_seen import observe
from jaxaudit.rules.control_flow.in_sight import is_imported
from jaxaudit.rules.control_flow.own_function import propose
from jaxaudit.rules.control_flow.running import runs_eagerly
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.facts import start, text
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.transforms import IDENTITIES
from jaxaudit.source.lifetime import Frequency, Identity
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.structure import role

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.source.events import Loop

FAR = 3
"""A loop more calls away than this is a loop over whole runs, more often than not."""
CONTROL_FLOW = frozenset({"loop", "branch", "solver"})


def match(program: Program) -> Iterator[Finding]:
    for use in list(program.graph.uses):
        if use.spec.kind not in CONTROL_FLOW or use.spec.wraps or not use.spec.identity or not use.functions:
            continue
        flow = use.call.flow
        assert flow is not None
        if flow.function.module.context or program.tracing.context(flow.function) is not None:
            continue
        fresh = fresh_function(program, use)
        if fresh is None:
            continue
        loop = lifetime.repeats(use.call.loops)
        if loop is not None and not made_in(loop, fresh[0], fresh[1]):
            loop = None
        often = lifetime.frequency(program, flow.function)
        if loop is None and often.how in ("once", "cached"):
            continue
        eager = runs_eagerly(program, flow.function) and not is_imported(program, flow.function.module)
        yield finding(program, use, flow.function, fresh, loop, often, eager)


def fresh_function(program: Program, use: c.TransformUse) -> tuple[v.Value, Identity] | None:
    """The first function handed over that the cache of eager control flow can't know from before."""
    row = IDENTITIES[use.spec.identity]
    for value, _ in use.functions:
        found = lifetime.identity(program, value)
        if (
            (found.how == "fresh" and row.fresh)
            or (found.how == "bound" and row.method)
            or (found.how == "here" and row.fresh)
        ):
            return value, found
        if found.how == "same" and row.function:
            return value, Identity("same", "its function, which it wraps in a new one each time", value)
    return None


def made_in(loop: Loop, value: v.Value, found: Identity) -> bool:
    """Whether each turn of the loop makes the function anew; one made before the loop is the same in all its turns."""
    if found.how in ("same", "bound", "here"):
        return found.how != "here" or within(loop, value)
    while value.__class__ is v.Call:
        if loop in value.loops:
            return True
        if not value.args:
            return False
        value = value.args[0]
    return within(loop, value)


def within(loop: Loop, value: v.Value) -> bool:
    if value.__class__ is not v.FunctionValue or value.flow is not loop.flow:
        return False
    return loop.line <= value.function.line <= loop.end_line


def certainty(often: Frequency, loop: Loop | None, found: Identity, eager: bool) -> float:
    if not eager or len(often.through) > FAR:
        return 0.6 if loop is not None or often.how == "many" else 0.4
    if loop is not None or often.how == "many":
        return 0.9 if found.how != "bound" else 0.85
    return 0.6 if often.how == "few" else 0.4


def finding(
    program: Program,
    use: c.TransformUse,
    function: Function,
    fresh: tuple[v.Value, Identity],
    loop: Loop | None,
    often: Frequency,
    eager: bool,
) -> Finding:
    value, found = fresh
    place = program.place(use.flow, use.call.expr)
    notes = []
    if loop is not None:
        when = f"in each turn of the loop in line {loop.line}"
    elif often.call is not None and often.call.flow is not None and often.how == "many":
        when = f"at each call of `{function.name}`, which runs many times"
        file = often.call.flow.function.module.path
        where = often.loop.seen_from(file) if often.loop is not None else f"line {start(often.call.expr)[0]}"
        notes.append(
            Note(
                program.place(often.call.flow, often.call.expr),
                f"`{function.name}` is called here, again and again ({where})",
            )
        )
    else:
        when = f"at each call of `{function.name}`"
    body = text(value.expr, 40) if value.expr is not None and found.how != "same" else ""
    what = (
        f"a new function each time ({found.what}{f', `{body}`' if body and body != 'lambda' else ''})"
        if found.how != "same"
        else found.what
    )
    mendable = not function.is_module and function.owner is None and loop is None and function.name != "<lambda>"
    sure = certainty(often, loop, found, eager)
    message = (
        f"`{use.short}` runs eagerly, outside jit, in `{function.name}`, and its body is {what}: it is traced and "
        f"compiled again {when}"
        if eager and (loop is not None or often.how in ("many", "few"))
        else f"the body of `{use.short}` in `{function.name}` is {what}: outside jit it is traced and compiled again {when}"
    )
    return RULE.found(
        place,
        message[:1].upper() + message[1:],
        sure,
        facts={"function": function.name, "control_flow": use.short, "body": found.how, "runs": use.name},
        notes=notes,
        help=f"Jit `{function.name}` (what the body reads becomes an argument), or give `{use.short}` a function "
        "of the module "
        "and hand in by the carry what it reads.",
        fix=Fix("unsafe", f"jit `{function.name}`") if mendable and takes_arrays_only(program, function) else None,
    )


def takes_arrays_only(program: Program, function: Function) -> bool:
    """Whether jit around the function is likely to work: its arguments are arrays or numbers that decide nothing."""
    if function.bound.__class__ is not v.FunctionValue or not function.all_parameters:
        return False
    for parameter in function.all_parameters:
        if parameter.kind not in ("positional", "keyword"):
            return False
        kind = kind_of(program, function.flow.bindings[parameter.name][0])
        if not (kind.is_array or kind.what in ("key", "int", "float")):
            return False
        if role(program, function, parameter.name).needs:
            return False
    return not any(
        call for call in function.flow.calls if c.known_name(program, call.func) in ("builtins.print", "builtins.float")
    )


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """`@jax.jit` on the function whose body runs the control flow."""
    from jaxaudit.edits import CannotEdit, add_decorator, call_at, enclosing, spell
    from jaxaudit.edits.nodes import FUNCTIONS

    around = enclosing(source, call_at(source, finding.place), *FUNCTIONS)
    if not isinstance(around, FUNCTIONS) or around.name != finding.facts["function"]:
        raise CannotEdit("the function around it was not found")
    jit = spell(source, "jax.jit")
    return (*jit.edits, *add_decorator(source, around, jit.text))


RULE = Rule(
    name="fresh-body",
    title="control flow outside jit with a new body each time",
    severity="warning",
    dont="Call `scan`, `while_loop`, `fori_loop` or `cond` outside jit with a lambda, a nested def or a bound method.",
    do="Jit the function that calls it, or hand over a function of the module.",
    why="Outside jit these compile their body at the call and remember it by the function object. A lambda or "
    "nested def is a new "
    "object at each evaluation: 8 calls of a `scan` with a lambda compiled 8 times (0.1 CPU seconds each), the "
    "same function "
    "under one `jit` compiled once (JAX 0.10.2 and 0.12.0.1). `lax.map` wraps its function anew and compiles at "
    "every eager call.",
    allowed="Code that runs once; functions that are only called from jitted code.",
    may_break="Under jit every argument is traced: Python branches on them, prints and NumPy calls in the "
    "function stop working.",
    sees=("source", "run"),
    needs=("compile_count",),
    examples=(
        Example(
            "scan with a lambda",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def smooth(log, gain):
    return jax.lax.scan(lambda level, y: (level + gain * (y - level), level), log[0], log)[1]  # fault


logs = jnp.ones((5, 30))
for i in range(5):
    smooth(logs[i], 0.1)
""",
                shows="compiles('scan') == 5",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def smooth(log, gain):
    return jax.lax.scan(lambda level, y: (level + gain * (y - level), level), log[0], log)[1]


logs = jnp.ones((5, 30))
for i in range(5):
    smooth(logs[i], 0.1)
""",
                shows="compiles('smooth') == 1 and compiles('scan') == 0",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a nested body that closes over settings",
            dont=Sample(
                """import jax
import jax.numpy as jnp
from jax import lax


class Solver:
    def __init__(self, rate):
        self.rate = rate

    def solve(self, x):
        def body(i, x):
            return x - self.rate * x

        return lax.fori_loop(0, 10, body, x)  # fault


solver = Solver(0.1)
results = [solver.solve(jnp.full(3, float(k))) for k in range(4)]
""",
                shows="compiles('scan') == 4",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp
from jax import lax


@jax.jit
def decay(x, rate):
    def body(i, x):
        return x - rate * x

    return lax.fori_loop(0, 10, body, x)


class Solver:
    def __init__(self, rate):
        self.rate = rate

    def solve(self, x):
        return decay(x, self.rate)


solver = Solver(0.1)
results = [solver.solve(jnp.full(3, float(k))) for k in range(4)]
""",
                shows="compiles('decay') == 1",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp


def total(log):
    return jax.lax.scan(lambda level, y: (level + y, level), 0.0, log)[0]


@jax.jit
def both(a, b):
    return total(a) + total(b)


for _ in range(3):
    both(jnp.ones(4), jnp.ones(4))
""",
            shows="compiles('both') == 1 and compiles('scan') == 0",
        ),
        Sample(
            """import jax
import jax.numpy as jnp


def add(level, y):
    return level + y, level


for _ in range(3):
    jax.lax.scan(add, 0.0, jnp.ones(4))
""",
            shows="compiles('scan') == 1",
        ),
    ),
    match=match,
    observe=observe,
    mend=mend,
    propose=propose,
)
