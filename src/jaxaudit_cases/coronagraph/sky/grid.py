"""Tables over wavelength or time, read between their nodes by straight lines."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.checks import is_known, must_be
from jaxaudit_cases.coronagraph.complaints import BadInput


def one(name: str, value: Any, like: Array) -> Array:
    """A single number as an array of the same floating type as `like`."""
    array = jnp.asarray(value, dtype=like.dtype)
    must_be_one(name, array)
    must_be(name, array, "a finite number", np.isfinite)
    return array


def must_be_one(name: str, array: Array) -> None:
    """Raises BadInput unless an array is a single number."""
    if array.ndim:
        raise BadInput(f"{name} has the shape {array.shape}: it must be one number (jax.vmap makes series of them)")


def segment(grid: Array, at: Array) -> tuple[Array, Array]:
    """Between which nodes a number lies: the index of the lower one, and the part (0 to 1) of the way to the next.

    Beyond the grid it is held at the outermost node.
    """
    low = jnp.sum(grid[1:-1] <= at)
    held = jnp.where(at < grid[0], grid[0], jnp.where(at > grid[-1], grid[-1], at))
    return low, (held - grid[low]) / (grid[low + 1] - grid[low])


def between(grid: Array, values: Array, at: Array) -> Array:
    """The values, given along their first axis at the grid's nodes, at this place."""
    low, part = segment(grid, at)
    return values[low] * (1 - part) + values[low + 1] * part


def spectral(values: Array, wavelengths_nm: Array | None, wavelength_nm: Any) -> Array:
    """Values that may depend on the wavelength, by their last axis, at one wavelength."""
    if wavelengths_nm is None:
        return values
    at = one("wavelength_nm", wavelength_nm, wavelengths_nm)
    must_lie_on("wavelength_nm", at, wavelengths_nm, "nm")
    low, part = segment(wavelengths_nm, at)
    return values[..., low] * (1 - part) + values[..., low + 1] * part


def must_be_grid(name: str, grid: Array) -> None:
    """Raises BadInput unless it is a line of at least two increasing numbers."""
    if grid.ndim != 1 or grid.shape[0] < 2:
        raise BadInput(f"{name} has the shape {grid.shape}: it must be a line of at least two numbers")
    must_be(name, grid, "a finite number", np.isfinite)
    if is_known(grid):
        nodes = np.asarray(grid)
        must_be(f"{name}[1:]", nodes[1:], "increasing", lambda it: it > nodes[:-1])


def must_lie_on(name: str, value: Any, grid: Any, unit: str) -> None:
    """Raises BadInput where a number is known to lie outside a grid, or to be NaN."""
    if not (is_known(value) and is_known(grid)):
        return
    nodes, number = np.asarray(grid), np.asarray(value)
    if not nodes[0] <= number <= nodes[-1]:
        raise BadInput(f"{name} is {number:g}: the table holds {nodes[0]:g} to {nodes[-1]:g} {unit}")


def must_have_shape(name: str, array: Array, shape: tuple[int, ...], why: str) -> None:
    """Raises BadInput unless an array has this shape."""
    if array.shape != shape:
        raise BadInput(f"{name} has the shape {array.shape}: it must be {shape}, {why}")
