"""Who holds an array that became a constant: looked for at the moment of capture, while the user's frames are alive.

Looks through closures, locals, globals, attributes, items and partials of the frames that are running, and keeps nothing
alive.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jaxaudit_probe import call_paths, names, private, snapshots
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Site
from jaxaudit_probe.same_array import Matcher, matcher, numpy_made

LEAST_BYTES = 1024
DEEPEST = 7
MOST_NODES = 4000
MOST_CHILDREN = 2000
MOST_CONSTANTS = 400
"""Of one function: what comes after these is counted in bytes, without its holder."""
_SNAPSHOT_OF_LOCALS = sys.version_info < (3, 13)
"""Before 3.13, reading a frame's locals makes a dict that keeps them alive until the frame ends: it is emptied again."""


UNSURE = ("attribute", "partial", "local", "made", "unknown", "created")
"""Where the innermost frame found the array in something that may be an argument of the jitted function."""
HANDED = ("attribute", "partial")
"""Where it stands in what a caller handed over."""
LOCAL = ("made", "unknown")
"""Where only a local name of traced code leads to it: NumPy made it there, or it was fetched."""
OWN = ("self", "cls")
WITHIN_FUNCTIONS = (" (closure", " (default", ".__self__", ".args[", ".keywords[")
"""Paths of what a function that is an argument holds: it captures the array, whoever hands it in."""


class Holder(NamedTuple):
    """`name` holds the array; `leaf` is the path from it: `.layers[0].weight`, or nothing."""

    name: str
    leaf: str
    how: str
    made: tuple[str, int] | None = None


def install(observer: Observer) -> None:
    observer.on_constant = functools.partial(captured, observer)


def uninstall() -> None:
    """Nothing is kept here."""


def captured(observer: Observer, site: Site | None, trace: Any, value: Any) -> None:
    """A trace met an array that is no argument of it."""
    host = getattr(value, "val", value)  # JAX 0.7 wraps NumPy's arrays in something that has no bytes
    size = int(getattr(value, "nbytes", 0) or getattr(host, "nbytes", 0) or 0)
    if size < LEAST_BYTES or site is None:
        return
    fresh = id(value) not in site.constants
    site.constants[id(value)] = size
    if not fresh or len(site.constants) > MOST_CONSTANTS:
        return
    frame = names.user_frame(3)
    holder = holder_of(value, frame, _code_of(observer, site)) or Holder("", "", "created")
    if (
        holder.how == "local"
    ):  # of a function around that does not hand it in: traced code got it another way, from a cache
        holder = Holder("", "", "created") if numpy_made(value) else holder._replace(how="unknown")
    if holder.how in UNSURE:
        holder = in_arguments(observer, site, value) or holder
    if holder.how == "created" and numpy_made(value) and not call_paths.library_between(3):
        holder = holder._replace(how="made", name=call_paths.call_converted(frame))
    if holder.name and len(site.holders) < 8:
        site.holders.append(holder.name + holder.leaf)
    at = names.at_of(frame)
    observer.writer.put(
        "constant", site=site.id, holder=holder.name, leaf=holder.leaf, shape=list(value.shape), dtype=str(value.dtype),
        bytes=size, at=at._asdict() if at else None, how=holder.how,
        made={"path": holder.made[0], "line": holder.made[1]} if holder.made else None,
    )  # fmt: skip


def in_arguments(observer: Observer, site: Site, value: Any) -> Holder | None:
    """The argument that brought an array in untraced: a static one, or one with the array among its metadata."""
    call = next((frame for frame in reversed(observer.stack) if frame.kind == "call" and frame.site is site), None)
    if call is None:
        return None
    search = Search(matcher(value))
    callee = names.callee_of(call.fun, call.args, call.kwargs, private.unflatten)
    for name, given in snapshots.bound(callee.target, callee.args, callee.kwargs).items():
        if name not in site.static and any(search.wanted(leaf) for leaf in private.leaves_of(given)):
            return None  # it is handed in traced as well
        leaf = search.find(given) if name not in OWN else None
        if leaf is not None and not any(step in leaf for step in WITHIN_FUNCTIONS):
            return Holder(name, leaf, "argument", _line_of(given))
    return None


