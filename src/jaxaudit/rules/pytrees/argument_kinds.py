"""What a jitted function's cache sees of an argument: structure, shape, dtype, weak type; and where each comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import provenance
from jaxaudit.source import values as v
from jaxaudit.source.facts import start, text
from jaxaudit.source.kinds import Kind, kind_of
from jaxaudit.source.provenance import expand

if TYPE_CHECKING:
    from jaxaudit.model import Place
    from jaxaudit.source.program import Program

NARROW = {"float64": "float32", "int64": "int32", "complex128": "complex64", "uint64": "uint32"}
_NUMBERS = {"int": ("int32", True), "float": ("float32", True), "complex": ("complex64", True), "bool": ("bool", False)}
MOST = 24
DEEPEST = 10


class Seen(NamedTuple):
    """One thing that an argument may be, as `jit` tells arguments apart. What the source leaves open is None."""

    structure: str
    dtype: str | None
    weak: bool | None
    rank: int | None
    source: v.Value
    host: bool = False
    keys: frozenset[str] | None = None
    shape: tuple[int | None, ...] | None = None

    def words(self) -> str:
        if self.structure != "leaf":
            return {"none": "None"}.get(self.structure, f"a {self.structure}")
        kind = f"{self.dtype or 'array'}"
        if self.shape is not None and all(d is not None for d in self.shape):
            kind += f"[{','.join(str(d) for d in self.shape)}]"
        if self.host:
            python = {"int32": "int", "float32": "float", "complex64": "complex", "bool": "bool"}[
                self.dtype or "float32"
            ]
            return f"a Python {python} ({kind}, weak)" if self.weak else f"a Python {python}"
        return f"weakly typed {kind}" if self.weak else f"strongly typed {kind}" if self.weak is False else kind


class Difference(NamedTuple):
    """`what` changes ("weak type", "dtype", "rank", "structure", "container"), between two things seen."""

    what: str
    one: Seen
    other: Seen


def seen_of(program: Program, value: v.Value, kind: Kind | None = None) -> Seen | None:
    """What one value (or a value of this kind) is to the cache; None where the source does not say."""
    kind = kind_of(program, value) if kind is None else kind
    if kind.what in _NUMBERS:
        dtype, weak = _NUMBERS[kind.what]
        return Seen("leaf", dtype, weak, 0, value, True, shape=())
    if kind.is_array:
        dtype_name = NARROW.get(kind.dtype, kind.dtype) or None
        rank = None if kind.shape is None else len(kind.shape)
        return Seen("leaf", dtype_name, kind.weak, rank, value, shape=kind.shape)
    if kind.what == "none":
        return Seen("none", None, None, None, value)
    if kind.what in ("tuple", "list", "dict"):
        return Seen(kind.what, None, None, None, value, keys=_keys(program, value))
    return None


def _keys(program: Program, value: v.Value) -> frozenset[str] | None:
    roots = provenance.roots(program, value)
    if len(roots) != 1 or roots[0].__class__ is not v.Mapping:
        return None
    keys = [k.value if k.__class__ is v.Const else None for k, _ in roots[0].pairs]
    return frozenset(str(k) for k in keys) if None not in keys else None


def alternatives(program: Program, value: v.Value, depth: int = 0, asked: set[int] | None = None) -> list[v.Value]:
    """The values that may be meant: branches, tuples looped over, the callers of the function around it."""
    asked = set() if asked is None else asked
    if id(value) in asked or depth > DEEPEST:
        return []
    asked.add(id(value))
    steps: tuple[v.Value, ...] = ()
    if value.__class__ is v.Param:
        parameter = value.function.parameter(value.name)
        if (
            parameter is not None
            and parameter.kind in ("positional", "keyword")
            and program.tracing.tracer(value) is None
        ):
            steps = tuple([s for _, s in program.sources(value)[:MOST]])
    elif value.__class__ is v.Carried:
        steps = (value.before,) if value.before is not None else ()
    elif value.__class__ is v.Left:
        steps = (value.carried,)
    elif value.__class__ in (v.Phi, v.Free, v.Elem, v.Imported) or (
        value.__class__ is v.Item and kind_of(program, value.base).what not in ("array", "keys")
    ):
        steps = expand(program, value)
    if not steps:
        return [value]
    return [found for step in steps[:MOST] for found in alternatives(program, step, depth + 1, asked)]


def difference(one: Seen, other: Seen) -> Difference | None:
    """What `jit` compiles again for, where both sides are known."""
    if one.structure != other.structure:
        containers = {"tuple", "list", "dict"}
        if one.structure in containers and other.structure in containers:
            return Difference("container", one, other)
        return Difference("structure", one, other)
    if one.structure == "dict":
        if one.keys is not None and other.keys is not None and one.keys != other.keys:
            return Difference("keys", one, other)
        return None
    if one.structure != "leaf":
        return None
    if one.rank is not None and other.rank is not None and one.rank != other.rank:
        return Difference("rank", one, other)
    if one.dtype is not None and other.dtype is not None and one.dtype != other.dtype:
        return Difference("dtype", one, other)
    if one.weak is not None and other.weak is not None and one.weak != other.weak and one.rank == 0 == other.rank:
        return Difference("weak type", one, other)
    if one.weak is not None and other.weak is not None and one.weak != other.weak and one.rank == other.rank:
        return Difference("weak type", one, other)
    return None


def expression_of(value: v.Value, fallback: v.Value) -> Any:
    return value.expr if value.expr is not None else fallback.expr


def place_of(program: Program, value: v.Value, fallback: v.Call) -> Place:
    if value.expr is not None and value.flow is not None:
        return program.place(value.flow, value.expr)
    assert fallback.flow is not None
    for bind in fallback.flow.binds:  # `best = jnp.inf`: where the name is bound
        if bind.value is value and bind.expr is not None:
            return program.place(fallback.flow, bind.expr)
    return place_of_call(program, fallback)


def place_of_call(program: Program, call: v.Call) -> Place:
    assert call.flow is not None
    return program.place(call.flow, call.expr)


def shown(value: v.Value, room: int = 40) -> str:
    return text(value.expr, room) if value.expr is not None else ""


def line_of(value: v.Value) -> int:
    return start(value.expr)[0] if value.expr is not None else 0
