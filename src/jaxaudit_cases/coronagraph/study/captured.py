"""What a traced function captured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jax.extend import core


def captured_bytes(jaxpr: core.ClosedJaxpr) -> int:
    """The bytes of all arrays that the function holds as constants, in itself and in what it calls, each once.

    Where JAX hands constants in as hidden arguments of the executable, they stand in the equations instead: they are
    counted as well. Plain numbers are not.
    """
    found = {id(value): value for value in constants(jaxpr)}
    return sum(size(value) for value in found.values())


def constants(part: Any) -> Iterator[Any]:
    """Of a jaxpr, closed or open, and of the jaxprs in its equations."""
    if isinstance(part, core.ClosedJaxpr):
        yield from part.consts
        yield from constants(part.jaxpr)
    elif isinstance(part, core.Jaxpr):
        for variable in part.outvars:
            yield from literal(variable)
        for equation in part.eqns:
            for variable in equation.invars:
                yield from literal(variable)
            for parameter in equation.params.values():
                yield from constants(parameter)
    elif isinstance(part, tuple | list):
        for one in part:
            yield from constants(one)


def literal(variable: Any) -> Iterator[Any]:
    """An array that stands in the place of a variable."""
    if isinstance(variable, core.Literal) and np.ndim(variable.val):
        yield variable.val


def size(value: Any) -> int:
    """Bytes, of any array; a random key's are those of its numbers."""
    shape, dtype = np.shape(value), getattr(value, "dtype", None)
    return int(np.prod(shape)) * int(getattr(dtype, "itemsize", 8))
