"""How big a traced program is, which of the user's lines wrote most of its equations, who called those, which of its scans
are written out, which of its loops call Python, and which of its arguments are exponents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod
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
CALLBACKS = ("pure_callback", "io_callback")
LOOPS = ("scan", "while")
COPIES = 8
"""Copies of a scan's body from which on they are told."""

Within = tuple[Any, tuple[Any, ...]]
Path = tuple[names.At, ...]
"""A line of the user's, and the lines that called it within the trace, innermost first."""


def install(observer: Observer) -> None:
    def measured(site: Site, program: Any, at: names.At | None) -> None:
        equations = list(equations_within(program))
        for equation, _ in equations:
            for told in observer.on_equation.get(equation.primitive.name, ()):
                observer.quietly(told, site, equation)
        powers = any(equation.primitive.name == "pow" for equation, _ in equations)
        observer.writer.put(
            "program", site=site.id, equations=len(equations), exponents=exponents_of(program) if powers else [],
            lines=lines_of(equations, private.source_of(program)) if len(equations) >= LEAST else [],
            scans=list(scans_of(equations, private.source_of(program))),
            callbacks=list(callbacks_of(equations, private.source_of(program))),
        )  # fmt: skip

    observer.on_trace.append(measured)


def equations_within(program: Any, most: int = 200_000) -> Iterator[Within]:
    """The equations of a program and of what it calls, each inner program once; with those around, the innermost first."""
    waiting: list[tuple[Any, tuple[Any, ...]]] = [(private.inner_of(program), ())]
    seen: set[int] = set()
    while waiting and most > 0:
        inner, around = waiting.pop()
        if id(inner) in seen:
            continue
        seen.add(id(inner))
        for equation in inner.eqns:
            most -= 1
            yield equation, around
            waiting.extend((private.inner_of(one), (equation, *around)) for one in private.sub_programs(equation))


def lines_of(equations: list[Within], source: str) -> list[dict[str, Any]]:
    """The lines that wrote most, each with its most frequent callers."""
    lines: dict[tuple[str, int], Counter[Path]] = {}
    known: dict[Any, Path] = {}
    for equation, around in equations[:MOST]:
        mark = (private.traceback_of(equation), *map(id, around))
        path = known.get(mark)
        if path is None:
            inside = _frames(equation, around, source)
            path = known[mark] = tuple(call_paths.at(*pair) for pair in inside[: CALLERS + 1])
        if path:
            lines.setdefault((path[0].path, path[0].line), Counter())[path] += 1
    top = sorted(lines.values(), key=lambda paths: -paths.total())[:TOP]
    return [_told(paths.most_common(1)[0][0], paths.total()) for paths in top]


def scans_of(equations: list[Within], source: str) -> Iterator[dict[str, Any]]:
    """Scans that XLA is asked to write out: `unroll=`."""
    for equation, around in equations:
        copies = equation.params.get("unroll", 1) if equation.primitive.name == "scan" else 1
        frames = _frames(equation, around, source) if COPIES <= copies <= equation.params["length"] else ()
        if frames:
            body = sum(1 for _ in equations_within(equation.params["jaxpr"]))
            yield {
                **call_paths.at(*frames[0])._asdict(),
                "copies": copies,
                "length": equation.params["length"],
                "equations": body,
            }


def callbacks_of(equations: list[Within], source: str) -> Iterator[dict[str, Any]]:
    """Functions of the user's that a compiled loop calls in every turn: for each how many turns, 0 where that is not known."""
    for equation, around in equations:
        if equation.primitive.name not in CALLBACKS or any(one.primitive.name == "cond" for one in around):
            continue
        loops = [one for one in around if one.primitive.name in LOOPS]
        called = names.code_of(names.function_of(private.called_back(equation))) if loops else None
        frames = _frames(equation, around, source) if called and names.is_user(called.co_filename) else ()
        if called and frames:
            lengths = [one.params.get("length", 0) for one in loops]
            yield {
                **call_paths.at(*frames[0])._asdict(), "how": equation.primitive.name, "calls": called.co_name,
                "turns": prod(lengths), "loop": loops[0].primitive.name,
            }  # fmt: skip


def _frames(equation: Any, around: tuple[Any, ...], source: str) -> call_paths.Frames:
    """The user's frames that wrote an equation. Of the body of a loop JAX keeps only its own: the loop's follow, up to the
    program's own function.
    """
    found: call_paths.Frames = ()
    for one in (equation, *around):
        frames = tuple(zip(*private.raw_frames_of(one)))
        more = call_paths.users(call_paths.down_to(frames, source))
        if more and (not found or found[-1][0] is not more[-1][0]):
            found += more
        if call_paths.reaches(frames, source):
            break
    return found


def _told(path: Path, equations: int) -> dict[str, Any]:
    own, *callers = path
    return {**own._asdict(), "equations": equations, "callers": [one._asdict() for one in callers]}


def uninstall() -> None:
    """Nothing is kept here."""
