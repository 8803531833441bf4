"""The source lines of a finding with its places underlined, as compilers show them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jaxaudit.report.paint import Paint
from jaxaudit.report.places import file_of, place_of
from jaxaudit.report.text_width import printable, width, wrap

MOST_LINES = 4
"""A longer range shows its first line only."""
LONGEST_TITLE = 40
MORE = "…"


@dataclass(frozen=True, slots=True)
class Mark:
    """One place to underline, with what is said of it."""

    at: Mapping[str, Any]
    label: str
    role: str
    sign: str

    @property
    def first(self) -> int:
        return int(self.at["line"])

    @property
    def last(self) -> int:
        """The last line that is shown of it."""
        end = max(self.first, int(self.at["end_line"]))
        return end if end - self.first < MOST_LINES else self.first

    @property
    def cut(self) -> bool:
        return self.last < int(self.at["end_line"])


@dataclass(frozen=True, slots=True)
class Line:
    """One source line: its text, and how many signs of it were left out on the left."""

    text: str
    offset: int

    def column(self, column: int) -> int:
        """Where a 1-based column of the file stands in the printed text."""
        return width(printable(self.text[: max(0, column - 1 - self.offset)]))


def snippet(finding: Mapping[str, Any], columns: int, paint: Paint) -> list[str]:
    """The finding's own place, then its notes, file by file."""
    marks = _marks(finding)
    files = list(dict.fromkeys(file_of(mark.at) for mark in marks))
    margin = max(len(str(mark.last)) for mark in marks)
    rows: list[str] = []
    for number, file in enumerate(files):
        rows += _file([mark for mark in marks if file_of(mark.at) == file], number == 0, margin, columns, paint)
    return rows


def _marks(finding: Mapping[str, Any]) -> list[Mark]:
    title = str(finding["title"])
    label = title if width(title) <= LONGEST_TITLE and title != finding["message"] else ""
    notes = [Mark(note, str(note["text"]), "note", "-") for note in finding["notes"]]
    return [Mark(finding, label, finding["severity"], "^"), *notes]


def _file(marks: Sequence[Mark], own: bool, margin: int, columns: int, paint: Paint) -> Iterator[str]:
    lines = _lines(marks)
    bar = " " * (margin + 1) + paint("|", "gutter")
    yield " " * margin + paint("-->" if own else ":::", "gutter") + " " + _where(marks[0].at)
    for mark in marks:
        if mark.first not in lines and mark.sign == "-":
            yield from (f"{bar} {text}" for text in wrap(f"line {mark.first}: {mark.label}", columns - margin - 3))
    if not lines:
        return
    yield bar
    before = None
    for number, line in sorted(lines.items()):
        if before is not None and number > before + 1:
            yield paint("...", "gutter")
        before = number
        here = sorted((mark for mark in marks if mark.first <= number <= mark.last), key=lambda mark: mark.sign == "-")
        code, *under = _line(number, line, here, columns - margin - 3, paint)
        yield paint(f"{number:>{margin}} |", "gutter") + (f" {code}" if code else "")
        yield from (f"{bar} {row}" for row in under)
    yield bar


def _where(at: Mapping[str, Any]) -> str:
    place = printable(place_of(at))
    return place if at["function"] in ("", "<module>") else f"{place} in {printable(at['function'])}"


def _lines(marks: Sequence[Mark]) -> dict[int, Line]:
    return {
        entry["line"]: Line(entry["text"], entry["offset"])
        for mark in reversed(marks)
        for entry in mark.at["snippet"]
        if mark.first <= entry["line"] <= mark.last
    }


def _line(number: int, line: Line, marks: Sequence[Mark], room: int, paint: Paint) -> Iterator[str]:
    """The code, then a row (or more) for each mark on it, cropped to the room around the first mark."""
    spans = [_span(mark, number, line) for mark in marks]
    text = printable(line.text)
    start = _window(text, spans[0], line.offset > 0, room)
    code, shift = _crop(text, start, room, line.offset > 0)
    yield code
    for mark, (left, right) in zip(marks, spans, strict=True):
        yield from _underline(mark, number, left - shift, right - shift, room, paint)


def _span(mark: Mark, number: int, line: Line) -> tuple[int, int]:
    """Printed columns of the part of the mark that lies on this line; at least one column wide."""
    whole = printable(line.text).rstrip()
    left = line.column(mark.at["column"]) if number == mark.first else width(whole) - width(whole.lstrip())
    right = line.column(mark.at["end_column"]) if number == mark.at["end_line"] else width(whole)
    left = min(left, width(whole))
    return left, max(left + 1, min(right, width(whole)))


def _window(text: str, span: tuple[int, int], cut_before: bool, room: int) -> int:
    """The first printed column to show: 0 where the whole line has room."""
    if width(text) <= room and not cut_before:
        return 0
    if span[1] <= room - 2 and not cut_before:
        return 0
    return max(0, min(span[0] - room // 4, width(text) - room + 2))


def _crop(text: str, start: int, room: int, cut_before: bool) -> tuple[str, int]:
    """The visible part, with a sign where something was left out, and by how many columns it moved to the left."""
    head = MORE if start or cut_before else ""
    skipped = 0
    while text and skipped < start:
        skipped += width(text[0])
        text = text[1:]
    if width(text) > room - len(head):
        kept = room - len(head) - 1
        while width(text) > kept:
            text = text[: kept if len(text) > kept else -1]
        text += MORE
    return (head + text).rstrip(), skipped - len(head)


def _underline(mark: Mark, number: int, left: int, right: int, room: int, paint: Paint) -> Iterator[str]:
    left = max(0, min(left, room - 1))
    signs = mark.sign * max(1, min(right, room) - left)
    label = printable(mark.label) if number == mark.last else ""
    if mark.cut:
        label = f"{label} (to line {mark.at['end_line']})".strip()
    row = " " * left + paint(signs, mark.role)
    if not label:
        yield row
    elif left + len(signs) + 1 + width(label) <= room:
        yield f"{row} {paint(label, mark.role)}"
    else:
        yield row
        indent = min(left, max(0, room - 50))
        yield from (" " * indent + paint(text, mark.role) for text in wrap(label, room - indent))
