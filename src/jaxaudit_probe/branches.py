"""Branches that save nothing: all sides run where the predicate is batched, and the same heavy call on every side is
traced and compiled once for each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from jaxaudit_probe import call_paths, names, private
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Site
from jaxaudit_probe.work import Work, work_of, work_of_equation

LEAST = 60
"""Equations from which on a side is worth skipping even where none of them is heavy by itself."""
MOST = 2_000
BY = frozenset({"cond", "switch"})
CALLS = ("pjit", "jit")
"""What an operation that calls a jitted function is named, by version."""


class Called(NamedTuple):
    """A function that one side calls: all that it wrote there."""

    name: str
    path: str
    line: int
    equations: int
    heavy: str
    mark: tuple[Any, ...]
    """The same where it wrote the same equations."""
    call: names.At | None


class Branches:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.said: set[tuple[Any, ...]] = set()

    def batched(self, branches: Any) -> None:
        self.observer.quietly(self._batched, branches)

    def _batched(self, branches: Any) -> None:
        found = written(private.frames_now())
        if found is None or ("batched", found[0]) in self.said:
            return
        sides = [(work_of(side), private.source_of(side)) for side in branches]
        work, source = max(sides, key=lambda side: (bool(side[0].heavy), side[0].equations))
        if work.heavy or work.equations >= LEAST:
            self.said.add(("batched", found[0]))
            owner = next((f.site for f in reversed(self.observer.stack) if f.site is not None and f.site.user), None)
            self.put(owner, "batched", found, source, work, [])

    def shared(self, site: Site, equation: Any) -> None:
        """A branch of a traced program."""
        found = written(private.frames_of(equation))
        sides = equation.params.get("branches", ())
        if found is None or len(sides) < 2 or ("shared", found[0]) in self.said:
            return
        tables = [dict(calls_of(side)) for side in sides]
        same = [
            [table[key] for table in tables]
            for key, first in tables[0].items()
            if all(key in table and table[key].mark == first.mark for table in tables[1:])
        ]
        heavy = [calls for calls in same if calls[0].heavy or calls[0].equations >= LEAST]
        if heavy:
            calls = max(heavy, key=lambda calls: calls[0].equations)
            first = calls[0]
            self.said.add(("shared", found[0]))
            source = f"{first.name} at {first.path}:{first.line}"
            lines = [call.call for call in calls if call.call is not None]
            self.put(site, "shared", found, source, Work(first.equations, first.heavy), lines)

    def put(
        self, site: Site | None, how: str, found: tuple[names.At, str], source: str, work: Work, calls: list[names.At]
    ) -> None:
        name, _, place = source.rpartition(" at ")
        path, _, line = place.rpartition(":")
        self.observer.writer.put(
            "branches", how=how, site=site.id if site is not None else None, at=found[0]._asdict(), by=found[1],
            name=name, of={"path": path, "line": int(line) if line.isdigit() else 1, "function": name},
            equations=work.equations, heavy=work.heavy, calls=[call._asdict() for call in calls],
        )  # fmt: skip

    def forked(self) -> None:
        self.said.clear()


def written(frames: call_paths.Frames) -> tuple[names.At, str] | None:
    """The user's line that calls `cond` or `switch`, and which of them; None for those of JAX's own and of libraries."""
    by = ""
    for code, offset in frames:
        file = code.co_filename
        if file.startswith(names.OURS):
            continue
        if call_paths.is_own(file):
            if code.co_name in BY and os.path.basename(file) == "conditionals.py":
                by = code.co_name
            elif os.path.basename(file) not in ("traceback_util.py", "api_util.py", "profiler.py"):
                by = ""
            continue
        return (call_paths.at(code, offset), by) if by and names.is_user(file) else None
    return None


def calls_of(side: Any) -> Iterator[tuple[int, Called]]:
    """The user's functions that one side of a branch runs, outermost first, by the identity of what they run."""
    name, _, place = private.source_of(side).rpartition(" at ")
    path, _, line = place.rpartition(":")
    rows: dict[int, _Row] = {}
    for equation in private.inner_of(side).eqns[:MOST]:
        inside = within(private.frames_of(equation), path, line, name)
        jitted = jitted_by_user(equation)
        if not inside and jitted is None:
            continue
        work = work_of_equation(equation)
        mark = (equation.primitive.name, work.equations, *(str(value.aval) for value in equation.outvars))
        users = call_paths.users(inside)
        for i in range(len(users) - 1, -1, -1):
            code = users[i][0]
            row = rows.setdefault(id(code), _Row(code.co_name, code.co_filename, code.co_firstlineno, users[i + 1 :]))
            row.add(work, mark)
        if jitted is not None:
            key, source = jitted
            own, _, at = source.rpartition(" at ")
            file, _, number = at.rpartition(":")
            rows.setdefault(key, _Row(own, file, int(number) if number.isdigit() else 1, users)).add(work, mark)
    for key, row in rows.items():
        yield key, row.told()


class _Row:
    """What one function wrote, as it is added up. `callers`: the user's frames around it, innermost first."""

    def __init__(self, name: str, path: str, line: int, callers: call_paths.Frames) -> None:
        self.place = (name.rpartition(".")[2], path, line)
        self.callers = callers
        self.equations = 0
        self.heavy = ""
        self.marks: list[tuple[Any, ...]] = []

    def add(self, work: Work, mark: tuple[Any, ...]) -> None:
        self.equations += work.equations
        self.heavy = self.heavy or work.heavy
        self.marks.append(mark)

    def told(self) -> Called:
        call = call_paths.at(*self.callers[0]) if self.callers else None
        return Called(*self.place, self.equations, self.heavy, tuple(self.marks), call)


def jitted_by_user(equation: Any) -> tuple[int, str] | None:
    """Which program a call of a user's jitted function runs, and its source."""
    program = equation.params.get("jaxpr") if equation.primitive.name in CALLS else None
    source = private.source_of(program) if program is not None else ""
    path = source.rpartition(" at ")[2].rpartition(":")[0]
    return (id(private.inner_of(program)), source) if path and names.is_user(path) else None


def within(frames: call_paths.Frames, path: str, line: str, name: str) -> call_paths.Frames:
    """The frames down to the function of the side, that one too; none where it is not among them."""
    for i, (code, _) in enumerate(frames):
        if code.co_filename == path and str(code.co_firstlineno) == line and code.co_name == name.rpartition(".")[2]:
            return frames[: i + 1]
    return ()


_installed: list[Branches] = []


def install(observer: Observer) -> Branches:
    """Effect: branches that are batched, and those of traced programs, are looked at."""
    if _installed:
        return _installed[0]
    branches = Branches(observer)
    private.hook_batched_branches(branches.batched)
    observer.on_equation.setdefault("cond", []).append(branches.shared)
    observer.writer.at_fork(branches.forked)
    _installed.append(branches)
    return branches


def uninstall() -> None:
    """Forgets; the hook itself goes with `private.restore`."""
    while _installed:
        branches = _installed.pop()
        branches.observer.on_equation.get("cond", []).remove(branches.shared)
