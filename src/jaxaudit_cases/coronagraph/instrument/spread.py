"""One cube, or one series of frames, over many devices and processes."""

from __future__ import annotations

from typing import Any, TypeVar

import jax
import numpy as np
from jax import Array
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxaudit_cases.coronagraph.complaints import BadInput

Tree = TypeVar("Tree")


def all_devices() -> Mesh:
    """All devices of all processes, in one row."""
    return Mesh(np.array(jax.devices()), ("devices",))


def spread_cube(cube: np.ndarray[Any, Any], mesh: Mesh) -> Array:
    """A cube [k, k, n, n] whose image rows are spread over the devices; each process reads only the rows of its own.

    A product with it needs no communication: each device makes its rows of the image.
    """
    _must_divide("the images' height", cube.shape[2], mesh)
    rows = _over(mesh, None, None, mesh.axis_names[0], None)
    return jax.make_array_from_callback(cube.shape, rows, lambda part: np.asarray(cube[part], np.float32))


def spread_series(series: Tree, mesh: Mesh) -> Tree:
    """A series (views, keys: arrays with frames first) of which each device takes its share."""

    def spread(values: Any) -> Any:
        _must_divide("the number of frames", values.shape[0], mesh)
        placed = _over(mesh, mesh.axis_names[0])
        if mesh.is_multi_process:
            return jax.make_array_from_callback(values.shape, placed, lambda part: values[part])
        return jax.device_put(values, placed)

    return jax.tree.map(spread, series)


def everywhere(tree: Tree, mesh: Mesh) -> Tree:
    """Arrays that every device holds whole; those that are spread already stay as they are."""
    placed = _over(mesh)

    def copied(values: Any) -> Any:
        if isinstance(values, jax.Array) and values.sharding.device_set == set(mesh.devices.flat):
            return values
        return jax.device_put(values, placed)

    return jax.tree.map(copied, tree)


def _over(mesh: Mesh, *axes: str | None) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec(*axes))  # type: ignore[no-untyped-call]


def _must_divide(what: str, count: int, mesh: Mesh) -> None:
    devices = mesh.devices.size
    if count % devices:
        raise BadInput(
            f"{what} is {count}, which {devices} devices cannot share evenly: it must be a multiple of {devices}"
        )
