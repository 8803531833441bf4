"""What a traced program holds: its equations with their lines, its inputs and outputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax

PACKAGE = os.path.dirname(str(jax.__file__))


def jaxpr_of(params: Any) -> Any:
    """The traced program that an entry's answer holds."""
    return params[0].params["jaxpr"]


def source_of(closed_jaxpr: Any) -> str:
    """`name at file:line` of the function that a program was traced from."""
    inner = getattr(closed_jaxpr, "jaxpr", closed_jaxpr)
    info = getattr(inner, "debug_info", None) or getattr(inner, "_debug_info", None)
    return str(getattr(info, "func_src_info", "") or "")


def is_own_source(source: str) -> bool:
    """Whether `name at file:line` is a function of JAX's own."""
    return source.rpartition(" at ")[2].startswith(PACKAGE + os.sep)


def inner_of(program: Any) -> Any:
    """The program without its constants."""
    return getattr(program, "jaxpr", program)


def argument_names(program: Any) -> tuple[str, ...]:
    info = getattr(inner_of(program), "debug_info", None)
    return tuple(str(name) for name in getattr(info, "arg_names", None) or ())


PLAIN = frozenset({type(None), bool, int, float, str})
"""Types of most parameters of equations: what they hold is no program."""


def sub_programs(equation: Any) -> Iterator[Any]:
    for value in equation.params.values():
        if type(value) in PLAIN:
            continue
        for part in value if isinstance(value, (list, tuple)) else (value,):
            inner = getattr(part, "jaxpr", part)
            if hasattr(inner, "eqns"):
                yield inner


def sub_programs_with_constants(equation: Any) -> Iterator[tuple[str, Any]]:
    """(parameter, program) of what an equation calls, each with its constants where it has them."""
    for name, value in equation.params.items():
        for part in value if isinstance(value, (list, tuple)) else (value,):
            if hasattr(part, "eqns") or hasattr(getattr(part, "jaxpr", None), "eqns"):
                yield name, part


def called_back(equation: Any) -> Any:
    """The Python function that an operation calls on the host; None where this JAX does not tell."""
    return getattr(equation.params.get("callback"), "callback_func", None)


def scan_layout(equation: Any) -> tuple[int, int]:
    """How many of a scan's inputs are constants, and how many are carried (JAX 0.11 tells it by trees)."""
    params = equation.params
    if "num_consts" in params:
        return params["num_consts"], params["num_carry"]
    try:
        constants, carried, _ = params["ft_in"].unpack()
        return len(list(constants)), len(list(carried))
    except Exception:
        return 0, 0


def equations_of(closed_jaxpr: Any, most: int = 200_000) -> Iterator[Any]:
    """The equations of a program and of what it calls, each inner program once."""
    waiting = [getattr(closed_jaxpr, "jaxpr", closed_jaxpr)]
    seen: set[int] = set()
    while waiting and most > 0:
        program = waiting.pop()
        if id(program) in seen:
            continue
        seen.add(id(program))
        for equation in program.eqns:
            most -= 1
            yield equation
            waiting.extend(sub_programs(equation))


def print_of(program: Any, most: int = 20_000) -> int:
    """The same for programs of the same operations on the same shapes, whatever the numbers in them."""
    steps: list[Any] = []
    for aval in getattr(program, "in_avals", ()):
        steps += (getattr(aval, "shape", ()), getattr(aval, "dtype", ""))
    for one in equations_of(program, most):
        steps.append(one.primitive.name)
        for out in one.outvars:
            aval = out.aval
            steps += (getattr(aval, "shape", ()), getattr(aval, "dtype", ""))
    return hash(tuple(steps))


def line_of(equation: Any, wanted: Callable[[str], bool]) -> tuple[str, int] | None:
    """The innermost line that wrote an equation, of a file that is `wanted`."""
    traceback = equation.source_info.traceback
    if traceback is None:
        return None
    codes, offsets = traceback.raw_frames()
    for code, offset in zip(codes, offsets):
        if wanted(code.co_filename):
            for start, stop, line in code.co_lines():
                if start <= offset < stop and line is not None:
                    return code.co_filename, line
            return code.co_filename, code.co_firstlineno
    return None


def frames_of(equation: Any) -> tuple[tuple[Any, int], ...]:
    """The frames that wrote an equation, innermost first, as (code, offset)."""
    return frames_in(equation.source_info.traceback)


def traceback_of(equation: Any) -> Any:
    """Equal for equations that were written by the same frames."""
    return equation.source_info.traceback


def raw_frames_of(equation: Any) -> tuple[Sequence[Any], Sequence[int]]:
    """The same as two sequences, codes and offsets."""
    traceback = equation.source_info.traceback
    return traceback.raw_frames() if traceback is not None else ((), ())


def frames_in(traceback: Any) -> tuple[tuple[Any, int], ...]:
    if traceback is None:
        return ()
    codes, offsets = traceback.raw_frames()
    return tuple(zip(codes, offsets))


class Shape(NamedTuple):
    """An input or output of a program. `used`: something reads it; `forwarded`: an output that is an input."""

    shape: tuple[Any, ...]
    dtype: str
    bytes: int
    used: bool = True
    forwarded: bool = False


DONATES_BY_SIZE = jax.__version_info__ > (0, 7, 2)
"""Whether a donated buffer may become an output of another shape and dtype: older versions ask for the same ones."""


def count_of(shape: tuple[Any, ...]) -> int:
    count = 1
    for side in shape:
        count *= side if isinstance(side, int) else 0
    return count


def shapes_of(program: Any) -> tuple[list[Shape], list[Shape]]:
    """The inputs and the outputs of a program."""
    inner = inner_of(program)
    read = {id(value) for equation in inner.eqns for value in equation.invars}
    read |= {id(value) for value in inner.outvars}
    handed = {id(value) for value in inner.invars}
    inputs = [_shape(value.aval)._replace(used=id(value) in read) for value in inner.invars]
    outputs = [_shape(value.aval)._replace(forwarded=id(value) in handed) for value in inner.outvars]
    return inputs, outputs


def _shape(aval: Any) -> Shape:
    shape, dtype = tuple(getattr(aval, "shape", ())), getattr(aval, "dtype", None)
    return Shape(shape, str(dtype), count_of(shape) * int(getattr(dtype, "itemsize", 0) or 0))


def largest_shape(program: Any) -> str:
    """`[3,500]`, of what the program is handed and gives back."""
    inner = inner_of(program)
    shapes = [tuple(getattr(value.aval, "shape", ())) for value in (*inner.invars, *inner.outvars)]
    largest: tuple[Any, ...] = max(shapes, key=count_of) if shapes else ()
    return f"[{','.join(map(str, largest))}]"
