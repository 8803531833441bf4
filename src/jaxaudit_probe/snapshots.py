"""What a call looked like when it was traced: the structure of its arguments with a few words for each leaf.

Holds no array and keeps nothing of the user's alive: leaves are described, static values held weakly where they can be.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import inspect
import types
import weakref
from collections import Counter, OrderedDict
from collections.abc import Container, Iterator
from typing import Any, NamedTuple

from jaxaudit_probe import names, private
from jaxaudit_probe.commits import Put, who_put

DEEPEST = 12
MOST_CHILDREN = 4000
ORDERED = "OrderedDict"
"""The one kind of dict whose order is part of its structure to JAX."""
MOST_PARTS = 64
PLAIN = (bool, int, float, complex, str, bytes, type(None))


class Leaf(NamedTuple):
    """An array, a number, or a static value. `kind` is "array", "tracer", "numpy", "number" or "static"."""

    kind: str
    shape: tuple[int, ...] = ()
    dtype: str = ""
    weak: bool = False
    sharding: str = ""
    placed: tuple[str, bool] | None = None
    put: Put | None = None
    """Who committed it to its place."""
    static: Held | None = None

    def __str__(self) -> str:
        if self.static is not None:
            return str(self.static)
        text = f"{short_dtype(self.dtype)}[{','.join(map(str, self.shape))}]"
        text = f"weak {text}" if self.weak else text
        return f"{text}@{self.sharding}" if self.sharding else text


class Node(NamedTuple):
    """A container or an object: its kind, and what stands below which path step (`.weight`, `[0]`, `['a']`)."""

    kind: str
    below: dict[str, Tree]

    def __str__(self) -> str:
        return f"{self.kind} of {len(self.below)}"


Tree = Leaf | Node


class Held:
    """A static value: itself when it is a plain constant, else a weak reference and what can be said of it."""

    __slots__ = ("arrays", "cells", "code", "id", "kind", "parts", "plain", "reference", "text", "value")

    def __init__(self, value: Any) -> None:
        self.kind = type(value)
        self.id = id(value)
        self.text = spelled(value)
        self.code = names.code_of(names.function_of(value)) if callable(value) else None
        self.cells, self.arrays = _cells(value) if self.code is not None else ({}, {})
        self.plain = is_plain(value)
        self.value = value if self.plain else None
        self.parts: dict[str, Held] = {}
        """Of a tuple, or a dataclass that compares by its fields: what it holds, by the names of the fields."""
        if isinstance(value, tuple) and not self.plain and len(value) < MOST_PARTS:
            fields = getattr(value, "_fields", None) or ()
            self.parts = {f".{fields[i]}" if i < len(fields) else f"[{i}]": Held(one) for i, one in enumerate(value)}
        elif compares_by_fields(self.kind):
            held = [(one.name, getattr(value, one.name, None)) for one in dataclasses.fields(value) if one.compare]
            self.parts = {f".{name}": Held(one) for name, one in held[:MOST_PARTS]}
        self.reference: weakref.ref[Any] | None = None
        if not self.plain:
            with contextlib.suppress(TypeError):
                self.reference = weakref.ref(value)

    def __str__(self) -> str:
        return self.text

    def get(self) -> Any:
        return self.value if self.plain else self.reference() if self.reference is not None else None

    def same(self, other: Held) -> bool:
        """Equal as far as JAX's cache would say."""
        if self.plain and other.plain:
            return self.kind is other.kind and same_value(self.value, other.value)
        alike = self.kind is other.kind or issubclass(self.kind, tuple)
        if self.parts and alike and self.parts.keys() == other.parts.keys():
            return all(one.same(other.parts[step]) for step, one in self.parts.items())
        mine, others = self.get(), other.get()
        if mine is not None and others is not None:
            return same_value(mine, others)
        return self.kind is other.kind and self.id == other.id and self.text == other.text


_by_fields: weakref.WeakKeyDictionary[type, bool] = weakref.WeakKeyDictionary()


