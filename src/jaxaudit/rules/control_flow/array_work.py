"""How much array work a piece of code does, counted in operations as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.facts import end, start
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.array_values import HOST_RESULTS
from jaxaudit.source.numbers import length_of

if TYPE_CHECKING:
    from jaxaudit.source.events import Loop
    from jaxaudit.source.flow import Flow
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

ARRAY_LIBRARIES = ("jax.numpy.", "jax.lax.", "jax.nn.", "jax.scipy.", "jax.random.", "jax.image.", "jax.ops.")
_LINEAR_ALGEBRA = (
    "solve inv pinv eig eigh eigvals eigvalsh svd qr cholesky lstsq det slogdet matrix_power cho_solve cho_factor lu "
    "lu_factor lu_solve expm sqrtm schur solve_triangular"
)
HEAVY = frozenset(
    {f"{module}.{n}" for module in ("jax.numpy.linalg", "jax.scipy.linalg") for n in _LINEAR_ALGEBRA.split()}
    | {"jax.numpy.convolve", "jax.numpy.correlate", "jax.numpy.kron", "jax.lax.conv", "jax.lax.conv_general_dilated"}
    | {"jax.lax.linalg.cholesky", "jax.lax.linalg.eigh", "jax.lax.linalg.svd"}
)
HEAVY_PARTS = (
    "jax.numpy.fft.", "jax.scipy.sparse.", "jax.scipy.optimize.", "jax.scipy.signal.", "jax.experimental.ode.",
    "diffrax.", "optimistix.", "lineax.", "jaxopt.",
)  # fmt: skip
CONVERSIONS = frozenset({"jax.numpy.asarray", "jax.numpy.array", "jax.numpy.float32", "jax.numpy.int32"})
_SIGNS = "Add Sub Mult Div FloorDiv Mod Pow MatMult USub Invert Eq NotEq Lt LtE Gt GtE Chain BitAnd BitOr BitXor"
_ARITHMETIC = frozenset(_SIGNS.split())
OPAQUE = 3
"""What a call of a function that was not read counts for."""
DEEPEST = 6


class Work(NamedTuple):
    """Array operations as written, called functions and inner loops included. `heavy` names the costliest seen."""

    operations: int
    heavy: str = ""
    callee: str = ""


def function_work(program: Program, function: Function, depth: int = 0) -> Work:
    """The operations of one run of a function's body."""
    key = ("array work", program.keys[""])
    found = function.memo.get(key)
    if found is None:
        function.memo[key] = Work(1)
        found = Work(1) if depth > DEEPEST else _work(program, function.flow, None, depth)
        function.memo[key] = found
    return found


def turn_work(program: Program, loop: Loop) -> Work:
    """The operations of one turn of a loop."""
    return _work(program, loop.flow, loop, 0)


def _work(program: Program, flow: Flow, loop: Loop | None, depth: int) -> Work:
    total, heavy, callee = 0, "", ""
    values = list(values_in(loop)) if loop is not None else list(values_of(flow))
    for value in values:
        if is_arithmetic(value):
            if is_device_work(program, value):
                total += _times(program, flow, value, loop)
        elif value.__class__ is v.Call:
            done = call_work(program, value, depth)
            total += done.operations * _times(program, flow, value, loop)
            heavy, callee = heavy or done.heavy, callee or done.callee
    return Work(total, heavy, callee)


def is_arithmetic(value: v.Value) -> bool:
    return value.__class__ is v.Op and value.name in _ARITHMETIC


def is_device_work(program: Program, value: v.Value) -> bool:
    """Whether a value is a tracer or an array of JAX; NumPy's work stays on the host."""
    if program.tracing.tracer(value) is not None:
        return True
    kind = kind_of(program, value)
    return kind.is_array and kind.library != "numpy"