def _code_of(observer: Observer, site: Site) -> types.CodeType | None:
    """The jitted function's own code, while it is being traced."""
    call = next((frame for frame in reversed(observer.stack) if frame.kind == "call" and frame.site is site), None)
    if call is None:
        return None
    target = names.callee_of(call.fun, call.args, call.kwargs, private.unflatten).target
    code = getattr(names.function_of(target), "__code__", None)
    return code if isinstance(code, types.CodeType) else None


def holder_of(value: Any, frame: types.FrameType | None, jitted: types.CodeType | None = None) -> Holder | None:
    """The name that holds an array, in the innermost of the running frames that knows it. Where that one knows it by
    somebody's private attributes alone (`self._parent._variables`), by what its caller handed it (`self.psf_cube`, in a
    method that the jitted function calls), or by a local name, what a frame around closes over is told instead."""
    search, of_numpy = Search(matcher(value)), numpy_made(value)
    inside: Holder | None = None
    handed = traced = False
    for _ in range(60):
        if frame is None:
            break
        code = frame.f_code
        ours = code.co_filename.startswith(names.OURS)
        user = names.is_user(code.co_filename)
        if user or not (ours or code.co_filename.startswith("<")):
            found = _in_frame(frame, search)
            local = found is not None and found.how == "local" and user and not traced
            by_chance = inside is None or inside.how in LOCAL
            if found is None:
                pass
            elif local:
                if inside is None or (handed and of_numpy):
                    inside = found._replace(how=LOCAL[not of_numpy])
            elif by_chance and not (traced and found.how in HANDED):
                hidden = found.how == "attribute" and "._" in found.leaf
                handed = found.how in HANDED and jitted is not None and code is not jitted
                inside = found
                if not (hidden or handed):
                    return found
            elif found.how in ("closure", "global") and (user or not handed):
                return found
            traced = traced or jitted is None or code is jitted
            if handed and traced:
                break
        frame = frame.f_back
    return inside


def _in_frame(frame: types.FrameType, search: Search) -> Holder | None:
    code = frame.f_code
    here = frame.f_locals
    local: Holder | None = None
    try:
        for name in (*code.co_freevars, *(n for n in here if n not in code.co_freevars)):
            if name in here and not name.startswith("__"):
                leaf = search.find(here[name])
                if leaf is not None:
                    found = Holder(name, leaf, _how(code, name, leaf, here[name]), _line_of(here[name]))
                    if found.how != "local":
                        return found
                    local = local or found
    finally:
        if _SNAPSHOT_OF_LOCALS and code.co_flags & 1:
            here.clear()
    return _in_globals(frame, search) or local


def _how(code: types.CodeType, name: str, leaf: str, holder: Any) -> str:
    if isinstance(holder, functools.partial):
        return "partial"
    if name == "self" or (leaf and name == (code.co_varnames[:1] or ("",))[0]):
        return "attribute"
    if name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        return "partial"  # a parameter that holds an array, not a tracer: it was bound before the jit
    if code.co_name == "<module>":
        return "global"
    return "closure" if name in code.co_freevars else "local"


def _in_globals(frame: types.FrameType, search: Search) -> Holder | None:
    known = frame.f_globals
    for name in frame.f_code.co_names:
        held = known.get(name)
        if held is None:
            continue
        if isinstance(held, types.ModuleType):
            for attribute in frame.f_code.co_names:
                leaf = search.find(vars(held).get(attribute))
                if leaf is not None:
                    return Holder(f"{name}.{attribute}", leaf, "global")
            continue
        leaf = search.find(held)
        if leaf is not None:
            return Holder(name, leaf, "global", _line_of(held))
    return None


