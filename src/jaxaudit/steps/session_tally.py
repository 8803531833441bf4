"""What a test session compiles: seconds and programs for each test, and what several tests compile again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from jaxaudit.model.evidence import FIRSTS

Told = dict[str, Any]


class OfTest(NamedTuple):
    test: str
    seconds: float
    programs: int


class Shared(NamedTuple):
    """A function that several tests compile."""

    name: str
    place: str
    programs: int
    tests: int
    seconds: float
    why: str


class Tally:
    """Listens to the probe while tests run. What it holds can be sent from a worker as plain data and added up."""

    def __init__(self) -> None:
        self.test = ""
        self.seconds = 0.0
        self.by_test: dict[str, list[float]] = {}
        self.by_function: dict[str, dict[str, Any]] = {}
        self.stages = [0.0, 0.0, 0.0]
        self._sites: dict[int, Told] = {}

    def put(self, kind: str, **fields: Any) -> None:
        """What the probe says."""
        if kind == "site":
            self._sites[fields["id"]] = fields
        elif kind == "compile" and self.test:
            self._compiled(fields)

    def at_end(self, callback: Callable[[], None]) -> None:
        """Totals are not asked for."""

    def _compiled(self, said: Told) -> None:
        stages = [said["trace_s"], said["lower_s"], said["compile_s"]]
        self.stages = [a + b for a, b in zip(self.stages, stages)]
        of_test = self.by_test.setdefault(self.test, [0.0, 0])
        of_test[0] += sum(stages)
        of_test[1] += 1
        site = self._sites.get(said["site"])
        if site is None or not site["user"]:
            return
        known = self.by_function.setdefault(
            f"{site['path']}:{site['line']}:{site['name']}", {"programs": 0, "seconds": 0.0, "tests": [], "why": ""}
        )
        known["programs"] += 1
        known["seconds"] += sum(stages)
        if self.test not in known["tests"]:
            known["tests"].append(self.test)
        cause = said["cause"]
        if cause is not None and cause["kind"] not in FIRSTS:
            known["why"] = cause["text"]

    # -- several workers -----------------------------------------------------------------------------------------------

    def plain(self) -> Told:
        return {
            "by_test": self.by_test,
            "by_function": self.by_function,
            "stages": self.stages,
            "seconds": self.seconds,
        }

    def add(self, other: Told) -> None:
        """Another worker's tally on top of this one."""
        self.stages = [a + b for a, b in zip(self.stages, other["stages"])]
        self.seconds += other["seconds"]
        for test, (seconds, programs) in other["by_test"].items():
            mine = self.by_test.setdefault(test, [0.0, 0])
            mine[0] += seconds
            mine[1] += programs
        for key, theirs in other["by_function"].items():
            known = self.by_function.setdefault(key, {"programs": 0, "seconds": 0.0, "tests": [], "why": ""})
            known["programs"] += theirs["programs"]
            known["seconds"] += theirs["seconds"]
            known["tests"] = list(dict.fromkeys([*known["tests"], *theirs["tests"]]))
            known["why"] = theirs["why"] or known["why"]

    # -- what to show --------------------------------------------------------------------------------------------------

    @property
    def programs(self) -> int:
        return int(sum(programs for _, programs in self.by_test.values()))

    def slowest(self, most: int) -> list[OfTest]:
        found = [OfTest(test, seconds, int(programs)) for test, (seconds, programs) in self.by_test.items()]
        return sorted(found, key=lambda one: -one.seconds)[:most]

    def shared(self, most: int, folder: str) -> list[Shared]:
        found = []
        for key, known in self.by_function.items():
            path, line, name = key.rsplit(":", 2)
            shown = os.path.relpath(path, folder) if path.startswith(folder + os.sep) else path
            if len(known["tests"]) > 1:
                found.append(
                    Shared(
                        name, f"{shown}:{line}", known["programs"], len(known["tests"]), known["seconds"], known["why"]
                    )
                )
        return sorted(found, key=lambda one: -one.seconds)[:most]


def summary(tally: Tally, folder: str, width: int = 80, most: int = 10) -> Iterable[str]:
    """The lines of the terminal summary."""
    from textwrap import wrap

    whole = sum(tally.stages)
    if not tally.programs:
        yield "the tests compiled nothing"
        return
    trace, lower, compiled = tally.stages
    share = f" of {tally.seconds:.1f} s in tests" if tally.seconds else ""
    yield f"{tally.programs} programs compiled in {whole:.1f} s{share} (trace {trace:.1f}, lower {lower:.1f}, XLA {compiled:.1f})"
    yield ""
    yield "tests that compile longest:"
    for one in tally.slowest(most):
        yield f"  {one.seconds:7.2f} s  {one.programs:4} programs  {one.test}"
    shared = tally.shared(most, folder)
    if not shared:
        return
    yield ""
    yield "compiled in several tests:"
    for both in shared:
        yield f"  {both.seconds:7.2f} s  {both.programs:4} programs in {both.tests} tests  `{both.name}` ({both.place})"
        if both.why:
            yield from wrap(both.why, width, initial_indent=" " * 12, subsequent_indent=" " * 12)
