"""Fields made arrays, and refused with a sentence where their values are known to be wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.complaints import BadInput


def number(value: Any) -> Array:
    """A floating array of JAX's default width, whatever number or array it is made of; never weakly typed."""
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jnp.floating) and not value.weak_type:
        return value
    try:
        if isinstance(value, np.ndarray | np.generic | float | int):
            value = np.asarray(value, np.dtype(jnp.result_type(float)))  # here: JAX would compile a conversion
        return jnp.asarray(value, dtype=jnp.result_type(float))
    except (TypeError, ValueError) as error:
        # What JAX puts into modules while it transforms them (None, object()) is none of our business.
        if isinstance(value, str | bytes | list | tuple | dict):
            raise BadInput(f"{value!r} is no number") from error
        return value


def must_be(name: str, value: Any, what: str, holds: Callable[[Any], Any]) -> None:
    """Raises BadInput where the values of a field are known and one of them is NaN or not what is wanted."""
    if not is_known(value):
        return
    values = np.asarray(value)
    wrong = ~np.asarray(holds(values), bool) | np.isnan(values)
    if wrong.any():
        raise BadInput(f"{name} {worst(name, values, wrong)}: it must be {what}")


def is_known(value: Any) -> bool:
    """Whether its numbers can be looked at: not while JAX traces it, nor where it lies on other processes."""
    if isinstance(value, jax.core.Tracer):
        return False
    if isinstance(value, jax.Array):
        return value.is_fully_addressable
    return isinstance(value, np.ndarray | np.generic | float | int)


def worst(name: str, values: np.ndarray[Any, Any], wrong: np.ndarray[Any, Any]) -> str:
    """The first wrong value, and where it stands."""
    if values.ndim == 0:
        return f"is {values[()]:g}"
    place = tuple(int(index) for index in np.argwhere(wrong)[0])
    return f"is {values[place]:g} at {list(place)}"
