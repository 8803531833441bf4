"""Why a function was traced or lowered again: the nearest earlier call, and what differs from it, in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from jaxaudit_probe import private
from jaxaudit_probe.commits import Put
from jaxaudit_probe.snapshots import ORDERED, Leaf, Node, Snapshot, Tree, same_value, spelled

MOST_CHANGES = 12
LOOKS_BACK = 64
IN_LIBRARIES = 8
"""Earlier calls that a library's own function is compared with, without what it captured: its compiles are told folded."""
MOST_SHOWN = 6


class Change(NamedTuple):
    """One leaf, or one thing around the call, that differs."""

    leaf: str
    was: str
    now: str
    what: str
    put: Put | None = None
    """The line that put the array where it lies, where that is what differs."""

    def __str__(self) -> str:
        static = " (static)" if self.what.startswith("static") else ""
        put = f" ({'committed by ' if self.what == 'committed' else ''}{self.put})" if self.put is not None else ""
        return f"{self.leaf}{static}: {self.was} -> {self.now}{put}"

    def record(self) -> dict[str, Any]:
        said: dict[str, Any] = {"leaf": self.leaf, "was": self.was, "now": self.now, "what": self.what}
        return {**said, "put": {**self.put.at._asdict(), "how": self.put.how}} if self.put is not None else said


Told = Callable[[], Change]
"""A difference that is put in words when it is called."""


class Cause(NamedTuple):
    kind: str
    text: str
    changes: tuple[Change, ...] = ()

    def record(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text, "changes": [change.record() for change in self.changes]}


FIRST = Cause("first", "the first call")
DERIVED = Cause("derived", "a transformation (grad, vmap, jvp) made another program of it")


def of_body(operation: str, name: str, line: int, times: int) -> Cause:
    """An eager `scan`, `while_loop` or `cond` compiles for each body function object that it is handed."""
    if times <= 1:
        return FIRST
    text = f"`{operation}` was handed a new function object, `{name}` of line {line}, number {times}"
    return Cause(
        "new-function", text, (Change(name, "one object", "a new one of the same definition", "new-function"),)
    )


def of_another_program(cause: Cause | None, library: bool = False) -> Cause | None:
    """A new object in a static place, or a new function, that makes a program which nobody had compiled before.

    A library's function that is handed other settings or another structure of objects is used for something else.
    """
    kinds = ("new-function", "static-function", "static-identity")
    if cause is None or cause.kind not in ((*kinds, "static-value", "structure") if library else kinds):
        return cause
    return Cause("another-program", f"{cause.text}; the program that it makes is another one", cause.changes)


def differences(old: Tree, new: Tree, path: str, lowering: bool = False) -> Iterator[Told]:
    """What jit tells apart in two arguments; `lowering`: also where they lie, which only the lowering asks."""
    if isinstance(old, Leaf) and isinstance(new, Leaf):
        yield from _of_leaves(old, new, path, lowering)
    elif isinstance(old, Node) and isinstance(new, Node) and old.kind == new.kind:
        same = old.below.keys() == new.below.keys()
        if not same and old.kind in ("list", "tuple"):
            yield partial(Change, path, str(old), str(new), "structure")
        elif not same:
            for step, below in old.below.items():
                if step not in new.below:
                    yield partial(_come_or_gone, path + step, below, None)
            for step, below in new.below.items():
                if step not in old.below:
                    yield partial(_come_or_gone, path + step, None, below)
        elif old.kind == ORDERED and list(old.below) != list(new.below):
            yield partial(Change, path, _order(old), _order(new), "structure")
        for step, below in old.below.items():
            other = new.below.get(step)
            if other is not None and other is not below and (type(below) is Node or below != other):
                yield from differences(below, other, path + step, lowering)
    else:
        yield partial(Change, path, _kind_text(old), _kind_text(new), "structure")


def _come_or_gone(path: str, old: Tree | None, new: Tree | None, nothing: str = "not there") -> Change:
    was, now = (str(one) if one is not None else nothing for one in (old, new))
    return Change(path, was, now, "structure")


def _order(one: Node) -> str:
    """The keys of an `OrderedDict`, which JAX tells from the same in another order."""
    shown = [step.strip("[]'\".") for step in one.below]
    return f"keys in the order {', '.join(shown[:MOST_SHOWN])}{', ...' if len(shown) > MOST_SHOWN else ''}"


