"""How sure it is that a value is a tracer, and not something static beside one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.classes import classes_of
from jaxaudit.source.fields import class_facts
from jaxaudit.source.kinds import kind_of

if TYPE_CHECKING:
    from jaxaudit.source.program import Program

COMPARISONS = frozenset({"Eq", "NotEq", "Lt", "LtE", "Gt", "GtE", "Chain"})
NO_ARRAYS = frozenset(
    ["str", "none", "function", "class", "module", "dtype", "shape", "tuple", "list", "dict", "transformed", "slice"]
)
SAME_KIND = frozenset({"builtins.abs", "builtins.round"})
ARRAY_FUNCTIONS = ("jax.numpy.", "jax.lax.", "jax.nn.", "jax.random.", "jax.scipy.")


def certainty(program: Program, value: v.Value, depth: int = 0) -> float:
    """How sure it is that this very value, and not something static beside it, is a tracer."""
    if program.tracing.tracer(value) is None or depth > 8:
        return 0.0
    if value.__class__ is v.Op:
        if value.name in ("And", "Or"):
            return 0.0  # its operands are asked one by one
        operands: tuple[v.Value, ...] = value.operands
        if value.name in COMPARISONS and any(no_array(program, o) for o in operands):
            return 0.0
        return max(certainty(program, o, depth + 1) for o in operands)
    if value.__class__ is v.Call:
        return certainty_of_call(program, value, depth)
    if no_array(program, value):
        return 0.0
    if value.__class__ is v.Param:
        return certainty_of_param(program, value)
    if value.__class__ is v.Item:
        index = value.index
        if program.tracing.tracer(value.base) is None:
            return 0.4
        if index.__class__ is v.Const and isinstance(index.value, str):
            return 0.5
        return certainty(program, value.base, depth + 1) if is_array(program, value.base) else 0.5
    if value.__class__ is v.Attr:
        return certainty_of_field(program, value)
    if value.__class__ in (v.Phi, v.Left, v.Carried):
        parts = [p for p in value.parts() if program.tracing.tracer(p) is not None]
        found = [certainty(program, p, depth + 1) for p in parts]
        return min(found + ([0.5] if len(parts) < len(value.parts()) and value.__class__ is v.Phi else []), default=0.0)
    if value.__class__ is v.Free:
        return min((certainty(program, p, depth + 1) for p in value.parts()), default=0.0)
    return 0.4


def certainty_of_call(program: Program, call: v.Call, depth: int) -> float:
    name = c.known_name(program, call.func)
    if name is not None:
        if name.startswith(ARRAY_FUNCTIONS) and c.transform_of(program, call) is None:
            return 0.9
        return certainty(program, call.args[0], depth + 1) if name in SAME_KIND and call.args else 0.4
    if call.func.__class__ is v.Attr and is_array(program, call.func.base):
        return 0.9
    if kind_of(program, call).is_array:
        return 0.85
    return 0.4


def certainty_of_param(program: Program, param: v.Param, depth: int = 0) -> float:
    """A bare parameter may be a dict, a tuple or None; one that is an array at its callers is certain."""
    kind = kind_of(program, param)
    if kind.is_array or kind.what == "key":
        return 0.9
    if kind.what in ("int", "float", "bool"):
        return 0.6
    parameter = param.function.parameter(param.name)
    if parameter is not None and (parameter.default is not None or parameter.kind not in ("positional", "keyword")):
        return 0.4
    handed = [source for call, source in program.sources(param)[:8] if call is not None]
    if depth < 3 and handed and all(one.__class__ is v.Param for one in handed):
        return min(certainty_of_param(program, one, depth + 1) for one in handed)  # type: ignore[arg-type]
    why = program.tracing.tracer(param)
    its_own = why is not None and why.function is param.function and why.use.spec.kind == "loop"
    only_a_body = its_own and not program.graph.callers(param.function)
    return 0.85 if only_a_body else 0.6


def certainty_of_field(program: Program, attr: v.Attr) -> float:
    if attr.name in ("T", "real", "imag", "mT"):
        return certainty(program, attr.base)
    classes = classes_of(program, attr.base)
    if kind_of(program, attr).is_array and classes and all(class_facts(program, cls).pytree for cls in classes):
        return 0.8
    return 0.4


def is_array(program: Program, value: v.Value) -> bool:
    return kind_of(program, value).is_array


def no_array(program: Program, value: v.Value) -> bool:
    return kind_of(program, value).what in NO_ARRAYS
