"""How big a traced program is, which of the user's lines wrote most of its equations, who called those, and which of its
arguments are exponents."""

from __future__ import annotations

from collections import Counter
from typing import Any

from jaxaudit_probe import call_paths, names, private
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.exponents import exponents_of
from jaxaudit_probe.frames import Site

LEAST = 200
"""Smaller programs are counted, not looked into."""
MOST = 20_000
TOP = 8
CALLERS = 6

Path = tuple[names.At, ...]
"""A line of the user's, and the lines that called it within the trace, innermost first."""


def install(observer: Observer) -> None:
    def measured(site: Site, program: Any, at: names.At | None) -> None:
        equations = list(private.equations_of(program))
        for equation in equations:
            for told in observer.on_equation.get(equation.primitive.name, ()):
                observer.quietly(told, site, equation)
        powers = any(equation.primitive.name == "pow" for equation in equations)
        observer.writer.put(
            "program", site=site.id, equations=len(equations), exponents=exponents_of(program) if powers else [],
            lines=lines_of(equations, private.source_of(program)) if len(equations) >= LEAST else [],
        )  # fmt: skip

    observer.on_trace.append(measured)


def lines_of(equations: list[Any], source: str) -> list[dict[str, Any]]:
    """The lines that wrote most, each with its most frequent callers."""
    lines: dict[tuple[str, int], Counter[Path]] = {}
    known: dict[Any, Path] = {}
    for equation in equations[:MOST]:
        codes, offsets = private.raw_frames_of(equation)
        mark = (*map(id, codes), *offsets)
        path = known.get(mark)
        if path is None:
            inside = call_paths.users(call_paths.down_to(tuple(zip(codes, offsets)), source))
            path = known[mark] = tuple(call_paths.at(*pair) for pair in inside[: CALLERS + 1])
        if path:
            lines.setdefault((path[0].path, path[0].line), Counter())[path] += 1
    top = sorted(lines.values(), key=lambda paths: -paths.total())[:TOP]
    return [_told(paths.most_common(1)[0][0], paths.total()) for paths in top]


def _told(path: Path, equations: int) -> dict[str, Any]:
    own, *callers = path
    return {**own._asdict(), "equations": equations, "callers": [one._asdict() for one in callers]}


def uninstall() -> None:
    """Nothing is kept here."""
