"""What the user's jitted functions return in their first calls, for an audit that compares a changed program's values.

Only where the environment asks for it: in runs whose time nobody measures. Every call is seen then, and results of calls 1,
2, 3, 4, 8, 16, ... are kept: figures and a bounded part of the numbers, in a file beside the record. What is read is read
after the call, so that nothing of the program depends on it; of donated arguments, before it.
"""

from __future__ import annotations

import os
import sys
import threading
from time import time_ns
from typing import TYPE_CHECKING, Any

from jaxaudit_probe import calls, private, writer
from jaxaudit_probe.array_summary import summary, token

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxaudit_probe.compiles import Observer
    from jaxaudit_probe.frames import Site

TOLD = "JAXAUDIT_VALUES"
"""In the environment: the bytes of numbers that a process may keep."""
SUFFIX = ".values"
FIRST = 3
OF_FIRST, OF_LATER = 4 << 20, 256 << 10
"""Bytes of one array of the first calls, and of later ones."""
MOST_LEAVES = 400


class Results:
    """The results of this process."""

    def __init__(self, observer: Observer, most: int) -> None:
        self.observer = observer
        self.most = self.left = most
        self.counts: dict[int, int] = {}
        self.threads: dict[int, set[int]] = {}
        """Who called: of several threads nobody knows whose call is the third."""
        self.lock = threading.Lock()
        self.descriptor = -1
        self.name = ""
        self.at = 0

    def running(self, site: Site, args: Any, kwargs: Any, hit: bool) -> Callable[[Any], None] | None:
        """A call of a user's function: what to tell of its result, where that is wanted."""
        number = self.counts.get(site.id, 0) + 1
        inputs = inputs_of(args, kwargs) if number == 1 and not hit else None

        def ran(out: Any) -> None:
            leaves = private.structure_of(out)
            leaves = [("", out)] if leaves is None else leaves
            if any(private.is_tracer(leaf) for _, leaf in leaves):
                return
            with self.lock:
                self.threads.setdefault(site.id, set()).add(threading.get_ident())
                self.counts[site.id] = again = self.counts.get(site.id, 0) + 1
                if again <= FIRST or again & (again - 1) == 0:
                    given = inputs_of(args, kwargs) if again == 1 and inputs is None else inputs
                    self.keep(site, again, leaves[:MOST_LEAVES], given if again == 1 else None)

        return ran

    def keep(self, site: Site, number: int, leaves: list[tuple[str, Any]], inputs: list[str] | None) -> None:
        """Effect: one line in the record, the numbers behind those that are in the file already."""
        told = []
        for name, leaf in leaves:
            if site.wrapper == "filter_jit":  # what it returns stands behind a marker of its own
                if not name.startswith("[1]"):
                    continue
                name = name[3:]
            found = summary(leaf, min(self.left, OF_FIRST if number <= FIRST else OF_LATER))
            if found is None:
                continue
            facts, numbers = found
            if numbers:
                facts |= {"at": self.at, "bytes": len(numbers)}
                self.append(numbers)
            told.append({"leaf": name, **facts})
        self.observer.writer.put(
            "result", site=site.id, call=number, file=self.name, inputs=inputs, leaves=told,
            threads=len(self.threads[site.id]),
        )  # fmt: skip

    def append(self, numbers: bytes) -> None:
        known = writer.current()
        if known is None:
            return
        if self.descriptor < 0:
            self.name = f"{os.getpid()}-{time_ns()}{SUFFIX}"
            path = os.path.join(known.folder, self.name)
            self.descriptor = writer.raised(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        rest = memoryview(numbers)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]
        self.at += len(numbers)
        self.left = max(0, self.left - len(numbers))

    def forked(self) -> None:
        """In a forked child: what was kept before is its parent's."""
        self.counts.clear()
        self.threads.clear()
        self.lock = threading.Lock()
        self.descriptor, self.name, self.at, self.left = -1, "", 0, self.most


def inputs_of(args: Any, kwargs: Any) -> list[str]:
    """A word for each array and each number that a call was handed."""
    return [word for leaf in private.leaves_of((args, kwargs)) if not private.is_tracer(leaf) and (word := token(leaf))]


def install(observer: Observer) -> None:
    """Effect: where the environment asks for it, every call is seen and results are kept."""
    most = os.environ.get(TOLD, "")
    if not most.isdigit() or "numpy" not in sys.modules:
        return
    results = Results(observer, int(most))
    observer.on_run.append(results.running)
    observer.writer.at_fork(results.forked)
    seen = calls.current()
    if seen is not None:
        seen.see_all()


def uninstall() -> None:
    """The hooks go with the observer."""
