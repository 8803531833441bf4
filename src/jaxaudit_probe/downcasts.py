"""Where 64 bits were asked for in so many words and JAX delivered 32: by line, with how often, whatever hides the warning.

JAX says so with `warnings.warn`, which most programs filter or show once. The warning itself stays exactly as it is.
"""

from __future__ import annotations

import re
import sys
from types import CodeType, FrameType
from typing import Any

from jaxaudit_probe import call_paths, names, private, stand_ins
from jaxaudit_probe.compiles import Observer

SAYS = re.compile(r"Explicitly requested dtype (\S+) .*?truncated to dtype (\w+)", re.DOTALL)
DTYPE = re.compile(r"\w*(?:float|int|complex)\d+")
MOST_LINES = 200


class Downcast:
    """One line, the dtype that it asked for and the one that it got."""

    __slots__ = ("asked", "code", "count", "given", "offset", "via")

    def __init__(self, code: CodeType, offset: int, asked: str, given: str, via: str) -> None:
        self.code, self.offset = code, offset
        self.asked, self.given, self.via = asked, given, via
        """`via`: the file of the library that asked on its own account; "" where the line itself did."""
        self.count = 0


class Downcasts:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.known: dict[tuple[int, int, str], Downcast] = {}

    def warned(self, message: Any) -> None:
        said = SAYS.search(str(message))
        found = asker(3) if said is not None else None
        if said is None or found is None:
            return
        frame, via = found
        dtype = DTYPE.search(said[1]) or DTYPE.search(str(message))
        asked = dtype[0] if dtype is not None else said[1]
        key = (id(frame.f_code), frame.f_lasti, asked)
        known = self.known.get(key)
        if known is None:
            if len(self.known) >= MOST_LINES:
                return
            known = self.known[key] = Downcast(frame.f_code, frame.f_lasti, asked, said[2], via)
        known.count += 1

    def totals(self) -> None:
        for one in list(self.known.values()):
            at = call_paths.at(one.code, one.offset)
            self.observer.writer.put(
                "downcast", **at._asdict(), asked=one.asked, given=one.given, count=one.count, via=one.via
            )


def asker(depth: int) -> tuple[FrameType, str] | None:
    """The user's innermost frame, and the library's file between it and JAX, if one asked for it."""
    frame: FrameType | None = sys._getframe(depth)
    via = ""
    while frame is not None:
        file = frame.f_code.co_filename
        if names.is_user(file):
            return frame, via
        if not via and not (call_paths.is_own(file) or file.startswith((names.HERE, "<"))):
            via = file
        frame = frame.f_back
    return None


class _Warnings:
    """Stands for the module `warnings` where JAX warns of it: notes the line, and warns one frame further out."""

    def __init__(self, downcasts: Downcasts, original: Any) -> None:
        self._downcasts = downcasts
        self._original = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def warn(self, message: Any, category: Any = None, stacklevel: int = 1, **more: Any) -> None:
        self._downcasts.observer.quietly(self._downcasts.warned, message)
        try:
            self._original.warn(message, category, stacklevel + 1, **more)
        except BaseException as error:
            stand_ins.passing(error)
            raise


def install(observer: Observer) -> None:
    """Effect: requests for 64 bits that are not granted are counted."""
    downcasts = Downcasts(observer)
    observer.writer.at_end(downcasts.totals)
    at_fork = getattr(observer.writer, "at_fork", None)
    if at_fork is not None:
        at_fork(downcasts.known.clear)
    private.hook_dtype_warnings(lambda original: _Warnings(downcasts, original))


def uninstall() -> None:
    """Nothing is kept here; the hook goes with `private.restore`."""
