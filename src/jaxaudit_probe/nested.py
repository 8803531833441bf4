"""Jitted functions that are called within a traced loop: which, in which loop, and how often one program calls them."""

from __future__ import annotations

from typing import Any

from jaxaudit_probe import names, private
from jaxaudit_probe.branches import CALLS
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Site

LOOPS = ("scan", "while")
MOST = 2_000


class Nested:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.uses: dict[tuple[int, int], int] = {}
        self.loops: dict[int, tuple[Site, Site, str, tuple[str, int] | None]] = {}

    def called(self, outer: Site, equation: Any) -> None:
        """A traced program calls a jitted function."""
        site = self.observer.sites.of_program(equation.params.get("jaxpr"))
        if site is not None and site.user:
            key = (outer.id, site.id)
            self.uses[key] = self.uses.get(key, 0) + 1

    def looped(self, outer: Site, equation: Any) -> None:
        """A traced program has a loop."""
        for body in private.sub_programs(equation):
            for inner in body.eqns[:MOST]:
                if inner.primitive.name not in CALLS:
                    continue
                site = self.observer.sites.of_program(inner.params.get("jaxpr"))
                if site is not None and site.user and site.id not in self.loops:
                    line = private.line_of(equation, names.is_user)
                    self.loops[site.id] = (site, outer, equation.primitive.name, line)

    def totals(self) -> None:
        for site, outer, by, line in list(self.loops.values()):
            uses = max((count for (_, inner), count in self.uses.items() if inner == site.id), default=1)
            self.observer.writer.put(
                "nested", site=site.id, outer=outer.id, by=by, uses=uses,
                at={"path": line[0], "line": line[1]} if line is not None else None,
            )  # fmt: skip

    def forked(self) -> None:
        self.uses.clear()
        self.loops.clear()


_installed: list[Nested] = []


def install(observer: Observer) -> Nested:
    """Effect: the calls and the loops of traced programs are looked at."""
    if _installed:
        return _installed[0]
    nested = Nested(observer)
    for name in CALLS:
        observer.on_equation.setdefault(name, []).append(nested.called)
    for name in LOOPS:
        observer.on_equation.setdefault(name, []).append(nested.looped)
    observer.writer.at_end(nested.totals)
    observer.writer.at_fork(nested.forked)
    _installed.append(nested)
    return nested


def uninstall() -> None:
    while _installed:
        nested = _installed.pop()
        for told in nested.observer.on_equation.values():
            told[:] = [one for one in told if getattr(one, "__self__", None) is not nested]
