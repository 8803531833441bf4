"""How big a traced program is, and which of the user's lines wrote most of its equations."""

from __future__ import annotations

from collections import Counter
from typing import Any

from jaxaudit_probe import names, private
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Site

LEAST = 200
"""Smaller programs are counted, not looked into."""
MOST = 20_000
TOP = 8


def install(observer: Observer) -> None:
    def measured(site: Site, program: Any, at: names.At | None) -> None:
        lines: Counter[tuple[str, int]] = Counter()
        count = 0
        for equation in private.equations_of(program):
            count += 1
            if count <= MOST:
                lines[private.line_of(equation, names.is_user) or ("", 0)] += 1
        top = [(place, n) for place, n in lines.most_common(TOP) if place[0]] if count >= LEAST else []
        observer.writer.put(
            "program", site=site.id, equations=count,
            lines=[{"path": path, "line": line, "equations": n} for (path, line), n in top],
        )  # fmt: skip

    observer.on_trace.append(measured)


def uninstall() -> None:
    """Nothing is kept here."""
