"""What is kept of the calls of one function, and of one object that `jit` made."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

from jaxaudit_probe import call_paths
from jaxaudit_probe.behaviour import Parameter
from jaxaudit_probe.frames import Site


class Record:
    """The calls of one function of the user's."""

    __slots__ = ("called_from", "entries", "estimated", "hits", "parameters", "site", "spends_keys", "tracers")

    def __init__(self, site: Site) -> None:
        self.site = site
        self.parameters: dict[str, Parameter] = {}
        self.entries = 0
        self.tracers = 0
        self.hits = 0
        self.estimated = 0.0
        self.spends_keys = False
        self.called_from: list[tuple[int, call_paths.Frames]] = []
        """Where the first call came from, the second, the fourth, the eighth and so on, each with its number."""

    @property
    def looked(self) -> int:
        """Calls that were seen, not estimated."""
        return self.entries + self.hits

    def note_caller(self, depth: int) -> None:
        number = self.looked
        if not number & (number - 1):
            self.called_from.append((number, call_paths.here(depth + 1)))

    def callers(self) -> Iterator[tuple[call_paths.Frames, int]]:
        """Where its calls came from, and about how many came from there."""
        last = len(self.called_from) - 1
        for i, (number, frames) in enumerate(self.called_from):
            upto = number if i < last else self.looked + round(self.estimated)
            yield frames, upto - (self.called_from[i - 1][0] if i else 0)

    def parameter(self, name: str) -> Parameter:
        found = self.parameters.get(name)
        if found is None:
            found = self.parameters[name] = Parameter(name)
        return found

    def fields(self, unseen: float) -> dict[str, Any]:
        unseen += self.estimated
        calls = self.looked + round(unseen)
        static = set(self.site.static)
        return {
            "site": self.site.id, "calls": calls, "sampled": self.looked, "tracer_calls": self.tracers,
            "exact": not round(unseen),
            "arguments": [one.record(self.looked, calls, one.name in static) for one in self.parameters.values()],
        }  # fmt: skip


class Jitted:
    """One object that `jit` made. `record` is None for JAX's own, of which `single` is the name, and for libraries' functions."""

    __slots__ = (
        "a_second",
        "at_arm",
        "filtered",
        "hits",
        "inner",
        "positions",
        "record",
        "reference",
        "rest",
        "single",
    )

    def __init__(self, fun: Any, forget: Callable[[Any], None]) -> None:
        self.reference = weakref.ref(fun, forget)
        self.record: Record | None = None
        self.single = ""
        self.positions: tuple[str, ...] = ()
        self.rest = ""
        self.filtered = False
        self.inner: dict[int, Record] = {}
        self.hits = 0
        self.at_arm = 0
        self.a_second = 0.0

    def named(self, i: int) -> str:
        if i < len(self.positions):
            return self.positions[i]
        return f"{self.rest}[{i - len(self.positions)}]" if self.rest else f"argument {i}"
