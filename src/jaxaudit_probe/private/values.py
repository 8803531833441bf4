"""What a call is handed: arrays, tracers and the trees that hold them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jax._src import array, core, tree_util

Value = Any

ArrayImpl: Any = array.ArrayImpl

Tracer: Any = core.Tracer


def is_tracer(value: Value) -> bool:
    return isinstance(value, Tracer)


_PROGRAMS = tuple(vars(core)[name] for name in ("Jaxpr", "ClosedJaxpr") if name in vars(core))
"""JAX 0.12 has one class for both."""


def is_program(value: Value) -> bool:
    return isinstance(value, _PROGRAMS)


def array_facts(value: Value) -> tuple[tuple[int, ...], str, bool, str]:
    """Shape, dtype, weakly typed, and the sharding that is part of the type, of an array or a tracer."""
    abstract: Any = core.shaped_abstractify
    aval = value.aval if isinstance(value, Tracer) else abstract(value)
    sharding = getattr(aval, "sharding", None)
    mesh = getattr(sharding, "mesh", None)
    plain = sharding is None or (mesh is not None and getattr(mesh, "empty", False))
    return (
        tuple(getattr(aval, "shape", ())), str(getattr(aval, "dtype", aval)), bool(getattr(aval, "weak_type", False)),
        "" if plain else str(getattr(sharding, "spec", sharding)),
    )  # fmt: skip


def placement(value: Value) -> tuple[str, bool]:
    """Where an array lies, and whether it was put there on purpose (committed)."""
    return place_of(value.sharding), bool(value._committed)


def is_committed(value: Value) -> bool:
    return bool(value._committed)


def place_of(sharding: Value) -> str:
    """A sharding in a few words."""
    devices = sorted(device.id for device in sharding.device_set)
    spec = getattr(sharding, "spec", None)
    where = f"device {devices[0]}" if len(devices) == 1 else f"{len(devices)} devices"
    return f"{type(sharding).__name__}({spec}) on {where}" if spec is not None else where


def places_of(info: Any) -> list[str]:
    """Where the shardings that `jit` was given put things."""
    leaves = [*getattr(info, "in_shardings_leaves", ()), *getattr(info, "out_shardings_leaves", ())]
    return list(dict.fromkeys(place_of(one) for one in leaves if getattr(one, "device_set", None)))


def structure_of(value: Value) -> list[tuple[str, Value]] | None:
    """Leaves of a registered pytree by their paths; None when it is a leaf itself."""
    leaves, _ = tree_util.tree_flatten_with_path(value)
    if len(leaves) == 1 and leaves[0][1] is value:
        return None
    if any(isinstance(key, _NUMBERED) for path, _ in leaves for key in path):
        return list(_named(value, ""))
    return [(tree_util.keystr(path), leaf) for path, leaf in leaves]


_NUMBERED = tree_util.FlattenedIndexKey
"""What JAX calls the parts of a class that does not say how they are called."""


def _named(value: Value, path: str) -> Iterator[tuple[str, Value]]:
    """The leaves below, with the attribute that holds each part of such a class in place of its number."""
    found = children_of(value)
    if found is None:
        yield path, value
        return
    for step, child in found[0]:
        yield from _named(child, path + step)


def _steps(value: Value, keyed: list[tuple[Any, Value]]) -> Iterator[str]:
    """How each part of an object is called, one level deep."""
    attributes = dict(vars(value)) if hasattr(value, "__dict__") else {}
    for path, child in keyed:
        name = ""
        if isinstance(path[0], _NUMBERED):
            name = next((name for name, held in attributes.items() if held is child), "")
            attributes.pop(name, None)
        yield f".{name}" if name else tree_util.keystr(path)


def children_of(value: Value) -> tuple[list[tuple[str, Value]], Any] | None:
    """What a registered pytree hands to JAX, one level deep, and what it keeps as metadata; None for a leaf."""
    flat: tuple[list[tuple[Any, Value]], Any] = tree_util.tree_flatten_with_path(
        value, is_leaf=lambda x: x is not value
    )
    keyed, tree = flat
    if len(keyed) == 1 and keyed[0][1] is value:
        return None
    data = tree.node_data()
    named = zip(_steps(value, keyed), (child for _, child in keyed))
    return list(named), data[1] if data is not None else None


def unflatten(tree: Value, leaves: list[Value]) -> Value:
    return tree_util.tree_unflatten(tree, leaves)


def leaves_of(value: Value) -> list[Any]:
    return tree_util.tree_leaves(value)


def dynamic_leaves(
    args: tuple[Any, ...], kwargs: dict[str, Any], numbers: tuple[int, ...], words: tuple[str, ...]
) -> list[Any]:
    """The leaves of a call in the order of the program's arguments."""
    if numbers:
        fixed = {number % len(args) for number in numbers if -len(args) <= number < len(args)}
        args = tuple(value for i, value in enumerate(args) if i not in fixed)
    if words:
        kwargs = {name: value for name, value in kwargs.items() if name not in words}
    return tree_util.tree_leaves((args, kwargs))
