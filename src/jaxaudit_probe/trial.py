"""A run in a copy of the working directory: nothing outside the copy is written, and the copy's files are the ones imported.

The first write elsewhere, or connection to another machine, ends the process before it happens; the record says what it
was. Temporary files and caches are let through: the one folder is private to the run, the others are no results.
"""

from __future__ import annotations

import os
import sys

from jaxaudit_probe import writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TOLD = "JAXAUDIT_TRIAL"
"""In the environment: the working directory, its copy, and what else may be written, separated like a PATH."""
EFFECTS = "JAXAUDIT_EFFECTS"
"""Set where writes elsewhere and connections are allowed."""
ENDED = 86
"""The exit code of a process that was stopped here."""
COMPILED = "__pycache__"
CACHES = frozenset((".cache", "Caches", ".matplotlib", ".config", ".local", ".astropy", ".keras", ".numba"))
"""Folders whose content is nobody's result."""
DEVICES = ("/dev/", "/proc/", "/sys/")
LOCAL = ("127.", "::1", "localhost", "0.0.0.0")
MOST = 50
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGED: dict[str, tuple[tuple[int, int], ...]] = {
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.mkdir": ((0, 2),),
    "os.truncate": ((0, -1),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.utime": ((0, 3),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "shutil.rmtree": ((0, -1),),
    "sqlite3.connect": ((0, -1),),
}
"""Events that change a file: where in their arguments its path stands, and the descriptor of the folder it starts from."""


def begin(told: str, record: str, effects: bool) -> None:
    """Effect: from here on. `told` is what the environment says."""
    original, copy, *more = told.split(os.pathsep)
    sys.path[:] = [moved(entry, original, copy) for entry in sys.path]
    compiled = [os.path.abspath(sys.pycache_prefix)] if sys.pycache_prefix else []
    fence = Fence(original, copy, (copy, record, *more, *compiled))
    if not effects:
        sys.addaudithook(fence.heard)
    import atexit

    _standing.append(fence)
    atexit.register(fence.account)


_standing: list[Fence] = []


def account() -> None:
    """Effect: the record says what it says at the end of a run in a copy."""
    for fence in _standing:
        fence.account()


def moved(path: str, original: str, copy: str) -> str:
    """The path in the copy, for one in the working directory."""
    inside = path == original or path.startswith(original + os.sep)
    there = copy + path[len(original) :]
    return there if inside and os.path.exists(there) else path


class Fence:
    """What a run may touch."""

    def __init__(self, original: str, copy: str, writable: tuple[str, ...]) -> None:
        self.original, self.copy = original, copy
        self.writable = tuple(os.path.realpath(path) for path in writable)
        self._busy = False

    def heard(self, event: str, args: tuple[Any, ...]) -> None:
        """Effect: ends the process where the event would leave the copy."""
        if event == "open":
            if args[2] & WRITES and isinstance(args[0], (str, bytes, os.PathLike)):
                self._writes(args[0])
        elif event in CHANGED:
            for path, folder in CHANGED[event]:
                self._writes(args[path], args[folder] if 0 <= folder < len(args) else -1)
        elif event == "socket.connect":
            self._connects(args[1])

    def _writes(self, path: Any, folder: Any = -1) -> None:
        if self._busy or not isinstance(path, (str, bytes, os.PathLike)):
            return
        self._busy = True
        try:
            place = os.fsdecode(path)
            if isinstance(folder, int) and folder >= 0 and not os.path.isabs(place):
                place = os.path.join(os.path.realpath(f"/dev/fd/{folder}"), place)
            place = os.path.realpath(place)
            allowed = self._allows(place)
        except (OSError, ValueError):
            return
        finally:
            self._busy = False
        if not allowed:
            self._stop("write", place)

    def _allows(self, place: str) -> bool:
        if place.startswith(DEVICES) or any(place == one or place.startswith(one + os.sep) for one in self.writable):
            return True
        parts = place.split(os.sep)
        if COMPILED in parts:
            return True
        return not CACHES.isdisjoint(parts) and not place.startswith(self.original + os.sep)

    def _connects(self, address: Any) -> None:
        if isinstance(address, tuple) and address and isinstance(address[0], str):
            host = address[0]
            if host and not host.startswith(LOCAL):
                self._stop("connect", f"{host}:{address[1]}")

    def _stop(self, what: str, place: str) -> None:
        """Effect: says it in the record and ends the process, whatever the program would have made of an exception."""
        self._busy = True
        frame = sys._getframe(2)
        while frame.f_back is not None and not self._is_users(frame.f_code.co_filename):
            frame = frame.f_back
        known = writer.current()
        if known is not None:
            known.put("outside", what=what, place=place, path=frame.f_code.co_filename, line=frame.f_lineno)
            known.finish("stopped")
        os._exit(ENDED)

    def _is_users(self, path: str) -> bool:
        return path.startswith((self.copy + os.sep, self.original + os.sep))

    def account(self) -> None:
        """Effect: the record says what the process cost, and which modules were not the copy's."""
        known = writer.current()
        if known is None:
            return
        files = {path for module in list(sys.modules.values()) if isinstance(path := vars(module).get("__file__"), str)}
        ours = sorted(path for path in files if path.startswith(self.copy + os.sep))
        theirs = sorted(path for path in files.difference(ours) if self._has_copy(path))
        known.put("imported", files=ours, astray=theirs[:MOST])

    def _has_copy(self, path: str) -> bool:
        """Whether a file of the working directory is in the copy too: an environment that stands there is not."""
        return path.startswith(self.original + os.sep) and os.path.exists(self.copy + path[len(self.original) :])
