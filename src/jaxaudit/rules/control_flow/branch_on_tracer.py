"""Python asks for the truth, or the number, of a value that has none while it is traced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from jaxaudit.model import Finding, Note
from jaxaudit.rules.control_flow.branch_on_tracer_seen import observe
from jaxaudit.rules.control_flow.in_sight import sure_of
from jaxaudit.rules.control_flow.tracer_certainty import certainty, is_array
from jaxaudit.rules.control_flow.tracer_guards import behind, guarded
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.static.host_values import host_evidence
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.facts import start, text
from jaxaudit.source.flow import Flow
from jaxaudit.source.knowledge.array_values import STATIC_ATTRIBUTES
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.tracing import Why

MAKES_TRACERS = frozenset({"jit", "pmap", "vmap", "loop", "branch", "checkpoint", "shard_map", "solver"})
_NUMBERS = {"builtins.int": "int", "builtins.float": "float", "builtins.bool": "bool", "builtins.complex": "complex"}
_ORDERING = frozenset({"builtins.max", "builtins.min", "builtins.any", "builtins.all", "builtins.sorted"})
CONCRETE = "ensure_compile_time_eval"


class Asked(NamedTuple):
    """One place where Python needs a value: `how` in words, `word` the construct."""

    word: str
    how: str
    value: v.Value
    expr: Any
    path: v.Path


def match(program: Program) -> Iterator[Finding]:
    for function in list(program.graph.linked_functions):
        if function.module.context or program.tracing.context(function, abstract=True) is None:
            continue
        told: set[int] = set()
        for asked in places(program, function.flow):
            line = start(asked.expr)[0]
            if line in told or guarded(program, asked.path):
                continue
            finding = judge(program, function, asked)
            if finding is not None and not behind(program, function.flow, asked.expr):
                told.add(line)
                yield finding


def places(program: Program, flow: Flow) -> Iterator[Asked]:
    words = {
        "if": "`if`",
        "while": "`while`",
        "assert": "`assert`",
        "not": "`not`",
        "and": "`and`/`or`",
        "ifexp": "`... if ... else ...`",
    }
    for test in flow.tests:
        yield Asked(words.get(test.kind, "`if`"), "asks for its truth", test.value, test.expr, test.path)
    for call in flow.calls:
        name = c.known_name(program, call.func)
        if name in _NUMBERS and len(call.args) == 1:
            yield Asked(f"`{_NUMBERS[name]}()`", "asks for its value", call.args[0], call.expr, call.path)
        elif name in _ORDERING:
            tracers = [a for a in call.args if program.tracing.tracer(a) is not None]
            if tracers and (len(call.args) > 1 or is_array(program, tracers[0])):
                yield Asked(f"`{name.rpartition('.')[2]}()`", "asks for the truth", tracers[0], call.expr, call.path)
        elif call.func.__class__ is v.Attr and call.func.name in ("item", "tolist") and not call.args:
            yield Asked(f"`.{call.func.name}()`", "asks for its value", call.func.base, call.expr, call.path)


def judge(program: Program, function: Function, asked: Asked) -> Finding | None:
    asked = asked._replace(value=asked_for(asked.value))
    why = program.tracing.tracer(asked.value)
    if why is None or not why.abstract or why.use.spec.kind not in MAKES_TRACERS:
        return None
    confidence = sure_of(program, why, function, certainty(program, asked.value))
    if confidence == 0.0 or left_to_missing_static(program, asked, why):
        return None
    if any((c.known_name(program, call.func) or "").endswith(CONCRETE) for call in function.flow.calls):
        confidence = min(confidence, 0.6)  # under `with jax.ensure_compile_time_eval():` there are values
    if by_option(program, asked.path):
        confidence = min(confidence, 0.6)  # the trace may never take this arm
    if not why.sure:
        confidence = min(confidence, 0.6)
    if asked.word in ("`.item()`", "`.tolist()`") and not is_array(program, asked.value):
        confidence = min(confidence, 0.4)
    return finding(program, function, asked, why, confidence)


def asked_for(value: v.Value) -> v.Value:
    while value.__class__ is v.Op and value.name == "Not":
        value = value.operands[0]
    return value


def by_option(program: Program, path: v.Path) -> bool:
    """Inside an arm that a plain Python value decides: a flag, a closed-over option, `x is None`, `x.ndim == 0`."""
    return any(
        branch.test is not None
        and not surely_traced(program, branch.test)
        and (parameters_or_frees(branch.test) or asks_shape(branch.test))
        for branch, _ in path
    )


def asks_shape(value: v.Value, depth: int = 0) -> bool:
    if value.__class__ is v.Attr and value.name in STATIC_ATTRIBUTES:
        return True
    return depth < 4 and any(asks_shape(part, depth + 1) for part in value.parts())


def surely_traced(program: Program, value: v.Value) -> bool:
    """A parameter with a default may be left at it, and is then a plain value."""
    why = program.tracing.tracer(value)
    if why is None:
        return False
    parameter = why.function.parameter(why.param) if why.param else None
    return parameter is None or parameter.default is None


def parameters_or_frees(value: v.Value, depth: int = 0) -> bool:
    if value.__class__ in (v.Param, v.Free):
        return True
    if (value.__class__ is v.Attr and value.name in STATIC_ATTRIBUTES) or depth > 6:
        return False
    return any(parameters_or_frees(p, depth + 1) for p in value.parts())


def left_to_missing_static(program: Program, asked: Asked, why: Why) -> bool:
    """A plain parameter that callers fill with Python values belongs on the other side of the line instead."""
    if not why.param or why.use.spec.kind not in ("jit", "pmap", "checkpoint"):
        return False
    if not made_of_parameters(program, asked.value):
        return False
    evidence = host_evidence(program, why.function, why.param, why.use)
    if evidence.never_handed:
        return True
    return not evidence.arrays and (evidence.is_host or evidence.named)


def made_of_parameters(program: Program, value: v.Value, depth: int = 0) -> bool:
    """Names and arithmetic only: no array function between the parameter and the question."""
    if value.__class__ is v.Call:
        return c.known_name(program, value.func) in _NUMBERS
    if depth > 8:
        return False
    if value.__class__ in (v.Op, v.Phi):
        return all(made_of_parameters(program, p, depth + 1) for p in value.parts())
    return True


def finding(program: Program, function: Function, asked: Asked, why: Why, confidence: float) -> Finding:
    shown = text(asked.value.expr or asked.expr, 50)
    notes = [Note(program.place(why.use.flow, why.use.call.expr), f"`{why.use.short}` makes it a tracer")]
    parameter = why.function.parameter(why.param)
    through = f" (through `{why.param}` of `{why.function.name}`)" if why.param and why.function is not function else ""
    if parameter is not None:
        notes.append(Note(program.place(why.function.flow, parameter.expr), f"`{why.param}` comes in here"))
    return RULE.found(
        program.place(function.flow, asked.expr),
        f"{asked.word} {asked.how} of `{shown}` in `{function.name}`, but under `{why.use.short}` it is a tracer "
        "without a "
        f"value{through}: tracing raises an error",
        confidence,
        facts={
            "function": function.name, "value": shown, "construct": asked.word.strip("`"),
            "transformation": why.use.short, "parameter": why.param,
        },
        notes=notes,
        help=advice(asked, why),
    )  # fmt: skip


def advice(asked: Asked, why: Why) -> str:
    if asked.word == "`while`":
        return "Use `jax.lax.while_loop` for a loop whose end depends on data."
    if asked.word == "`assert`":
        return "Use `jax.experimental.checkify.check` or `eqx.error_if`, or test shapes and dtypes, which are known."
    if asked.word in ("`int()`", "`float()`", "`.item()`", "`.tolist()`", "`bool()`"):
        return "Keep it an array inside the trace and convert the result outside."
    static = (
        f"; if it is a plain Python value, name it in `{why.use.spec.static_names}`"
        if why.use.spec.static_names
        else ""
    )
    return f"Use `jnp.where` to choose between values, `jax.lax.cond` to choose between computations{static}."


RULE = Rule(
    name="branch-on-tracer",
    title="Python branch on a traced value",
    severity="error",
    dont="Ask for the truth or the number of a traced value: `if`, `while`, `assert`, `and`, `bool()`, "
    "`float()`, `.item()`.",
    do="Use `jnp.where`, `jax.lax.cond`, `jax.lax.while_loop` or `checkify`; shapes, dtypes and `is None` may be "
    "asked.",
    why="Under `jit`, `vmap` and `scan` an array has a shape and a dtype and no value: `if x > 0` raised "
    "TracerBoolConversionError, `float(x)` and `x.item()` ConcretizationTypeError, at the first call, on JAX "
    "0.10.2 and "
    "0.12.0.1, 7 of 7 spellings. Under `grad` alone a value is there, and the branch works.",
    allowed="Static arguments, `x is None`, `isinstance`, `x.shape`, `x.ndim`, `x.dtype`, `len(x)`, the length "
    "of a tuple or dict.",
    may_break="`jnp.where` computes both sides (guard divisions and square roots), `lax.cond` needs equal shapes "
    "and dtypes "
    "from both branches.",
    sees=("source", "run"),
    needs=("argument_values",),
    examples=(
        Example(
            "if on a reduction",
            dont=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def clip_gradient(g, limit):
    norm = jnp.linalg.norm(g)
    if norm > limit:  # fault
        g = g * (limit / norm)
    return g


clip_gradient(jnp.ones(4), 1.0)
""",
                shows="'TracerBoolConversionError' in raised or 'boolean conversion' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def clip_gradient(g, limit):
    norm = jnp.linalg.norm(g)
    return jnp.where(norm > limit, g * (limit / norm), g)


