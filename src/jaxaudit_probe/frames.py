"""The functions that are compiled, and what is under way in each thread."""

from __future__ import annotations

import threading
from typing import Any

from jaxaudit_probe import causes, names, snapshots


class Site:
    """One function that is compiled, wherever it is jitted and however often it is made anew."""

    __slots__ = (
        "__weakref__", "constants", "donated", "function", "holders", "id", "line", "made", "name", "parameters", "path",
        "programs", "seen", "static", "traced", "user", "wrapper",
    )  # fmt: skip

    def __init__(self, number: int, name: str, path: str, line: int, wrapper: str) -> None:
        self.id = number
        self.name = name
        self.path = path
        self.line = line
        self.wrapper = wrapper
        self.user = bool(path) and names.is_user(path)
        self.parameters: tuple[str, ...] = ()
        self.static: tuple[str, ...] = ()
        self.donated: tuple[str, ...] = ()
        self.made: set[int] = set()
        self.seen: list[snapshots.Snapshot] = []
        self.traced = 0
        self.programs: dict[int, int] = {}
        """How often each program of it was lowered, by what tells programs apart."""
        self.constants: dict[int, int] = {}
        self.holders: list[str] = []
        self.function: Any = None

    @property
    def bytes_captured(self) -> int:
        return sum(self.constants.values())


class Frame:
    """One thing under way in a thread."""

    __slots__ = (
        "args", "at", "bodies", "cause", "compile_s", "fun", "hit", "info", "inner", "kind", "kwargs", "lost", "lower_s",
        "opened", "shape", "site", "started", "trace_s", "via", "work",
    )  # fmt: skip

    def __init__(self, kind: str, site: Site | None = None) -> None:
        self.kind = kind
        self.site = site
        self.fun: Any = None
        self.info: Any = None
        self.args: tuple[Any, ...] = ()
        self.kwargs: dict[str, Any] = {}
        self.at: names.At | None = None
        self.bodies: list[Site] = []
        self.cause: causes.Cause | None = None
        self.opened: Any = None
        self.hit = False
        self.inner = 0.0
        self.trace_s = self.lower_s = self.compile_s = 0.0
        self.lost = 0.0
        self.started = 0.0
        self.work = 0
        self.shape = self.via = ""


class Local(threading.local):
    def __init__(self) -> None:
        self.stack: list[Frame] = []
        self.lost = 0.0
        """Seconds that we ourselves took, so that they count as nobody's."""
        self.traced: tuple[Site, float, causes.Cause | None] | None = None
        self.last_entry: tuple[Any, Any, tuple[Any, ...], dict[str, Any]] | None = None
        self.last_site: Site | None = None
        self.bodies: list[Site] = []
        """Functions of the user's that were traced as the body of a loop or a branch since the last compile."""
