"""What a value is as a number, where the source decides it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.provenance import expand, returned, roots

if TYPE_CHECKING:
    from jaxaudit.source.program import Program

_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv,
    "FloorDiv": operator.floordiv, "Mod": operator.mod, "USub": operator.neg, "UAdd": operator.pos,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "builtins.int": int, "builtins.float": float, "builtins.abs": abs, "builtins.min": min, "builtins.max": max,
    "builtins.round": round, "math.ceil": math.ceil, "math.floor": math.floor, "math.sqrt": math.sqrt,
    "numpy.int32": int, "numpy.int64": int, "numpy.ceil": math.ceil, "numpy.floor": math.floor, "math.prod": math.prod,
    "numpy.prod": math.prod,
}  # fmt: skip
BIGGEST = 1 << 62


def numbers(program: Program, value: v.Value, depth: int = 0) -> list[Any]:
    """All numbers that a value may be, callers included; [] when one of its sources is not known."""
    if depth > 12:
        return []
    if isinstance(value, v.Const):
        return [value.value] if type(value.value) in (int, float, bool) else []
    if isinstance(value, v.Op):
        return _operation(program, value, depth)
    if isinstance(value, v.Call):
        found = _call(program, value, depth)
        if found:
            return found
    if isinstance(value, v.Param):
        sources = [s for _, s in program.sources(value)]
        return _all(program, tuple(sources), depth)
    if isinstance(value, v.Carried):
        return []
    if isinstance(value, (v.Item, v.Attr)):
        measured = _measured(program, value)
        if measured is not None:
            return [measured]
    steps = expand(program, value)
    if not steps and isinstance(value, v.Call):
        steps = returned(program, value)
    if not steps or steps == (value,):
        return []
    return _all(program, steps, depth)


def number(program: Program, value: v.Value) -> Any:
    """The one number that a value is, or None."""
    found = set(numbers(program, value))
    return found.pop() if len(found) == 1 else None


def _all(program: Program, values: tuple[v.Value, ...], depth: int) -> list[Any]:
    out: list[Any] = []
    for value in values[:16]:
        found = numbers(program, value, depth + 1)
        if not found:
            return []
        out += found
    return out[:64]


def _operation(program: Program, op: v.Op, depth: int) -> list[Any]:
    function = _ARITHMETIC.get(op.name)
    operands = [numbers(program, o, depth + 1) for o in op.operands]
    if not all(operands):
        return []
    first = [o[0] for o in operands]
    if op.name == "Pow":
        base, power = first
        if abs(base) > 1 << 20 or abs(power) > 64:
            return []
        function = operator.pow
    if function is None:
        return []
    out = []
    for i in range(max(len(o) for o in operands)):
        try:
            result = function(*[o[min(i, len(o) - 1)] for o in operands])
        except (ArithmeticError, ValueError, TypeError):
            return []
        if isinstance(result, complex) or abs(result) > BIGGEST:
            return []
        out.append(result)
    return out


def _measured(program: Program, value: v.Item | v.Attr) -> int | None:
    """`x.shape[0]`, `x.size` and `x.ndim` of an array whose shape the source decides."""
    if isinstance(value, v.Item):
        shape, index = value.base, value.index
        if not isinstance(shape, v.Attr) or shape.name != "shape" or not isinstance(index, v.Const):
            return None
        dims = _shape(program, shape.base)
        at = index.value
        return dims[at] if dims is not None and type(at) is int and -len(dims) <= at < len(dims) else None
    if value.name not in ("size", "ndim"):
        return None
    dims = _shape(program, value.base)
    if dims is None:
        return None
    if value.name == "ndim":
        return len(dims)
    return None if None in dims else math.prod([d or 0 for d in dims])


def _shape(program: Program, value: v.Value) -> tuple[int | None, ...] | None:
    from jaxaudit.source.kinds import kind_of

    kind = kind_of(program, value)
    return kind.shape if kind.is_array else None


def _call(program: Program, call: v.Call, depth: int) -> list[Any]:
    name = c.known_name(program, call.func)
    if name == "builtins.len" and call.args:
        length = length_of(program, call.args[0])
        return [length] if length is not None else []
    function = _FUNCTIONS.get(name or "")
    if function is None or call.kwargs:
        return []
    if name in ("math.prod", "numpy.prod"):
        if len(call.args) != 1 or not isinstance(call.args[0], v.Sequence):
            return []
        parts = [number(program, i) for i in call.args[0].items]
        return [math.prod(parts)] if all(p is not None for p in parts) else []
    arguments = [numbers(program, a, depth + 1) for a in call.args]
    if not arguments or not all(len(a) == 1 for a in arguments):
        return []
    try:
        return [function(*[a[0] for a in arguments])]
    except (ArithmeticError, ValueError, TypeError):
        return []


def length_of(program: Program, value: v.Value) -> int | None:
    """How many turns a loop over this takes, where the source decides it."""
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    key = program.keys["length"]
    if key not in memo:
        memo[key] = None  # what a length that depends on itself sees
        found = {_length(program, root) for root in roots(program, value)}
        memo[key] = found.pop() if len(found) == 1 else None
    return memo[key]


def _length(program: Program, value: v.Value) -> int | None:
    if isinstance(value, v.Sequence) and value.kind != "slice":
        if any(isinstance(i, v.Star) for i in value.items):
            return None
        return value.length
    if isinstance(value, v.Mapping):
        return len(value.pairs)
    if isinstance(value, v.Const) and isinstance(value.value, str):
        return len(value.value)
    if isinstance(value, v.Comprehension) and len(value.loops) == 1:
        iterable = value.loops[0].iterable
        return length_of(program, iterable) if iterable is not None else None
    if isinstance(value, v.Call):
        name = c.known_name(program, value.func)
        args = value.args
        if name == "builtins.range" and args:
            parts = [number(program, a) for a in args]
            if all(type(p) is int for p in parts):
                try:
                    return len(range(*parts))
                except (ValueError, TypeError):
                    return None
            return None
        if (
            name in ("builtins.enumerate", "builtins.list", "builtins.tuple", "builtins.reversed", "builtins.sorted")
            and args
        ):
            return length_of(program, args[0])
        if (
            isinstance(value.func, v.Attr)
            and value.func.name in ("items", "keys", "values")
            and not args
            and name is None
        ):
            mapping = v.settle(value.func.base)
            return len(mapping.pairs) if isinstance(mapping, v.Mapping) and all(k for k, _ in mapping.pairs) else None
        if name == "builtins.zip" and args:
            known = [n for n in (length_of(program, a) for a in args) if n is not None]
            return min(known) if known else None
    from jaxaudit.source.kinds import kind_of

    shape = kind_of(program, value).shape
    return shape[0] if shape else None