clip_gradient(jnp.ones(4), 1.0)
""",
                shows="compiles('clip_gradient') == 1",
            ),
        ),
        Example(
            "while until converged, in a helper",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def newton(x, target):
    error = jnp.abs(x * x - target)
    while error > 1e-6:  # fault
        x = 0.5 * (x + target / x)
        error = jnp.abs(x * x - target)
    return x


roots = jax.vmap(newton)
roots(jnp.ones(3), jnp.array([2.0, 3.0, 4.0]))
""",
                shows="'TracerBoolConversionError' in raised or 'boolean conversion' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def newton(x, target):
    def going(x):
        return jnp.abs(x * x - target) > 1e-6

    return jax.lax.while_loop(going, lambda x: 0.5 * (x + target / x), x)


roots = jax.vmap(newton)
roots(jnp.ones(3), jnp.array([2.0, 3.0, 4.0]))
""",
                shows="raised == ''",
            ),
        ),
        Example(
            "a number for Python inside a scan body",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def body(best, loss):
    best = min(best, float(loss))  # fault
    return best, best


jax.lax.scan(body, 1e9, jnp.array([3.0, 1.0, 2.0]))
""",
                shows="'ConcretizationTypeError' in raised or 'concrete value' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def body(best, loss):
    best = jnp.minimum(best, loss)
    return best, best


jax.lax.scan(body, 1e9, jnp.array([3.0, 1.0, 2.0]))
""",
                shows="raised == ''",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp


@jax.jit
def normalise(x, weights=None):
    if weights is None:
        weights = jnp.ones(x.shape[0])
    if x.ndim > 1 and len(x) > 2:
        x = x.reshape(x.shape[0], -1).sum(axis=1)
    if x.dtype == jnp.float32:
        x = x * 1.0
    return x * weights


normalise(jnp.ones((3, 2)))
""",
            shows="compiles('normalise') == 1",
        ),
        Sample(
            """import jax
import jax.numpy as jnp


def hinge(x):
    if x > 1.0:
        return 0.0 * x
    return 1.0 - x


jax.grad(hinge)(0.5)
""",
            shows="raised == ''",
        ),
    ),
    match=match,
    observe=observe,
)
