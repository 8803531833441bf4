"""Everybody who is told what the observer sees: the record of a run, and each `observe()` that is open."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import get_ident
from typing import Any, Protocol
from weakref import WeakKeyDictionary


class Listener(Protocol):
    def put(self, kind: str, **fields: Any) -> None: ...

    def at_end(self, callback: Callable[[], None]) -> None: ...


LASTING = ("jax", "backend", "site")
"""What a listener that comes later is told first."""
SUMS = {
    "calls": ("calls", "sampled", "tracer_calls"),
    "sync": ("count", "blocked", "seconds", "bytes"),
    "keys": ("times",),
    "downcast": ("count",),
}
"""Counters in the lines of totals. To a listener that came later they count from when it came."""
NAMES = ("site", "path", "line", "function", "how", "key", "first", "again", "wanted")
"""What tells two lines of totals of one kind apart."""


class Audience:
    """A listener that passes on to all others; totals go to each when it asks for them."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self._lasting: list[tuple[str, dict[str, Any]]] = []
        self._totals: list[Callable[[], None]] = []
        self._asking: dict[int, Listener] = {}
        self._before: WeakKeyDictionary[Listener, dict[str, dict[str, Any]]] = WeakKeyDictionary()
        """By listener: the totals when it came."""
        self._marks: WeakKeyDictionary[Listener, dict[str, Any]] = WeakKeyDictionary()
        """And what was noted for it then, of totals that are no sums of lines."""

    def put(self, kind: str, **fields: Any) -> None:
        if kind in LASTING:
            self._lasting.append((kind, fields))
        asking = self._asking.get(get_ident())
        if asking is not None:
            self._total(asking, kind, fields)
            return
        for listener in list(self.listeners):
            listener.put(kind, **fields)

    def _total(self, listener: Listener, kind: str, fields: dict[str, Any]) -> None:
        """Effect: says a total as it is since this listener came; nothing where nothing was added."""
        before = self._before.get(listener, {}).get(_name_of(kind, fields))
        if before is None:
            listener.put(kind, **fields)
        elif before != fields:
            since = {**fields, **{one: fields[one] - before[one] for one in SUMS.get(kind, ()) if one in before}}
            if "exact" in since:
                since["exact"] = since["calls"] == since["sampled"]
            listener.put(kind, **since)

    def at_end(self, callback: Callable[[], None]) -> None:
        self._totals.append(callback)

    def at_fork(self, callback: Callable[[], None]) -> None:
        """The callback sets totals to nothing, in a forked child: its parent reports its own."""
        os.register_at_fork(after_in_child=callback)

    def join(self, listener: Listener) -> None:
        """From here on the listener is told everything; first who the functions are that are known already."""
        for kind, fields in list(self._lasting):
            listener.put(kind, **fields)
        collected = _Collector()
        self.totals_to(collected)
        self._before[listener] = collected.totals
        self._marks[listener] = collected.marks
        listener.at_end(lambda: self.totals_to(listener))
        self.listeners.append(listener)

    def since(self, name: str, now: Any) -> Any:
        """What this was when the listener that asks came; None for one that was there from the start."""
        asking = self._asking.get(get_ident())
        if isinstance(asking, _Collector):
            asking.marks[name] = now
            return now
        return self._marks.get(asking, {}).get(name) if asking is not None else None

    def leave(self, listener: Listener) -> None:
        if listener in self.listeners:
            self.listeners.remove(listener)

    def totals_to(self, listener: Listener) -> None:
        """Has the totals said to one listener only."""
        before = self._asking.get(get_ident())
        self._asking[get_ident()] = listener
        try:
            for callback in list(self._totals):
                callback()
        finally:
            del self._asking[get_ident()]
            if before is not None:
                self._asking[get_ident()] = before


class _Collector:
    """Takes totals down, as what a later listener is not to be told again."""

    def __init__(self) -> None:
        self.totals: dict[str, dict[str, Any]] = {}
        self.marks: dict[str, Any] = {}

    def put(self, kind: str, **fields: Any) -> None:
        self.totals[_name_of(kind, fields)] = fields

    def at_end(self, callback: Callable[[], None]) -> None:
        pass


def _name_of(kind: str, fields: dict[str, Any]) -> str:
    return repr((kind, [fields.get(name) for name in NAMES]))
