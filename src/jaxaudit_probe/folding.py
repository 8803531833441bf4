"""Work that depends on no argument, on captured arrays or on numbers only: XLA does it while it compiles, at every compilation.

Told once a compile took long enough to matter. What XLA itself decides to fold is its own business: this is the work
that it can fold, from the traced program.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from jaxaudit_probe import names, private
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Site

LEAST_BYTES = 64 * 1024
LEAST_SECONDS = 0.5
"""A compile that is quicker than this is not worth a word."""
MOST = 50_000
FREE = frozenset(
    {
        "broadcast_in_dim",
        "reshape",
        "convert_element_type",
        "squeeze",
        "transpose",
        "slice",
        "copy",
        "iota",
        "pjit",
        "jit",
    }
)
"""Operations that cost nothing to fold."""

WINDOWS = frozenset({"reduce_window", "reduce_window_sum", "reduce_window_max", "reduce_window_min"})
"""Also where they run over nothing but numbers (how many pixels of a box are in the image) XLA folds these, step by step."""
LEAST_STEPS = 200_000
"""Such a window takes XLA 0.3 s, at 1.5 microseconds a step."""


COSTLY = frozenset(
    {
        "sort",
        "cumsum",
        "cumprod",
        "cummax",
        "cummin",
        "cumlogsumexp",
        "dot_general",
        "scan",
        "while",
    }
    | WINDOWS
    | {"conv_general_dilated", "fft", "gather", "scatter", "scatter-add", "top_k", "argsort"}
)
"""Operations that are told of before others."""


PRODUCTS_AT_ONCE = 32
"""XLA multiplies matrices by a fast routine also while it folds; windows it sums up one element after the other."""


class Work(NamedTuple):
    operation: str
    text: str
    line: tuple[str, int] | None
    bytes: int
    effort: int = 0
    """Roughly how many steps it takes."""


_found: weakref.WeakKeyDictionary[Site, list[Work]] = weakref.WeakKeyDictionary()
_with_windows: weakref.WeakSet[Site] = weakref.WeakSet()


def install(observer: Observer) -> None:
    def traced(site: Site, program: Any, at: names.At | None) -> None:
        if site.bytes_captured < LEAST_BYTES and site not in _with_windows:
            return
        _with_windows.discard(site)
        found = sorted(work_on_constants(program), key=lambda work: (work.operation not in COSTLY, -work.effort))
        if found:
            _found[site] = found

    def compiled(site: Site, seconds: float) -> None:
        tell(site, _found.pop(site, None), seconds, False)

    def totals() -> None:
        """What takes long already: a process that dies of it has said so."""
        for site, seconds in observer.under_way.compiling():
            tell(site, _found.get(site), seconds, True)

    def tell(site: Site, works: list[Work] | None, seconds: float, under_way: bool) -> None:
        if works is None or seconds < LEAST_SECONDS:
            return
        largest = works[0]
        line = {"path": largest.line[0], "line": largest.line[1]} if largest.line is not None else None
        observer.writer.put(
            "fold",
            site=site.id,
            seconds=round(seconds, 6),
            text=largest.text,
            at=line,
            operations=len(works),
            under_way=under_way,
        )

    for name in WINDOWS:
        observer.on_equation.setdefault(name, []).append(lambda site, _: _with_windows.add(site))
    observer.on_trace.append(traced)
    observer.on_compiled.append(compiled)
    observer.writer.at_end(totals)


def uninstall() -> None:
    _found.clear()
    _with_windows.clear()


class Value(IntEnum):
    """What a value of a traced program rests on."""

    ARGUMENT = 0
    NUMBERS = 1
    """On nothing but numbers: what is made of them is one number written out, which costs nothing to fold, but for windows."""
    CAPTURED = 2
    """On no argument, but on a captured array."""


def work_on_constants(program: Any) -> Iterator[Work]:
    """Operations of a traced program that rest on no argument, but on a captured array, or windows over numbers; inputs or result
    are large.
    """
    outer = getattr(program, "jaxpr", program)
    yield from _walk(outer, [Value.ARGUMENT] * len(outer.invars), [MOST])


def _walk(program: Any, handed_in: list[Value], left: list[int]) -> Iterator[Work]:
    known = {id(variable): value for variable, value in zip(program.invars, handed_in)}
    known |= {id(variable): _captured(variable) for variable in program.constvars}

    for equation in program.eqns:
        left[0] -= 1
        if left[0] <= 0:
            return
        inputs = [
            _captured(one) if hasattr(one, "val") else known.get(id(one), Value.ARGUMENT) for one in equation.invars
        ]
        inner = list(private.sub_programs(equation))
        name = equation.primitive.name
        if len(inner) == 1 and len(inner[0].invars) == len(inputs):
            yield from _walk(inner[0], inputs, left)
        if not inputs or Value.ARGUMENT in inputs or getattr(equation, "effects", None):
            continue
        known |= {id(variable): max(inputs) for variable in equation.outvars}
        sizes = [_bytes_of(value) for value in (*equation.invars, *equation.outvars)]
        if max(sizes, default=0) < LEAST_BYTES or name in FREE or inner:
            continue
        steps = _effort(equation)
        if Value.CAPTURED in inputs or (name in WINDOWS and steps >= LEAST_STEPS):
            text = f"`{name}` of {_largest(equation)}"
            yield Work(name, text, private.line_of(equation, names.is_user), max(sizes), steps)


def _captured(variable: Any) -> Value:
    return Value.CAPTURED if getattr(variable.aval, "shape", ()) else Value.NUMBERS


def _effort(equation: Any) -> int:
    """Elements of the result, each times what is summed up for it."""
    params, steps = equation.params, max((private.count_of(value.aval.shape) for value in equation.outvars), default=0)
    for side in params.get("window_dimensions") or ():
        steps *= side
    if equation.primitive.name == "dot_general":
        for axis in params["dimension_numbers"][0][0]:
            steps *= equation.invars[0].aval.shape[axis]
        steps //= PRODUCTS_AT_ONCE
    return int(steps)


def _largest(equation: Any) -> str:
    avals = [value.aval for value in (*equation.invars, *equation.outvars)]
    aval = max(avals, key=lambda one: getattr(one, "size", 0))
    return f"{aval.dtype}[{','.join(map(str, aval.shape))}]"


def _bytes_of(value: Any) -> int:
    aval = value.aval
    return int(getattr(aval, "size", 0)) * int(getattr(getattr(aval, "dtype", None), "itemsize", 0) or 0)
