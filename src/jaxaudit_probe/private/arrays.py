"""Arrays on a device: where they are read, and what can be asked of them without waiting."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import jax
from jax._src import array, dispatch

from jaxaudit_probe import stand_ins
from jaxaudit_probe.private.patching import missing, replace
from jaxaudit_probe.private.values import ArrayImpl, Tracer, Value


def is_array(value: Value) -> bool:
    """A concrete array of JAX's, keys too."""
    return type(value) is ArrayImpl or (isinstance(value, jax.Array) and not isinstance(value, Tracer))


_value_of = ArrayImpl.__dict__["_value"].fget


def host_bytes(value: Value, most: int) -> bytes | None:
    """What a small array holds, if it is there already: never waits for the device."""
    base: Any = value if type(value) is ArrayImpl else getattr(value, "_base_array", value)
    if _is_made(base) is not True:
        return None
    try:
        view = memoryview(base)
        return view.tobytes() if view.nbytes <= most else None
    except Exception:  # not on the host
        if base.nbytes > most or not base.is_fully_addressable:
            return None
        return bytes(_value_of(base).tobytes())


def host_array(value: Value) -> Any:
    """What an array holds, waited for; None where parts of it are other processes'."""
    base: Any = value if type(value) is ArrayImpl else getattr(value, "_base_array", value)
    if not (base.is_fully_addressable or base.is_fully_replicated):
        return None
    return _value_of(base)


def is_gone(value: Value) -> bool:
    """Whether an array was donated or deleted."""
    base: Any = getattr(value, "_base_array", value)
    return bool(base.is_deleted())


def is_underway(value: Value) -> bool:
    """Whether the device has yet to make an array."""
    return _is_made(getattr(value, "_base_array", value)) is False


def underway(most: int) -> list[Value]:
    """The arrays that the device has yet to make; none are looked for among more than `most`."""
    living = jax.live_arrays()
    return [array for array in living if is_underway(array)] if len(living) <= most else []


def is_ready(value: Value) -> bool:
    """Whether a read would not have to wait; of several, whether none would."""
    if isinstance(value, (list, tuple)):
        return all(_is_made(one) is not False for one in value)
    return _is_made(value) is not False


def _is_made(array: Any) -> bool | None:
    """None of an array that was deleted: there, up to JAX 0.10, `is_ready` ends the process."""
    try:
        return None if array.is_deleted() else bool(array.is_ready())
    except Exception:
        return None


def size_of(value: Value) -> int:
    """The bytes of an array, without asking the device."""
    try:
        return int(value.nbytes)
    except Exception:
        return 0


def _like(original: property, wrap: Callable[[Any], Any]) -> property:
    return property(stand_ins.like(original.fget, wrap(original.fget)), doc=original.__doc__)


def hook_reads(
    value: Callable[[Any], Any], wait: Callable[[Any], Any], item: Callable[[Any], Any], buffer: Callable[[Any], Any],
    wait_for_all: Callable[[Any], Any], get: Callable[[Any], Any],
) -> None:  # fmt: skip
    """Every way in which the host gets at what a device array holds. `get`: that of many arrays at once."""
    if not replace(ArrayImpl, "_value", lambda original: _like(original, value)):
        missing.append("syncs")
    replace(ArrayImpl, "block_until_ready", wait)
    replace(ArrayImpl, "item", item)
    replace(ArrayImpl, "__buffer__", buffer)
    replace(importlib.import_module("jax._src.lib").xla_client, "batched_block_until_ready", wait_for_all)
    api = importlib.import_module("jax._src.api")
    if getattr(api, "device_get", None) is jax.device_get and replace(api, "device_get", get):
        replace(jax, "device_get", functools.partial(_same, api.device_get))


def hook_deleted(check: Callable[[Any], Any]) -> None:
    """JAX asks whether an array is still there before it works with it, outside its fastest path."""
    replace(ArrayImpl, "_check_if_deleted", check)


MAKERS = ("make_array_from_callback", "make_array_from_process_local_data", "make_array_from_single_device_arrays")


def hook_commits(putting: Callable[[Any], Any], making: Callable[[Any], Any]) -> None:
    """An array is put where somebody wants it."""
    name = "_batched_device_put_impl"
    direct = dispatch.device_put_p.impl is getattr(dispatch, name, None)  # before JAX 0.8
    if not (replace(dispatch.device_put_p, "impl", putting) if direct else replace(dispatch, name, putting)):
        missing.append("commits")
    for name in MAKERS:
        public = getattr(jax, name, None) is getattr(array, name, None)
        if replace(array, name, making) and public:
            replace(jax, name, functools.partial(_same, getattr(array, name)))


def _same(made: Any, original: Any) -> Any:
    """One function under both of its names."""
    return made
