"""The source around findings, so that a report can show them in place: whole short files, of long ones what stands near."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from jaxaudit.model import Finding, Place
from jaxaudit.steps.document import LONGEST_LINE, Lines, shown

WHOLE = 300
"""Lines up to which a file is taken whole."""
NEAR = 6
"""Lines before and after a place that are taken of a longer one."""
LONGEST_PLACE = 40
MOST_LINES = 4000
"""Of all files together; what comes later is left out."""


def source_entries(findings: Sequence[Finding], lines: Lines) -> list[dict[str, Any]]:
    """`[{path, lines: [[number, text], ...], of}]`; `of` says how many lines the file has."""
    entries: list[dict[str, Any]] = []
    left = MOST_LINES
    places = sorted({place for one in findings if one.cell is None for place in _places(one)})
    for path, group in groupby(places, key=lambda place: place.path):
        text = lines(path)
        wanted = [number for number in _wanted(group, len(text)) if number <= len(text)][:left]
        left -= len(wanted)
        if wanted:
            rows = [[number, text[number - 1].rstrip("\r\n")[:LONGEST_LINE]] for number in wanted]
            entries.append({"path": shown(path), "of": len(text), "lines": rows})
    return entries


def _places(finding: Finding) -> Iterable[Place]:
    return (finding.place, *(note.place for note in finding.notes))


def _wanted(places: Iterable[Place], count: int) -> Sequence[int]:
    if count <= WHOLE:
        return range(1, count + 1)
    near: set[int] = set()
    for place in places:
        last = min(max(place.line, place.end_line), place.line + LONGEST_PLACE)
        near.update(range(max(1, place.line - NEAR), last + NEAR + 1))
    return sorted(near)