def _kind_text(one: Tree) -> str:
    return one.kind if isinstance(one, Node) else str(one)


def _of_leaves(old: Leaf, new: Leaf, path: str, lowering: bool) -> Iterator[Told]:
    if old.static is not None and new.static is not None:
        if old.static.same(new.static):
            return
        if old.static.parts and old.static.parts.keys() == new.static.parts.keys():
            for step, part in old.static.parts.items():
                other = new.static.parts[step]
                yield from _of_leaves(Leaf("static", static=part), Leaf("static", static=other), path + step, lowering)
        else:
            yield partial(_of_statics, old, new, path)
    elif old.static is not None or new.static is not None:
        nothing = any(one.static is not None and one.static.text == "None" for one in (old, new))
        yield partial(Change, path, str(old), str(new), "structure" if nothing else "static-value")
    elif old.shape != new.shape:
        yield partial(_of_types, old, new, path, "shape")
    elif old.dtype != new.dtype:
        yield partial(_of_types, old, new, path, "dtype")
    elif old.weak != new.weak:
        yield partial(_of_types, old, new, path, "weak-type")
    elif old.sharding != new.sharding or (lowering and old.placed != new.placed):
        yield partial(_of_places, old, new, path)


def _of_types(old: Leaf, new: Leaf, path: str, what: str) -> Change:
    return Change(path, str(old), str(new), what)


def _of_statics(old: Leaf, new: Leaf, path: str) -> Change:
    return Change(path, *_told_apart(old, new), _static_kind(old, new))


def _of_places(old: Leaf, new: Leaf, path: str) -> Change:
    if old.sharding != new.sharding:
        was, now = (one.placed[0] if one.placed else one.sharding or "no sharding" for one in (old, new))
        return Change(path, was, now, "sharding", new.put or old.put)
    before, after = old.placed or ("host", False), new.placed or ("host", False)
    if before[0] != after[0]:
        return Change(path, before[0], after[0], "sharding", new.put or old.put)
    was, now = (f"{where}, {'committed' if put else 'not committed'}" for where, put in (before, after))
    return Change(path, was, now, "committed", new.put or old.put)


def _told_apart(old: Leaf, new: Leaf) -> tuple[str, str]:
    was, now = str(old), str(new)
    if was != now:
        return was, now
    if old.static is None or new.static is None:
        return was, f"another {now}"
    later = new.static.cells
    changed = [
        f"{key}: {value} -> {later[key]}" for key, value in old.static.cells.items() if value != later.get(key, value)
    ]
    arrays = [] if changed else [f"{name} ({shape})" for name, shape in new.static.arrays.items()]
    held = ", ".join([*changed, *arrays][:3])
    return was, f"another {now}{', which captured ' if held else ''}{held}"


def _static_kind(old: Leaf, new: Leaf) -> str:
    one, other = old.static, new.static
    if one is None or other is None:
        return "static-value"
    if one.code is not None and one.code is other.code:
        return "static-function"
    by_identity = one.kind is other.kind and not any("__eq__" in vars(base) for base in one.kind.__mro__[:-1])
    return "static-identity" if by_identity and not one.plain else "static-value"


def context_changes(old: Snapshot, new: Snapshot) -> Iterator[Told]:
    """Settings, mesh and axis names that a trace depends on."""
    if old.context == new.context:
        return
    names = private.context_names()
    pairs = list(zip(names, old.context, new.context)) if len(names) == len(old.context) == len(new.context) else []
    found = [(n, a, b) for n, a, b in pairs if not same_value(a, b)]
    if not found:
        found = [(n, old.named.get(n), b) for n, b in new.named.items() if not same_value(old.named.get(n), b)]
    if not found:
        pairs = [(f"setting {i}", a, b) for i, (a, b) in enumerate(zip(old.context, new.context))]
        found = [(n, a, b) for n, a, b in pairs if not same_value(a, b)]
    for name, was, now in found:
        yield partial(_of_setting, name, was, now)


def _of_setting(name: str, was: Any, now: Any) -> Change:
    return Change(private.SPELLED.get(name, name), spelled(was, 60), spelled(now, 60), "context")


