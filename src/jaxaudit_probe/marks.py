"""What a value outside a function looks like, in a few words that keep nothing alive: to tell later whether it changed."""

from __future__ import annotations

import sys
import types
import zlib
from typing import Any, NamedTuple

from jaxaudit_probe import names, private

PLAIN = (bool, int, float, complex, str, bytes, type(None))
DEEPEST = 3
MOST_NODES = 300
MOST_CHILDREN = 60
SMALL = 1 << 16
"""Bytes of a host array that are all read; of a larger one, some."""


class Mark(NamedTuple):
    """`kind` is "plain", "numpy", "jax", "tracer", "many" (a container), "object" or "other"."""

    kind: str
    value: Any = None
    text: str = ""

    @property
    def is_number(self) -> bool:
        return self.kind == "plain" and type(self.value) in (int, float, complex)

    @property
    def is_precise(self) -> bool:
        return self.kind in ("plain", "numpy", "jax")


def mark(value: Any, left: list[int] | None = None, depth: int = DEEPEST) -> Mark:
    left = [MOST_NODES] if left is None else left
    left[0] -= 1
    if type(value) in PLAIN:
        return Mark(
            "plain", value if not isinstance(value, (str, bytes)) or len(value) < 200 else hash(value), repr(value)[:60]
        )
    if private.is_tracer(value):
        return Mark("tracer", id(value), "a tracer")
    if private.is_array(value):
        return Mark("jax", (id(value), _content(value)), f"{value.dtype}{list(value.shape)}")
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        return _of_numpy(value)
    if left[0] <= 0 or depth <= 0 or isinstance(value, (types.ModuleType, type)) or callable(value):
        return Mark("other", type(value).__qualname__, type(value).__qualname__)
    if isinstance(value, dict):
        inner = [(str(key)[:60], mark(one, left, depth - 1)) for key, one in list(value.items())[:MOST_CHILDREN]]
        return Mark("many", (len(value), tuple(inner)), f"{type(value).__name__} of {len(value)}")
    if isinstance(value, (list, tuple)):
        items = [("", mark(one, left, depth - 1)) for one in value[:MOST_CHILDREN]]
        return Mark("many", (len(value), tuple(items)), f"{type(value).__name__} of {len(value)}")
    if isinstance(value, (set, frozenset)):
        return Mark("many", (len(value), ()), f"{type(value).__name__} of {len(value)}")
    held = getattr(value, "__dict__", None)
    if isinstance(held, dict) and is_users(type(value)):
        fields = [(name, mark(one, left, depth - 1)) for name, one in list(held.items())[:MOST_CHILDREN]]
        return Mark("object", (len(held), tuple(fields)), type(value).__qualname__)
    return Mark("other", type(value).__qualname__, type(value).__qualname__)


def is_users(kind: type) -> bool:
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return kind.__module__ == "__main__" or (file is not None and names.is_user(file))


def _content(value: Any) -> bytes | None:
    return private.host_bytes(value, 4096) if private.size_of(value) <= 4096 else None


def _of_numpy(value: Any) -> Mark:
    try:
        shown = f"{value.dtype}{list(value.shape)}" if value.shape else repr(value.item())
        if value.dtype.hasobject:
            return Mark("other", str(value.dtype), shown)
        flat = value.reshape(-1) if value.nbytes <= SMALL else value.reshape(-1)[:: max(1, value.size // 4096)]
        return Mark("numpy", (str(value.dtype), value.shape, zlib.crc32(flat.tobytes())), shown)
    except Exception:
        return Mark("other", "numpy", "an array")


def differ(one: Mark, other: Mark) -> bool:
    """Whether it is another value now; where that is not known, it is not."""
    if one.kind != other.kind:
        return "other" not in (one.kind, other.kind) or one.value is None or other.value is None
    if one.kind == "plain":
        if type(one.value) is not type(other.value):
            return bool(one.value != other.value)
        return bool(one.value != other.value) and not (one.value != one.value and other.value != other.value)
    if one.kind == "jax":
        (number, content), (again, contents) = one.value, other.value
        return number != again and (content is None or contents is None or content != contents)
    if one.kind in ("many", "object"):
        if one.value[0] != other.value[0] or len(one.value[1]) != len(other.value[1]):
            return True
        return any(a[0] != b[0] or differ(a[1], b[1]) for a, b in zip(one.value[1], other.value[1]))
    return bool(one.value != other.value)
