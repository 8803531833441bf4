"""A long Python list, or a list of device arrays, made an array element by element."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.edits import CannotEdit, Edit, SourceText, call_at, replace, spell, wrap
from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.transfers.device_results import device_result
from jaxaudit.rules.transfers.list_seen import observe
from jaxaudit.rules.transfers.listing_at_once import propose
from jaxaudit.rules.transfers.turn_guards import guard
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import COMPREHENDS, text
from jaxaudit.source.kinds import Kind, kind_of
from jaxaudit.source.numbers import length_of
from jaxaudit.source.program import Program

MAKERS = frozenset({"jax.numpy.array", "jax.numpy.asarray"})
BUILDS = frozenset({COMPREHENDS, "append", "range"})
"""What units write that build lists."""
LONG = 100
VERY_LONG = 2000
MANY_ARRAYS = 500
"""So many device arrays are worth a word even where they are joined once (about 50 ms)."""


class PythonList(NamedTuple):
    """A list as it is built: its `element`, how many there are, and the loop that builds it."""

    element: v.Value
    count: int | None  # type: ignore[assignment]  # not tuple.count
    loop: Loop | None
    how: str


def match(program: Program) -> Iterator[Finding]:
    for module, unit in program.units_applying(MAKERS):
        if not BUILDS.isdisjoint(module.units[unit][1]):
            program.graph.link_unit(module, unit)
    for function in list(program.graph.linked_functions):
        if function.module.context:
            continue
        for call in function.flow.calls:
            if not call.decorator and c.known_name(program, call.func) in MAKERS and call.args:
                finding = judge(program, call)
                if finding is not None:
                    yield finding


def judge(program: Program, call: v.Call) -> Finding | None:
    built = built_list(program, call, call.args[0])
    if built is None:
        return None
    kind = kind_of(program, built.element)
    if (kind.is_array and kind.library == "jax") or device_result(program, built.element) is not None:
        return of_arrays(program, call, built, kind)
    if kind.is_host_number:
        return of_numbers(program, call, built)
    return None


def built_list(program: Program, call: v.Call, value: v.Value) -> PythonList | None:
    """A comprehension, or a list that a loop appends to; a list written out is none of these."""
    if isinstance(value, v.Comprehension):
        if value.kind != "ListComp" or len(value.loops) != 1:
            return None
        return PythonList(value.element, length_of(program, value), value.loops[0], "comprehension")
    if isinstance(value, v.Call):
        if c.known_name(program, value.func) == "builtins.list" and len(value.args) == 1:
            source = v.settle(value.args[0])
            if isinstance(source, v.Call) and c.known_name(program, source.func) == "builtins.range":
                return PythonList(v.Const(0), length_of(program, source), None, "range")
        return None
    if not isinstance(value, v.Sequence) or value.kind != "list" or value.items:
        return None
    flow = call.flow
    assert flow is not None
    appends = [
        one for one in flow.calls
        if isinstance(one.func, v.Attr) and one.func.base is value and one.func.name == "append" and one.args
    ]  # fmt: skip
    if len(appends) != 1 or not appends[0].loops:
        return None
    loop = appends[0].loops[-1]
    count = length_of(program, loop.iterable) if loop.iterable is not None and len(appends[0].loops) == 1 else None
    return PythonList(appends[0].args[0], count, loop, "append")


def of_arrays(program: Program, call: v.Call, built: PythonList, kind: Kind) -> Finding | None:
    """`jnp.array([f(x) for x in xs])`: each device array is expanded and joined by itself."""
    flow = call.flow
    assert flow is not None
    if built.count is not None and built.count < 4:
        return None
    traced = program.tracing.jitted_context(flow.function) is not None
    hot = lifetime.repeats(call.loops) is not None or lifetime.frequency(program, flow.function).how == "many"
    count = built.count or 0
    confidence = (
        0.85 if count >= MANY_ARRAYS or (hot and count >= 16) else 0.7 if hot else 0.5 if 0 < count < 16 else 0.6
    )
    if guard(program, call.path, ()) == "now and then":
        confidence = min(confidence, 0.6)
    if traced:
        confidence = min(confidence, 0.4)  # the same program after compiling; only the trace is longer
    many = f"{built.count} " if built.count is not None else ""
    what = text(built.element.expr, 40)
    sure = kind.is_array and kind.library == "jax" and not traced
    return RULE.found(
        program.place(flow, call.expr),
        f"`{text(call.expr[1])}` of {the_list(call)} of {many}device arrays (`{what}`): they are converted element by "
        "element, each by dispatches of its own; `jnp.stack` joins them at once",
        confidence,
        facts={"elements": "device arrays", "count": built.count, "how": built.how, "element": what},
        notes=[Note(program.place(flow, built.element.expr), "one element")] if built.element.expr is not None else (),
        help="`jnp.stack` of the list; better still `jax.vmap`, which makes no list.",
        fix=Fix("safe", "stack the arrays") if sure and only_one_argument(call) else None,
    )  # fmt: skip


def the_list(call: v.Call) -> str:
    """The list as the call writes it, where that is a name."""
    first = call.expr[2][0] if call.expr[0] == "c" and call.expr[2] else None
    return f"the Python list `{text(first, 40)}`" if first is not None and first[0] in ("n", ".") else "a Python list"


def only_one_argument(call: v.Call) -> bool:
    return len(call.args) == 1 and not call.kwargs


def of_numbers(program: Program, call: v.Call, built: PythonList) -> Finding | None:
    """A long list of Python numbers: JAX looks at each one's type before NumPy does the work."""
    flow = call.flow
    assert flow is not None
    if built.count is None or built.count < LONG:
        return None
    hot = lifetime.repeats(call.loops) is not None or lifetime.frequency(program, flow.function).how == "many"
    confidence = 0.85 if hot and built.count >= LONG else 0.7 if built.count >= VERY_LONG else 0.4
    if program.tracing.context(flow.function) is not None and not hot:
        confidence = min(confidence, 0.5)
    written = text(call.args[0].expr, 40) or "appended one by one"
    return RULE.found(
        program.place(flow, call.expr),
        f"`{text(call.expr[1])}` of {the_list(call)} of {built.count} numbers (`{written}`): "
        "JAX converts it element by element; `np.asarray` first makes one transfer of it",
        confidence,
        facts={"elements": "numbers", "count": built.count, "how": built.how},
        help="`jnp.asarray(np.asarray(values, dtype))`, or build it with `np.arange`/`np.fromiter` in the first place.",
        fix=Fix("safe", "make it a NumPy array first"),
    )


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    call = call_at(source, finding.place)
    if not call.args or isinstance(call.args[0], ast.Starred):
        raise CannotEdit("the call takes no plain list")
    if finding.facts["elements"] == "numbers":
        asarray = spell(source, "numpy.asarray")
        return (*asarray.edits, *wrap(source, call.args[0], f"{asarray.text}(", ")"))
    stack = spell(source, "jax.numpy.stack")
    return (*stack.edits, *replace(source, call.func, stack.text))