def compared(old: Snapshot, new: Snapshot, lowering: bool = False) -> Iterator[Told]:
    """All that differs between two calls of one function."""
    some = False
    for change in _of_call(old, new, lowering):
        some = True
        yield change
    if old.convention != new.convention and not some and set(old.arguments) == set(new.arguments):
        yield partial(_of_convention, old, new)
    if old.function != new.function:
        some = False
        for name, held in new.captured.items():
            if name in old.captured:
                for change in differences(old.captured[name], held, name):
                    some = True
                    yield partial(_of_captured, change)
        if not some:
            yield partial(Change, "the function", "one object", "a new one of the same definition", "new-function")


def _of_convention(old: Snapshot, new: Snapshot) -> Change:
    was, now = (
        f"{s.convention[0]} by position" + (f", {', '.join(s.convention[1])} by name" if s.convention[1] else "")
        for s in (old, new)
    )
    return Change("the call", was, now, "convention")


def _of_captured(change: Told) -> Change:
    return change()._replace(what="new-function")


def _of_call(old: Snapshot, new: Snapshot, lowering: bool) -> Iterator[Told]:
    """Of settings and arguments."""
    yield from context_changes(old, new)
    for name, was in old.arguments.items():
        now = new.arguments.get(name)
        if now is None:
            yield partial(_come_or_gone, name, was, None, "left out")
        else:
            yield from differences(was, now, name, lowering)
    if not new.arguments.keys() <= old.arguments.keys():
        for name, now in new.arguments.items():
            if name not in old.arguments:
                yield partial(_come_or_gone, name, None, now, "left out")


def cause_of(
    seen: Sequence[Snapshot], new: Snapshot, name: str, made: int, *, lowering: bool = False, defined: str = ""
) -> Cause:
    """The cause, by the nearest of the calls seen before; among equals by the newest.

    A comparison ends where it is farther than the nearest, and nothing is put in words before that one is known: a function
    that is compiled thousands of times is compared with many calls each time. Another function object is one difference.
    """
    best: list[Told] | None = None
    nearest: Snapshot | None = None
    for old in reversed(seen[-LOOKS_BACK:]):
        if best is not None and len(best) == 1 and old.function != new.function:
            continue
        if lowering and next(compared(old, new), None) is not None:
            continue  # that call has a trace of its own, this one has none
        found = list(islice(compared(old, new, lowering), None if best is None else len(best)))
        if best is None or len(found) < len(best):
            best, nearest = found, old
        if not best:
            break
    if best is None or nearest is None:
        return FIRST
    if not best:
        if nearest.cleared != new.cleared:
            return Cause("cache-cleared", "`jax.clear_caches()` was called: what was compiled before is compiled again")
        return Cause(
            "unknown",
            "nothing differs in arguments, settings, function object or what it captured: the entry was evicted from "
            "JAX's cache, or a static value changed its hash",
        )
    changes = sorted((tell() for tell in best), key=lambda change: _ORDER.get(change.what, 9))
    return Cause(changes[0].what, _sentence(changes, name, made, defined), tuple(changes[:MOST_CHANGES]))


_ORDER = {
    "context": 0, "new-function": 1, "static-function": 2, "static-identity": 2, "static-value": 3, "structure": 4, "shape": 5, "dtype": 6,
    "weak-type": 7, "sharding": 8, "committed": 9,
}  # fmt: skip


def _sentence(changes: list[Change], name: str, made: int, defined: str) -> str:
    first = changes[0]
    more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
    if first.what == "new-function":
        number = f", number {made}" if made > 1 else ""
        where = f" of {defined}" if defined else ""
        inner = [change for change in changes if change.what == "new-function" and change.leaf != "the function"]
        what = f"; what it captured differs: {inner[0]}" if inner else "; what it captured is the same"
        return f"a new function object, `{name}`{where}, was jitted{number}{what}"
    if first.what == "static-function":
        return f"{first.leaf} (static) is a new function object: {first.was} -> {first.now}{more}"
    if first.what == "static-identity":
        return f"{first.leaf} (static) is {first.now}, and such objects are compared by identity{more}"
    if first.what == "context":
        return f"the setting {first.leaf} changed: {first.was} -> {first.now}{more}"
    if first.what == "convention":
        return f"the call is spelled another way: {first.was} -> {first.now}"
    return f"{first}{more}"
