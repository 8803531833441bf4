"""Python lists that became arrays: at which of the user's lines, how long, of what, and how long that took."""

from __future__ import annotations

import ast
import threading
import time
from types import CodeType, FrameType
from typing import Any

from jaxaudit_probe import call_paths, names, private
from jaxaudit_probe.compiles import Observer

LEAST = 16
"""Shorter lists are not counted."""
LOOKED_AT = 100
"""Of a longer list, about so many elements."""
NUMBERS = frozenset({int, float, bool, complex})

now = time.perf_counter


class Line:
    """All lists that one instruction of the user's converted."""

    __slots__ = ("arrays", "calls", "code", "longest", "numbers", "offset", "seconds")

    def __init__(self, code: CodeType, offset: int) -> None:
        self.code = code
        self.offset = offset
        self.calls = self.arrays = self.numbers = self.longest = 0
        self.seconds = 0.0

    def fields(self) -> dict[str, Any]:
        at = call_paths.at(self.code, self.offset)
        call = call_paths.call_at(self.code, self.offset)
        listed = ast.unparse(call.args[0])[:80] if call is not None and call.args else ""
        return {
            **at._asdict(), "calls": self.calls, "arrays": self.arrays, "numbers": self.numbers, "longest": self.longest,
            "seconds": round(self.seconds, 6), "by": ast.unparse(call.func)[:40] if call is not None else "", "list": listed,
        }  # fmt: skip


class Lists:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.known: dict[tuple[int, int], Line] = {}
        self.local = threading.local()

    def began(self, leaves: list[Any], frame: FrameType) -> None:
        try:
            self._began(leaves, frame)
        except Exception as fault:
            self.observer.note(f"lists: {type(fault).__name__}: {fault}")

    def _began(self, leaves: list[Any], frame: FrameType) -> None:
        found = user_of(frame)
        if found is None:
            return
        arrays, numbers = counted(leaves)
        if not arrays and not numbers:
            return
        key = (id(found.f_code), found.f_lasti)
        line = self.known.get(key)
        if line is None:
            line = self.known[key] = Line(found.f_code, found.f_lasti)
        line.calls += 1
        line.arrays += arrays
        line.numbers += numbers
        line.longest = max(line.longest, len(leaves))
        self.local.under_way = (id(frame), line, now())

    def ended(self, frame: FrameType) -> None:
        under_way = getattr(self.local, "under_way", None)
        if under_way is not None and under_way[0] == id(frame):
            under_way[1].seconds += now() - under_way[2]
            self.local.under_way = None

    def totals(self) -> None:
        for line in list(self.known.values()):
            self.observer.writer.put("list", **line.fields())

    def forked(self) -> None:
        """In a forked child: its parent tells its own."""
        self.known.clear()
        self.local = threading.local()


def user_of(frame: FrameType) -> FrameType | None:
    """The user's frame that handed a list to the converting function; None where a library or an outer list did."""
    code, asking = frame.f_code, frame.f_back
    while asking is not None:
        file = asking.f_code.co_filename
        if asking.f_code is code:
            return None
        if not call_paths.is_own(file) and not file.startswith(names.OURS):
            return asking if names.is_user(file) else None
        asking = asking.f_back
    return None


def counted(leaves: list[Any]) -> tuple[int, int]:
    """How many of them are arrays on a device, and how many are numbers; none where one is traced."""
    looked = leaves[:: max(1, len(leaves) // LOOKED_AT)]
    arrays = numbers = 0
    for leaf in looked:
        kind = type(leaf)
        if kind in NUMBERS:
            numbers += 1
        elif kind is private.ArrayImpl:
            arrays += 1
        elif private.is_tracer(leaf):
            return 0, 0
        elif kind.__module__ == "numpy" and not getattr(leaf, "shape", 1):
            numbers += 1
    return arrays * len(leaves) // len(looked), numbers * len(leaves) // len(looked)


_installed: list[Lists] = []


def install(observer: Observer) -> Lists:
    """Effect: lists that become arrays are noted."""
    if _installed:
        return _installed[0]
    lists = Lists(observer)
    private.hook_lists(LEAST, lists.began, lists.ended)
    observer.writer.at_end(lists.totals)
    observer.writer.at_fork(lists.forked)
    _installed.append(lists)
    return lists


def uninstall() -> None:
    """Forgets; the hooks themselves go with `private.restore`."""
    _installed.clear()
