"""A run that is stopped before the program ends: as soon as certain functions have been called so often, or, between two calls,
after so many seconds. For an audit of a program that runs for hours: every trial then sees the same beginning of it.

Standard output and error are flushed, the record is completed, and the process ends without another step of the program.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from jaxaudit_probe import calls, trial, writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxaudit_probe.compiles import Observer
    from jaxaudit_probe.frames import Site

TOLD = "JAXAUDIT_PREFIX"
"""In the environment: `{"after": seconds}` or `{"calls": {"step": 10}}`, by the last part of each name."""
MARK = "stopped"
"""The file in the record's folder that says so to whoever waits for the run."""


class Prefix:
    def __init__(self, after: float | None, goals: dict[str, int]) -> None:
        self.after = after
        self.goals = goals
        self.waiting = set(goals)
        self.counts: dict[str, int] = {}
        self.began = perf_counter()

    def running(self, site: Site, args: Any, kwargs: Any, hit: bool) -> Callable[[Any], None]:
        return partial(self.ran, site)

    def ran(self, site: Site, out: Any) -> None:
        """Effect: ends the process where this call was the last that was wanted."""
        name = last_name(site.name)
        self.counts[name] = count = self.counts.get(name, 0) + 1
        if count >= self.goals.get(name, sys.maxsize):
            self.waiting.discard(name)
        late = self.after is not None and perf_counter() - self.began > self.after
        if late or (self.goals and not self.waiting):
            self.stop()

    def stop(self) -> None:
        known = writer.current()
        if known is None:
            return
        trial.account()
        known.finish("prefix")
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                continue
        os.close(os.open(os.path.join(known.folder, MARK), os.O_CREAT | os.O_WRONLY, 0o666))
        os._exit(0)

    def forked(self) -> None:
        """In a forked child: what was called before was called in its parent."""
        self.counts.clear()
        self.waiting = set(self.goals)


def last_name(name: str) -> str:
    """`main.<locals>._step` as it is called wherever a change moves it: `step`."""
    return name.rpartition(".")[2].strip("_")


def install(observer: Observer) -> None:
    """Effect: where the environment asks for it, every call is counted."""
    try:
        told = json.loads(os.environ.get(TOLD, "null"))
    except ValueError:
        return
    if not isinstance(told, dict):
        return
    prefix = Prefix(told.get("after"), dict(told.get("calls") or {}))
    observer.on_run.append(prefix.running)
    observer.writer.at_end(lambda: observer.writer.put("prefix", calls=dict(prefix.counts)))
    observer.writer.at_fork(prefix.forked)
    seen = calls.current()
    if seen is not None:
        seen.see_all()


def uninstall() -> None:
    """The hooks go with the observer."""
