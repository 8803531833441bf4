"""Why a function was traced or lowered again: the nearest earlier call, and what differs from it, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from jaxaudit_probe import private
from jaxaudit_probe.commits import Put
from jaxaudit_probe.snapshots import ORDERED, Leaf, Node, Snapshot, Tree, same_value, spelled

MOST_CHANGES = 12
LOOKS_BACK = 64
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


def differences(old: Tree, new: Tree, path: str, lowering: bool = False) -> Iterator[Change]:
    """What jit tells apart in two arguments; `lowering`: also where they lie, which only the lowering asks."""
    if isinstance(old, Leaf) and isinstance(new, Leaf):
        yield from _of_leaves(old, new, path, lowering)
    elif isinstance(old, Node) and isinstance(new, Node) and old.kind == new.kind:
        gone = [step for step in old.below if step not in new.below]
        fresh = [step for step in new.below if step not in old.below]
        if (gone or fresh) and old.kind in ("list", "tuple"):
            yield Change(path, f"{old.kind} of {len(old.below)}", f"{new.kind} of {len(new.below)}", "structure")
        else:
            for step in gone:
                yield Change(path + step, str(old.below[step]), "not there", "structure")
            for step in fresh:
                yield Change(path + step, "not there", str(new.below[step]), "structure")
            if old.kind == ORDERED and not (gone or fresh) and list(old.below) != list(new.below):
                yield Change(path, _order(old), _order(new), "structure")
        for step, below in old.below.items():
            if step in new.below:
                yield from differences(below, new.below[step], path + step, lowering)
    else:
        yield Change(path, _kind_text(old), _kind_text(new), "structure")


def _order(one: Node) -> str:
    """The keys of an `OrderedDict`, which JAX tells from the same in another order."""
    shown = [step.strip("[]'\".") for step in one.below]
    return f"keys in the order {', '.join(shown[:MOST_SHOWN])}{', ...' if len(shown) > MOST_SHOWN else ''}"


def _kind_text(one: Tree) -> str:
    return one.kind if isinstance(one, Node) else str(one)


def _of_leaves(old: Leaf, new: Leaf, path: str, lowering: bool) -> Iterator[Change]:
    if old.static is not None or new.static is not None:
        if old.static is None or new.static is None:
            nothing = any(one.static is not None and one.static.text == "None" for one in (old, new))
            yield Change(path, str(old), str(new), "structure" if nothing else "static-value")
        elif (
            not old.static.same(new.static) and old.static.parts and old.static.parts.keys() == new.static.parts.keys()
        ):
            for step, part in old.static.parts.items():
                yield from _of_leaves(
                    Leaf("static", static=part), Leaf("static", static=new.static.parts[step]), path + step, lowering
                )
        elif not old.static.same(new.static):
            yield Change(path, *_told_apart(old, new), _static_kind(old, new))
        return
    if old.shape != new.shape:
        yield Change(path, str(old), str(new), "shape")
    elif old.dtype != new.dtype:
        yield Change(path, str(old), str(new), "dtype")
    elif old.weak != new.weak:
        yield Change(path, str(old), str(new), "weak-type")
    elif old.sharding != new.sharding:
        was, now = (one.placed[0] if one.placed else one.sharding or "no sharding" for one in (old, new))
        yield Change(path, was, now, "sharding", new.put or old.put)
    elif lowering and old.placed != new.placed:
        before, after = old.placed or ("host", False), new.placed or ("host", False)
        if before[0] != after[0]:
            yield Change(path, before[0], after[0], "sharding", new.put or old.put)
        else:
            was, now = (f"{where}, {'committed' if put else 'not committed'}" for where, put in (before, after))
            yield Change(path, was, now, "committed", new.put or old.put)


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


def context_changes(old: Snapshot, new: Snapshot) -> Iterator[Change]:
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
        yield Change(private.SPELLED.get(name, name), spelled(was, 60), spelled(now, 60), "context")


def compared(old: Snapshot, new: Snapshot, lowering: bool = False) -> list[Change]:
    """All that differs between two calls of one function."""
    return list(_changes(old, new, lowering))


def _changes(old: Snapshot, new: Snapshot, lowering: bool) -> Iterator[Change]:
    some = False
    for change in _changes_of_call(old, new, lowering):
        some = True
        yield change
    if old.convention != new.convention and not some and set(old.arguments) == set(new.arguments):
        was, now = (
            f"{s.convention[0]} by position" + (f", {', '.join(s.convention[1])} by name" if s.convention[1] else "")
            for s in (old, new)
        )
        yield Change("the call", was, now, "convention")
    if old.function != new.function:
        changed = [
            change
            for name in new.captured
            if name in old.captured
            for change in differences(old.captured[name], new.captured[name], name)
        ]
        yield from [change._replace(what="new-function") for change in changed] or [
            Change("the function", "one object", "a new one of the same definition", "new-function")
        ]


def _changes_of_call(old: Snapshot, new: Snapshot, lowering: bool) -> Iterator[Change]:
    """Of settings and arguments."""
    yield from context_changes(old, new)
    for name in dict.fromkeys([*old.arguments, *new.arguments]):
        if name not in new.arguments:
            yield Change(name, str(old.arguments[name]), "left out", "structure")
        elif name not in old.arguments:
            yield Change(name, "left out", str(new.arguments[name]), "structure")
        else:
            yield from differences(old.arguments[name], new.arguments[name], name, lowering)


def cause_of(
    seen: Sequence[Snapshot], new: Snapshot, name: str, made: int, *, lowering: bool = False, defined: str = ""
) -> Cause:
    """The cause, by the nearest of the calls seen before; among equals by the newest.

    A comparison ends where it is farther than the nearest: a function that is compiled thousands of times is compared with
    many calls each time.
    """
    best: list[Change] | None = None
    nearest: Snapshot | None = None
    for old in reversed(seen[-LOOKS_BACK:]):
        if lowering and next(_changes(old, new, False), None) is not None:
            continue  # that call has a trace of its own, this one has none
        found = list(islice(_changes(old, new, lowering), None if best is None else len(best)))
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
    best = sorted(best, key=lambda change: _ORDER.get(change.what, 9))
    return Cause(best[0].what, _sentence(best, name, made, defined), tuple(best[:MOST_CHANGES]))


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