RULE = Rule(
    name="list-to-array",
    title="Python list made an array element by element",
    severity="warning",
    dont="Hand `jnp.array` a long Python list, or a list of device arrays.",
    do="`np.asarray` the list first; `jnp.stack` device arrays.",
    why="`jnp.array` asks each element of a list for its type: a list of 10,000 floats took 40 ms, `jnp.asarray(np.asarray(...))` "
    "1.0 ms. Device arrays in a list are expanded one by one: 100 scalars took 10 ms, `jnp.stack` 1.5 ms "
    "(JAX 0.10.2 and 0.12.0.1, CPU).",
    allowed="Short lists, lists written out, code that runs once.",
    may_break="`np.asarray` makes 64-bit numbers that JAX then narrows as it would have the list's; `jnp.stack` refuses elements of "
    "different shapes, as `jnp.array` does.",
    sees=("source", "run"),
    needs=("timing", "host_syncs"),
    examples=(
        Example(
            "device arrays of a comprehension",
            dont=Sample(
                """import jax
import jax.numpy as jnp

energy = jax.jit(lambda x: jnp.sum(x**2))
points = jnp.ones((20, 3))
energies = jnp.array([jnp.sum(points[i] ** 2) for i in range(20)])  # fault
""",
                shows="energies.shape == (20,)",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp

energy = jax.jit(lambda x: jnp.sum(x**2))
points = jnp.ones((20, 3))
energies = jnp.stack([jnp.sum(points[i] ** 2) for i in range(20)])
""",
                shows="energies.shape == (20,)",
            ),
            fixed_by_us=True,
        ),
        Example(
            "numbers of a comprehension",
            dont=Sample(
                """import jax.numpy as jnp
import numpy as np

grid = jnp.array([0.5 * i for i in range(5000)])  # fault
""",
                shows="grid.shape == (5000,) and grid.dtype == jnp.float32 and not grid.weak_type",
            ),
            do=Sample(
                """import jax.numpy as jnp
import numpy as np

grid = jnp.array(np.asarray([0.5 * i for i in range(5000)]))
""",
                shows="grid.shape == (5000,) and grid.dtype == jnp.float32 and not grid.weak_type",
            ),
            fixed_by_us=True,
        ),
        Example(
            "results appended",
            dont=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def step(x):
    return x * 0.9


def trajectory(x):
    rows = []
    for _ in range(50):
        x = step(x)
        rows.append(x)
    return jnp.array(rows)  # fault


path = trajectory(jnp.ones(3))
""",
                shows="path.shape == (50, 3)",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def step(x):
    return x * 0.9


def trajectory(x):
    rows = []
    for _ in range(50):
        x = step(x)
        rows.append(x)
    return jnp.stack(rows)


path = trajectory(jnp.ones(3))
""",
                shows="path.shape == (50, 3)",
            ),
            fixed_by_us=True,
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax.numpy as jnp

x = jnp.array([1.0, 2.0, 3.0])
y = jnp.array([0.5 * i for i in range(8)])
rotation = jnp.array([[jnp.cos(x[0]), -jnp.sin(x[0])], [jnp.sin(x[0]), jnp.cos(x[0])]])
""",
        ),
    ),
    match=match,
    observe=observe,
    propose=propose,
    knows_better=True,
    mend=mend,
)