def call_work(program: Program, call: v.Call, depth: int) -> Work:
    """What one call adds."""
    if call.decorator:
        return Work(0)
    name = c.known_name(program, call.func)
    use = c.transform_of(program, call)
    if use is not None:
        if use.spec.wraps:
            return Work(0)
        inner = [function_work(program, t.function, depth + 1) for f, _ in use.functions for t in c.targets(program, f)]
        heavy = (
            f"`{use.short}`" if use.spec.kind in ("loop", "solver") else next((w.heavy for w in inner if w.heavy), "")
        )
        return Work(2 + sum(w.operations for w in inner), heavy)
    if name is not None:
        if name in HOST_RESULTS or name in CONVERSIONS or not name.startswith(ARRAY_LIBRARIES):
            return Work(0, f"`{name}`" if name.startswith(HEAVY_PARTS) else "")
        heavy = f"`{name.rpartition('.')[2]}`" if name in HEAVY or name.startswith(HEAVY_PARTS) else ""
        return Work(1, heavy)
    targets = c.targets(program, call.func)
    if targets:
        target = targets[0]
        inner_work = function_work(program, target.function, depth + 1)
        return Work(inner_work.operations, inner_work.heavy, target.function.name)
    func = call.func
    if func.__class__ is v.Attr:
        if func.name in ("append", "extend", "items", "keys", "values", "get", "item", "format", "join", "update"):
            return Work(0)
        if is_device_work(program, func.base):
            return Work(1)
    if any(program.tracing.tracer(a) is not None for a in call.args):
        return Work(OPAQUE)
    return Work(0)


def _times(program: Program, flow: Flow, value: v.Value, inside: Loop | None) -> int:
    """How often a value is made in one run (or in one turn): the inner loops whose length is seen, multiplied."""
    out = 1
    if value.expr is None:
        return out
    line = start(value.expr)[0]
    for loop in flow.loops:
        if loop is inside or not loop.line <= line <= loop.end_line or loop.iterable is None:
            continue
        if inside is not None and inside not in loop.outer:
            continue
        if loop.line == loop.end_line and not _within(loop, value):
            continue
        out *= min(length_of(program, loop.iterable) or 1, 4096)
    return min(out, 1 << 20)


def _within(loop: Loop, value: v.Value) -> bool:
    """For loops of one line (comprehensions): whether the value is made of its variable."""
    return value.__class__ is v.Call and loop in value.loops


# -- which values a piece of code makes --------------------------------------------------------------------------------


def values_of(flow: Flow) -> Iterator[v.Value]:
    """Every value that a function's body makes, once."""
    found = flow.function.memo.get("values of body")
    if found is None:
        found = flow.function.memo["values of body"] = _reached(flow, _roots_of(flow))
    return iter(found)


def values_in(loop: Loop) -> list[v.Value]:
    """Every value that a turn of a loop makes, once: by where it is written."""
    memo = loop.flow.function.memo
    key = ("values in", id(loop))
    found = memo.get(key)
    if found is None:
        found = memo[key] = _values_in(loop)
    return found


def _values_in(loop: Loop) -> list[v.Value]:
    flow = loop.flow
    roots: list[v.Value] = [call for call in flow.calls if loop in call.loops]
    roots += [b.value for b in flow.binds if loop in b.loops]
    roots += [s.value for s in flow.stores if loop in s.loops] + [t.value for t in flow.tests if loop in t.loops]
    roots += [x for carried in loop.carried.values() for x in (carried.after,) if x is not None]
    if loop.kind == "comprehension":
        whole = loop.whole
        roots += [whole.element] if whole is not None else []
    return [x for x in _reached(flow, roots) if _made_in(loop, x)]


def _made_in(loop: Loop, value: v.Value) -> bool:
    if value.__class__ is v.Call:
        return loop in value.loops
    if value.__class__ in (v.Carried, v.Elem):
        return value.loop is loop
    if value.expr is None:
        return False
    if loop.kind == "comprehension":
        span = _span(loop)
        return span is not None and span[0] <= start(value.expr) and end(value.expr) <= span[1]
    first, last = start(value.expr)[0], end(value.expr)[0]
    if not loop.line <= first <= last <= loop.end_line:
        return False
    if loop.kind == "for" and loop.iterable is not None and loop.iterable.expr is not None:
        return start(value.expr) > end(loop.iterable.expr)
    return True


def _span(loop: Loop) -> tuple[tuple[int, int], tuple[int, int]] | None:
    whole = loop.whole
    return None if whole is None or whole.expr is None else (start(whole.expr), end(whole.expr))


def _roots_of(flow: Flow) -> list[v.Value]:
    out: list[v.Value] = [*flow.calls, *[b.value for b in flow.binds], *[r.value for r in flow.returns]]
    out += [s.value for s in flow.stores] + [t.value for t in flow.tests] + list(flow.yields)
    return out


def _reached(flow: Flow, roots: list[v.Value]) -> list[v.Value]:
    seen: dict[int, v.Value] = {}
    waiting = list(roots)
    while waiting:
        value = waiting.pop()
        if id(value) in seen or (value.flow is not flow and value.__class__ not in (v.Phi, v.Carried, v.Left)):
            continue
        seen[id(value)] = value
        if value.__class__ is not v.Free:
            waiting += value.parts()
    return list(seen.values())