def _line_of(held: Any) -> tuple[str, int] | None:
    """Where the class of the object that holds the array is written, or the function."""
    code = getattr(names.function_of(held), "__code__", None) if callable(held) else None
    if isinstance(code, types.CodeType) and names.is_user(code.co_filename):
        return code.co_filename, code.co_firstlineno
    return None


_NOTHING = (str, bytes, int, float, bool, complex, type(None), types.ModuleType, types.CodeType)
_EXACTLY = frozenset(_NOTHING)


class Search:
    """Looks for one array in one thing after another. What was looked through is not looked through again: the frames of a
    call hand the same few objects on.
    """

    def __init__(self, wanted: Matcher) -> None:
        self.wanted = wanted
        self.without: dict[int, tuple[int, Any]] = {}
        """Objects by `id` that do not hold it, with how deep they stood: from there the search went down to `DEEPEST`."""

    def find(self, root: Any) -> str | None:
        """The path from an object to the array, breadth first: the shortest is what its author would write."""
        if type(root) in _EXACTLY:
            return None
        waiting: list[tuple[int, str, Any, int]] = [(-1, "", root, 0)]
        seen: dict[int, tuple[int, Any]] = {}
        at = 0
        while at < len(waiting) and at < MOST_NODES:
            _, _, value, depth = waiting[at]
            at += 1
            if isinstance(value, _NOTHING):
                continue
            if self.wanted(value):
                return _path(waiting, at - 1)
            known = self.without.get(id(value))
            if id(value) in seen or depth >= DEEPEST or (known is not None and known[0] <= depth):
                continue
            if hasattr(value, "dtype"):
                continue
            seen[id(value)] = (depth, value)
            for step, below in parts(value):
                if type(below) not in _EXACTLY:
                    waiting.append((at - 1, step, below, depth + 1))
        if at >= len(waiting):
            self.without.update(seen)
        return None


def _path(waiting: list[tuple[int, str, Any, int]], at: int) -> str:
    steps: list[str] = []
    while at >= 0:
        at, step, _, _ = waiting[at]
        steps.append(step)
    return "".join(reversed(steps))


def parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What an object holds, by the step that leads there."""
    if isinstance(value, dict):
        for key, below in list(value.items())[:MOST_CHILDREN]:
            yield f"[{key!r}]", below
    elif isinstance(value, (list, tuple)):
        fields = getattr(value, "_fields", None)
        for index, below in enumerate(value[:MOST_CHILDREN]):
            yield (f".{fields[index]}" if fields and index < len(fields) else f"[{index}]"), below
    elif isinstance(value, functools.partial):
        for index, below in enumerate(value.args):
            yield f".args[{index}]", below
        for key, below in (value.keywords or {}).items():
            yield f".keywords[{key!r}]", below
    elif isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
    elif isinstance(value, types.FunctionType):
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or ()):
            try:
                yield f" (closure: {name})", cell.cell_contents
            except ValueError:
                continue
        positional = value.__code__.co_varnames[: value.__code__.co_argcount]
        defaults = value.__defaults__ or ()
        named = [*zip(positional[len(positional) - len(defaults) :], defaults), *(value.__kwdefaults__ or {}).items()]
        for name, below in named:
            yield f" (default: {name})", below
    else:
        yield from _attributes(value)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    if type(value).__module__.partition(".")[0] in ("jax", "jaxlib", "jaxaudit_probe"):
        return
    held = vars(value) if hasattr(value, "__dict__") else {}
    for name, below in list(held.items())[:MOST_CHILDREN]:
        if isinstance(value, type) and (name.startswith("__") or callable(below)):
            continue
        yield ("" if isinstance(below, dict) and _is_mapping(value) else f".{name}"), below
    for cls in type(value).__mro__[:-1]:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                below = getattr(value, name)
                yield ("" if isinstance(below, dict) and _is_mapping(value) else f".{name}"), below


def _is_mapping(value: Any) -> bool:
    """A dict by another name, such as Flax's FrozenDict: its reader writes `params["kernel"]`."""
    return isinstance(value, Mapping) and not isinstance(value, type)