def compares_by_fields(kind: type) -> bool:
    """Whether the class is a dataclass whose `__eq__` and `__hash__` are those that dataclasses make."""
    known = _by_fields.get(kind)
    if known is None:
        code = getattr(getattr(kind, "__eq__", None), "__code__", None)
        made = dataclasses.is_dataclass(kind) and code is not None and code.co_filename == "<string>"
        known = _by_fields[kind] = bool(made and getattr(kind, "__hash__", None) is not None)
    return known


def _cells(function: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The plain values that a function captured, in words, and the arrays by their type and shape."""
    plain = names.function_of(function)
    words: dict[str, str] = {}
    arrays: dict[str, str] = {}
    if isinstance(plain, types.FunctionType):
        for name, cell in zip(plain.__code__.co_freevars, plain.__closure__ or ()):
            with contextlib.suppress(ValueError):
                held = cell.cell_contents
                if is_plain(held):
                    words[name] = spelled(held, 30)
                elif _is_array_like(held) and not private.is_tracer(held):
                    arrays[name] = str(leaf(held))
    return words, arrays


def is_plain(value: Any) -> bool:
    return isinstance(value, PLAIN) or (type(value) is tuple and len(value) < 64 and all(map(is_plain, value)))


def same_value(one: Any, other: Any) -> bool:
    if one is other:
        return True
    try:
        return bool(one == other)
    except Exception:
        return False


def _own(kind: type) -> set[str]:
    """What a class and its bases define, `object` left out."""
    return {name for base in kind.__mro__[:-1] for name in vars(base)}


def spelled(value: Any, room: int = 80) -> str:
    """A value in a few words, without an address that changes."""
    try:
        if isinstance(value, (types.FunctionType, types.MethodType, types.BuiltinFunctionType)):
            code = getattr(value, "__code__", None)
            return f"function {value.__qualname__}" + (f" of line {code.co_firstlineno}" if code is not None else "")
        if isinstance(value, type):
            return f"class {value.__qualname__}"
        if isinstance(value, functools.partial):
            return f"partial of {spelled(value.func)}"
        if isinstance(value, tuple) and hasattr(value, "_fields") and not is_plain(value):
            return f"{type(value).__qualname__} of {', '.join(value._fields)}"[:room]
        if private.is_program(value):  # whose text may be a page
            return f"{type(value).__qualname__} object"
        text = object.__repr__(value) if "__repr__" not in _own(type(value)) else repr(value)
        text = f"{type(value).__qualname__} object" if " object at 0x" in text else " ".join(text.split())
    except Exception:
        text = f"{type(value).__qualname__} object"
    return text if len(text) <= room else text[: room - 3] + "..."


_SHORT = {"float": "f", "int": "i", "uint": "u", "complex": "c", "bfloat": "bf"}


def short_dtype(dtype: str) -> str:
    word = dtype.rstrip("0123456789")
    return _SHORT[word] + dtype[len(word) :] if word in _SHORT and len(word) < len(dtype) else dtype


_NUMBERS = ((bool, "bool"), (int, "int64"), (float, "float64"), (complex, "complex128"))
_HALVED = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}


def _as_taken(dtype: str) -> str:
    """The dtype that JAX makes of a number's or a NumPy array's."""
    return dtype if private.keeps_64_bits() else _HALVED.get(dtype, dtype)


def leaf(value: Any, static: bool = False) -> Leaf:
    """One leaf; a Python number is a static value where `static` says so (under `eqx.filter_jit`)."""
    if isinstance(value, (bool, int, float, complex)) and not hasattr(value, "dtype"):  # NumPy's float64 is a float
        if static:
            return Leaf("static", static=Held(value))
        if isinstance(value, enum.Enum):
            return Leaf("static", static=Held(value))
        dtype = next(name for kind, name in _NUMBERS if isinstance(value, kind))
        return Leaf("number", (), _as_taken(dtype), dtype != "bool")
    if private.is_tracer(value):
        return Leaf("tracer", *private.array_facts(value))
    if isinstance(value, private.ArrayImpl):
        placed = private.placement(value)
        put = who_put(value, placed[0]) if placed[1] else None
        return Leaf("array", *private.array_facts(value), placed=placed, put=put)
    if _is_array_like(value):
        return Leaf("numpy", tuple(value.shape), _as_taken(str(value.dtype)), bool(getattr(value, "weak_type", False)))
    return Leaf("static", static=Held(value))


def _is_array_like(value: Any) -> bool:
    """An array of NumPy's or of another library; the class `np.ndarray` itself is none."""
    return hasattr(value, "dtype") and isinstance(getattr(value, "shape", None), tuple)


def tree(value: Any, static: bool = False, depth: int = 0) -> Tree:
    """The structure of an argument, containers and objects by the names that their author gave the parts."""
    kind = type(value)
    if value is None or kind in (bool, int, float, complex, str) or depth > DEEPEST:
        return leaf(value, static)
    if kind in (list, tuple):
        parts = _pairs(value) or ((f"[{i}]", x) for i, x in enumerate(value[:MOST_CHILDREN]))
        return Node(kind.__name__, {step: tree(x, static, depth + 1) for step, x in parts})
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = ((f".{name}", getattr(value, name)) for name in value._fields)
        return Node(kind.__qualname__, {step: tree(x, static, depth + 1) for step, x in parts})
    if isinstance(value, dict):
        parts = ((f"[{k!r}]", x) for k, x in list(value.items())[:MOST_CHILDREN])
        whose = ORDERED if kind is OrderedDict else "dict"
        return Node(whose, {step: tree(x, static, depth + 1) for step, x in parts})
    if private.is_tracer(value) or _is_array_like(value):
        return leaf(value, static)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return Node(kind.__qualname__, _fields(value, static, depth))
    if isinstance(value, (types.FunctionType, types.MethodType, type)):
        return leaf(value, static)
    try:
        parts_of_node = private.structure_of(value)
    except Exception:
        parts_of_node = None
    if parts_of_node is None:
        return leaf(value, static)
    below: dict[str, Tree] = {step: leaf(x, static) for step, x in parts_of_node[:MOST_CHILDREN]}
    return Node(kind.__qualname__, {**below, **_metadata(value)})


def _fields(value: Any, static: bool, depth: int) -> dict[str, Tree]:
    out: dict[str, Tree] = {}
    data = _data_fields(value)
    for field in dataclasses.fields(value):
        if not hasattr(value, field.name):
            continue
        held = getattr(value, field.name)
        fixed = field.metadata.get("static") or field.metadata.get("pytree_node") is False
        metadata = data is not None and field.name not in data
        below = Leaf("static", static=Held(held)) if fixed else tree(held, static or metadata, depth + 1)
        out[f".{field.name}"] = below
    return out


def _data_fields(value: Any) -> set[str] | None:
    """The fields that a registered dataclass hands to JAX: `register_dataclass` says it apart from the fields."""
    try:
        found = private.children_of(value)
    except Exception:
        return None
    if found is None or not all(step.startswith(".") for step, _ in found[0]):
        return None
    return {step[1:] for step, _ in found[0]}


def _pairs(value: Any) -> list[tuple[str, Any]]:
    """(name, value) pairs, as libraries keep attributes in a hashable form: by their names."""
    pairs = [one for one in value[:MOST_CHILDREN] if type(one) is tuple and len(one) == 2 and type(one[0]) is str]
    if not pairs or len(pairs) < len(value):
        return []
    counts = Counter(name for name, _ in pairs)
    return [(f".{name}" if counts[name] == 1 else f"[{i}].{name}", one) for i, (name, one) in enumerate(pairs)]


def _metadata(value: Any) -> dict[str, Tree]:
    """What a registered class keeps out of JAX's sight, by the attributes that hold it."""
    try:
        found = private.children_of(value)
    except Exception:
        return {}
    kept = found[1] if found is not None else None
    if kept is None or kept == () or kept == {}:
        return {}
    parts = list(kept.values()) if isinstance(kept, dict) else list(kept) if type(kept) in (tuple, list) else [kept]
    held = getattr(value, "__dict__", None) or {}
    out: dict[str, Tree] = {
        f".{name}": Leaf("static", static=Held(one)) for name, one in held.items() if any(one is part for part in parts)
    }
    return out if len(out) >= len(parts) else {**out, " (metadata)": Leaf("static", static=Held(kept))}


class Snapshot(NamedTuple):
    """One traced call."""

    arguments: dict[str, Tree]
    statics: frozenset[str]
    convention: tuple[int, tuple[str, ...]]
    function: int
    captured: dict[str, Tree]
    context: tuple[Any, ...]
    named: dict[str, Any]
    cleared: int
    inner: bool = False
    """Under another trace: what a library calls for itself is no earlier call of the user's."""


_serials: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_next_serial = [0]


def serial(function: Any) -> int:
    """A number for a function object that is never given twice, which `id` is not."""
    try:
        found = _serials.get(function)
        if found is None:
            _next_serial[0] += 1
            found = _serials[function] = _next_serial[0]
        return found
    except TypeError:
        return id(function)


def bound(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by the names of the parameters."""
    try:
        signature = inspect.signature(target)
        arguments = signature.bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return {**{f"argument {i}": value for i, value in enumerate(args)}, **kwargs}
    out: dict[str, Any] = {}
    for name, value in arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            out.update({f"{name}[{i}]": x for i, x in enumerate(value)})
        elif kind is inspect.Parameter.VAR_KEYWORD:
            out.update(value)
        else:
            out[name] = value
    return out


def static_names(target: Any, info: Any, given: dict[str, Any]) -> frozenset[str]:
    """Parameters that `static_argnums` and `static_argnames` name."""
    try:
        order = list(inspect.signature(target).parameters)
    except (TypeError, ValueError):
        order = list(given)
    found = set(getattr(info, "static_argnames", None) or ())
    for number in getattr(info, "static_argnums", None) or ():
        if -len(order) <= number < len(order):
            found.add(order[number])
    return frozenset(found)


def captured_of(function: Any, given: Container[str] = ()) -> dict[str, Tree]:
    """What a function object brings with it: closure, plain globals, defaults not `given`, what partial bound, `self`."""
    out: dict[str, Tree] = {}
    while isinstance(function, functools.partial):
        out.update({f"argument {i} of partial": tree(value, True) for i, value in enumerate(function.args)})
        out.update({name: tree(value, True) for name, value in (function.keywords or {}).items()})
        function = function.func
    if isinstance(function, types.MethodType):
        out["self"] = Leaf("static", static=Held(function.__self__))
    plain = names.function_of(function)
    if isinstance(plain, types.FunctionType):
        for name, cell in zip(plain.__code__.co_freevars, plain.__closure__ or ()):
            try:
                out[name] = tree(cell.cell_contents, True)
            except ValueError:
                continue
        for name in plain.__code__.co_names:
            value = plain.__globals__.get(name, plain)
            if isinstance(value, (bool, int, float, complex, str)):
                out[name] = leaf(value, True)
        out.update({f"{name} (default)": tree(value, True) for name, value in _defaults(plain) if name not in given})
    return out


def _defaults(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    positional = function.__code__.co_varnames[: function.__code__.co_argcount]
    yield from zip(positional[::-1], (function.__defaults__ or ())[::-1])
    yield from (function.__kwdefaults__ or {}).items()


def take(callee: names.Callee, fun: Any, info: Any, cleared: int, captured: bool = True) -> Snapshot:
    """The snapshot of a call that is being traced; `captured`: with what the function brings with it."""
    filtered = callee.wrapper == "filter_jit"
    given = bound(callee.target, callee.args, callee.kwargs)
    statics = frozenset() if filtered else static_names(callee.target, info, given)
    arguments = {
        name: Leaf("static", static=Held(value)) if name in statics else tree(value, filtered)
        for name, value in given.items()
    }
    if filtered and callee.inside is not None:
        arguments["self"] = tree(callee.inside, True)
    identity = callee.target if filtered else fun
    if filtered and not isinstance(identity, types.FunctionType):
        identity = callee.base
    values, named = private.context()
    brought = captured_of(callee.target, given) if captured else {}
    return Snapshot(
        arguments, statics, (len(callee.args), tuple(callee.kwargs)), serial(identity), brought, values, named, cleared
    )
