"""One replacement in a text, and what several of them make together."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple


class CannotEdit(Exception):
    """A verb that would have to guess says so instead; the text becomes the reason why a finding was not fixed."""


class Edit(NamedTuple):
    """Replace `text[start:end]` by `new`. Offsets count characters of the decoded text, newlines as on disk."""

    start: int
    end: int
    new: str


def clash(a: Edit, b: Edit) -> bool:
    """Whether the two cannot both be made. The same edit twice is one; two insertions at one spot clash."""
    if a == b:
        return False
    if a.start == a.end == b.start == b.end:
        return True
    return a.start < b.end and b.start < a.end


def merge(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits in order of place, each once. Insertions at one spot are joined as given; overlaps raise."""
    merged: list[Edit] = []
    for edit in sorted(dict.fromkeys(edits), key=lambda one: (one.start, one.end)):
        last = merged[-1] if merged else None
        if last and last.start == last.end == edit.start == edit.end:
            merged[-1] = Edit(last.start, last.end, last.new + edit.new)
        elif last and clash(last, edit):
            raise CannotEdit(f"two changes overlap at offset {edit.start}")
        else:
            merged.append(edit)
    return tuple(merged)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; everything outside them stays byte for byte."""
    pieces: list[str] = []
    done = 0
    for edit in merge(edits):
        pieces += (text[done : edit.start], edit.new)
        done = edit.end
    return "".join((*pieces, text[done:]))


def difference(before: str, after: str) -> tuple[Edit, ...]:
    """The edits of whole lines that make one text of another."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    spans = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return tuple(Edit(starts[a], starts[b], "".join(new[c:d])) for tag, a, b, c, d in spans if tag != "equal")
