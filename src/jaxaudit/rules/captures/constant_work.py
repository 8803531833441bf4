"""Work inside a compiled program that depends on no argument, only on arrays that the program holds as constants."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.model import Place
from jaxaudit.rules.captures.captured_values import Captured, of_one_program
from jaxaudit.rules.captures.held_arrays import Held
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.facts import text
from jaxaudit.source.knowledge.array_values import ARRAY_METHODS, HOST_RESULTS, STATIC_ATTRIBUTES
from jaxaudit.source.knowledge.arrays_of_jax import ARRAYS
from jaxaudit.source.program import Program

# XLA works these out while it compiles. Measured on JAX 0.10.2, CPU, for float32 constants of 0.15 and 0.76 MiB: sort
# 12.7 and 87 s, cumsum 1.6 and 4.5 s, einsum of 256x256 1.1 s; abs, exp, sum and mean 0.0 to 0.1 s.
_OF_NUMPY = (
    "sort argsort lexsort median nanmedian percentile quantile nanpercentile nanquantile unique cumsum cumprod "
    "nancumsum cumulative_sum cumulative_prod searchsorted einsum partition argpartition histogram bincount digitize"
)
_OF_LAX = "sort cumsum cumprod cummax cummin cumlogsumexp reduce_window top_k"
FOLDED_SLOWLY = frozenset(
    [*[f"jax.numpy.{name}" for name in _OF_NUMPY.split()], *[f"jax.lax.{name}" for name in _OF_LAX.split()]]
)
# These XLA leaves in the program, and each call works them out again: inverse of a 256x256 constant 13.7 ms a call.
DONE_EACH_CALL = ("jax.numpy.linalg.", "jax.scipy.linalg.", "jax.numpy.fft.", "jax.scipy.fft.", "jax.scipy.signal.")


class ConstantWork(NamedTuple):
    """`call` works on captured arrays and literals alone; `how` is "folded" or "repeated"."""

    call: v.Call
    how: str
    place: Place
    captured: Captured

    @property
    def held(self) -> Held:
        return max(self.captured.arrays, key=lambda held: held.bytes or 0)

    @property
    def text(self) -> str:
        return text(self.call.expr)


def constant_work(program: Program, captured: Captured) -> Iterator[ConstantWork]:
    """The heavy calls of the function that read nothing but this capture, other captures and literals."""
    flow = captured.compiled.function.flow
    known = {
        id(read_as(one))
        for one in of_one_program(program, captured)
        if one.compiled.function is captured.compiled.function
    }
    for call in flow.calls:
        if call.decorator:
            continue
        name = name_of(program, call)
        how = "folded" if name in FOLDED_SLOWLY else "repeated" if name.startswith(DONE_EACH_CALL) else ""
        if not how:
            continue
        receiver = (call.func.base,) if call.func.__class__ is v.Attr else ()
        bases: set[int] = set()
        parts = (*receiver, *call.args, *[value for _, value in call.kwargs])
        if all(is_constant(program, part, known, bases) for part in parts) and id(read_as(captured)) in bases:
            yield ConstantWork(call, how, program.place(flow, call.expr), captured)


def read_as(captured: Captured) -> v.Value:
    """What the function reads: its parameter, where a partial or a default fills that."""
    bound = captured.compiled.function.flow.bindings.get(captured.parameter) if captured.parameter else None
    return bound[0] if bound else captured.base


def name_of(program: Program, call: v.Call) -> str:
    name = c.known_name(program, call.func)
    if name is None and call.func.__class__ is v.Attr:
        name = ARRAY_METHODS.get(call.func.name)
    return name or ""


def is_constant(program: Program, value: v.Value, known: set[int], bases: set[int], depth: int = 0) -> bool:
    """Whether a value depends on no argument. Captured bases that it reads are added to `bases`."""
    kind = value.__class__
    if depth > 12:
        return False
    if kind in (v.Const, v.External):
        return True
    if kind in (v.Free, v.Param):
        if id(value) in known:
            bases.add(id(value))
        return id(value) in known
    if kind is v.Attr:
        base: v.Value = value.base  # type: ignore[attr-defined]
        return value.name in STATIC_ATTRIBUTES or is_constant(program, base, known, bases, depth + 1)  # type: ignore[attr-defined]
    if kind is v.Call:
        name = name_of(program, value)  # type: ignore[arg-type]
        if (name not in ARRAYS and name not in HOST_RESULTS) or name.startswith("jax.random."):
            return False
        receiver = (value.func.base,) if value.func.__class__ is v.Attr else ()  # type: ignore[attr-defined]
        parts = (*receiver, *value.args, *[x for _, x in value.kwargs])  # type: ignore[attr-defined]
        return all(is_constant(program, part, known, bases, depth + 1) for part in parts)
    if kind in (v.Op, v.Item, v.Sequence):
        return all(is_constant(program, part, known, bases, depth + 1) for part in value.parts())
    return False
