"""What one parameter of a jitted function was handed, call after call: kinds, values, the same object or new ones.

Holds weak references and host scalars only: nothing of the user's is kept alive.
"""

from __future__ import annotations

import weakref
import zlib
from collections.abc import Callable
from types import MethodType
from typing import Any

from jaxaudit_probe import private

SCALARS = {bool: "bool", int: "int", float: "float", complex: "complex", str: "str", bytes: "str", type(None): "none"}
FEW = 8
MOST_VALUES = 64
LARGE_UPLOAD = 1 << 20
MOST_LEAVES = 256
MOST_WATCHED = 16
LONGEST_TEXT = 200

_kinds: dict[type, str] = dict(SCALARS)


def kind_of(value: Any) -> str:
    """`int`, `jax.Array`, `numpy`, `tracer`, or `tree` for what may hold such leaves."""
    kind = _kinds.get(type(value))
    if kind is None:
        kind = _kind_of(value)
        if len(_kinds) < 5000:
            _kinds[type(value)] = kind
    return kind


def _kind_of(value: Any) -> str:
    if private.is_tracer(value):
        return "tracer"
    if private.is_array(value):
        return "jax.Array"
    if hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value, "__array__"):
        return "numpy"
    return "tree"


class Parameter:
    """One parameter, over all calls that were looked at."""

    __slots__ = (
        "bytes", "dead", "host", "kinds", "last", "looked", "mark", "name", "number", "refused", "same", "tracer",
        "uploads", "values", "watched",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        self.name = name
        self.kinds: dict[str, None] = {}
        self.values: set[Any] = set()
        self.refused = False
        """More values than are worth remembering."""
        self.tracer = False
        self.bytes = 0
        self.host = ""
        """The path of the largest host array that it holds, where it is a tree."""
        self.looked = 0
        self.last: list[Callable[[], Any]] | None = None
        self.mark = 0
        self.same = 0
        self.uploads = 0
        self.number = -2
        self.watched = 0
        self.dead = 0

    def glance(self, value: Any) -> None:
        """Of a call that is not looked at closely: a host scalar all the same, for its values must be exact."""
        if type(value) in SCALARS:
            self.scalar(SCALARS[type(value)], value)

    def scalar(self, kind: str, value: Any) -> None:
        if kind not in self.kinds:
            self.kinds[kind] = None
        if not self.refused:
            self.enter((kind, value) if value == value else (kind, "nan"))

    def enter(self, value: Any) -> None:
        if isinstance(value[1], (str, bytes)) and len(value[1]) > LONGEST_TEXT:
            value = (value[0], hash(value[1]))
        self.values.add(value)
        if len(self.values) > MOST_VALUES:
            self.refused = True

    def look(self, value: Any, number: int) -> None:
        """A close look; `number` counts the calls, so that the arrays of the call before are known."""
        kind = kind_of(value)
        if kind in _SCALAR_KINDS:
            self.scalar(kind, value)
            return
        self.looked += 1
        if kind == "tree":
            self.tree(value, number)
        elif kind == "tracer":
            self.kinds["tracer"] = None
            self.tracer = True
        else:
            self.kinds[kind] = None
            self.arrays([value], number)

    def tree(self, value: Any, number: int) -> None:
        leaves = private.leaves_of(value)[:MOST_LEAVES]
        kinds = [kind_of(leaf) for leaf in leaves]
        for kind in dict.fromkeys(kinds):
            self.kinds["other" if kind == "tree" else kind] = None
        self.tracer = self.tracer or "tracer" in kinds
        if leaves and all(kind in _SCALAR_KINDS for kind in kinds):
            if not self.refused:
                self.enter(("tree", tuple(zip(kinds, leaves))))
            return
        held = [leaf for leaf, kind in zip(leaves, kinds) if kind in ("numpy", "jax.Array")]
        if held:
            before = self.uploads
            self.arrays(held, number)
            if not before and self.uploads >= LARGE_UPLOAD:
                self.host = largest_on_host(value)
        elif "tracer" not in kinds:
            self.same_as_before(leaves)  # functions and settings

    def arrays(self, leaves: list[Any], number: int) -> None:
        """Which of the last call's arrays are gone, what is uploaded, and whether these are the same ones."""
        if number == self.number + 1:
            before = self.last or ()
            self.watched += len(before)
            self.dead += sum(reference() is None for reference in before)
        self.number = number
        host = [leaf for leaf in leaves if type(leaf) is not private.ArrayImpl and kind_of(leaf) == "numpy"]
        if host:
            uploaded = sum(leaf.nbytes for leaf in host)
            self.uploads += uploaded
            self.bytes = max(self.bytes, uploaded)
            if len(host) == 1 and not getattr(host[0], "shape", ()):
                self.number_of_host(host[0])
        elif self.looked <= 2:
            self.bytes = max(self.bytes, sum(private.size_of(leaf) for leaf in leaves))
        self.same_as_before(leaves[:MOST_WATCHED])

    def number_of_host(self, value: Any) -> None:
        if not self.refused:
            item = value.item()
            self.enter(("numpy", item if item == item else "nan"))

    def same_as_before(self, leaves: list[Any]) -> None:
        mark, before = print_of(leaves), self.last
        if before is not None and len(before) == len(leaves) and mark == self.mark:
            self.same += all(same(reference(), leaf) for reference, leaf in zip(before, leaves))
        self.mark = mark
        self.last = [reference_to(leaf) for leaf in leaves]

    @property
    def gone(self) -> bool | None:
        """Whether the arrays of a call were dead when the next one came; None where that was never seen."""
        return None if not self.watched else self.dead == self.watched

    def record(self, looked: int, calls: int, static: bool) -> dict[str, Any]:
        arrays = {"jax.Array", "numpy", "tracer"} & set(self.kinds)
        if arrays and not (arrays == {"numpy"} and self.values):
            values = "array"
        elif self.refused or len(self.values) > FEW:
            values = "many"
        else:
            values = "one" if len(self.values) <= 1 else "few"
        if not self.values and not arrays and self.looked:
            values = "one" if self.same >= self.looked - 1 else "many"
        scale = calls / looked if looked and self.looked else 1.0
        return {
            "name": self.name, "kinds": list(self.kinds), "values": values,
            "distinct": len(self.values), "at_least": self.refused, "tracer": self.tracer,
            "bytes": self.bytes, "host": self.host, "same_object": self.looked > 1 and self.same == self.looked - 1,
            "host_upload_bytes": int(self.uploads * scale * (looked / self.looked if self.looked else 0.0)),
            "dead": self.gone, "role": "static" if static else "traced",
        }  # fmt: skip


def largest_on_host(value: Any) -> str:
    """The path of a tree's largest array of NumPy's: `.depth`."""
    held = [(leaf.nbytes, path) for path, leaf in private.structure_of(value) or () if kind_of(leaf) == "numpy"]
    return max(held)[1] if held else ""


_SCALAR_KINDS = frozenset(SCALARS.values())


def reference_to(leaf: Any) -> Callable[[], Any]:
    """Weak where that can be; a host scalar itself; of a bound method its function and its object; else nothing."""
    if type(leaf) in SCALARS:
        return lambda: leaf
    try:
        return weakref.WeakMethod(leaf) if isinstance(leaf, MethodType) else weakref.ref(leaf)
    except TypeError:
        return lambda: None


def same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and type(one) in _COMPARED and bool(one == other))


_COMPARED = frozenset({*SCALARS, MethodType})


def print_of(leaves: list[Any]) -> int:
    """A few bytes of host arrays: an array that is filled anew is not the same data."""
    mark = 0
    for leaf in leaves[:4]:
        if kind_of(leaf) == "numpy":
            try:
                flat = leaf.reshape(-1)
                mark = zlib.crc32(flat[:: max(1, flat.size // 64)].tobytes(), mark)
            except Exception:
                continue
    return mark
