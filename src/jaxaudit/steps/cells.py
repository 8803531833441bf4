"""A notebook's places as its reader counts: the cell, and the line in it, in place of lines of the joined source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxaudit.source.notebook import Notebook

Entry = dict[str, Any]

_LINE = re.compile(r"\bline (\d+)\b")
_LINE_FACT = re.compile(r"(?:^|_)lines?$")


def in_cells(document: Entry, notebooks: Mapping[str, Notebook]) -> Entry:
    """Effect: changes the entries of a document whose paths (as the document writes them) are notebooks."""
    for entry in (*document["findings"], *document.get("known", ())):
        if any(place["path"] in notebooks for place in (entry, *entry["notes"])):
            _finding(entry, notebooks)
    for function in document.get("functions", ()):
        for place in (function, *function["callers"]):
            if place["path"] in notebooks:
                _place(place, notebooks[place["path"]])
    return document


def _finding(entry: Entry, notebooks: Mapping[str, Notebook]) -> None:
    places = [entry, *entry["notes"]]
    own = notebooks.get(entry["path"])
    if own is not None and all(place["path"] == entry["path"] for place in places):
        cell = own.cells[min(entry["line"], len(own.cells)) - 1].cell if own.cells else 0
        entry["message"] = _said(entry["message"], own, cell)
        entry["facts"] = {key: _fact(key, value, own) for key, value in entry["facts"].items()}
        for note in entry["notes"]:
            note["text"] = _said(note["text"], own, cell)
    if own is not None:
        entry["fix"] = None  # cells are not rewritten
    for place in places:
        if place["path"] in notebooks:
            _place(place, notebooks[place["path"]])


def _place(place: Entry, notebook: Notebook) -> None:
    """The cell of the first line; what reaches beyond that cell ends with it."""
    cells = notebook.cells
    if not 0 < place["line"] <= len(cells):
        return
    first = place["line"]
    cell = cells[first - 1].cell
    last: int = min(place.get("end_line") or first, len(cells))
    while last > first and cells[last - 1].cell != cell:
        last -= 1
    place["cell"] = cell
    place["line"] = cells[first - 1].line
    if "end_line" in place:
        place["end_line"] = cells[last - 1].line
    if "snippet" in place:
        place["snippet"] = [
            {**row, "line": cells[row["line"] - 1].line, "text": _as_typed(row, notebook)}
            for row in place["snippet"]
            if row["line"] <= len(cells) and cells[row["line"] - 1].cell == cell
        ]


def _as_typed(row: Entry, notebook: Notebook) -> str:
    """The line with the magic that stands in the notebook; it is cut where the row is."""
    line = notebook.typed.get(row["line"])
    return row["text"] if line is None else line[row["offset"] :][: max(len(row["text"]), 1)]


def _said(text: str, notebook: Notebook, cell: int) -> str:
    """`line 41` of the joined source as `line 3 of cell 7`, or `line 3` where the cell is the finding's own."""

    def told(found: re.Match[str]) -> str:
        number = int(found[1])
        if not 0 < number <= len(notebook.cells):
            return found[0]
        where = notebook.cells[number - 1]
        return f"line {where.line}" if where.cell == cell else f"line {where.line} of cell {where.cell}"

    return _LINE.sub(told, text)


def _fact(key: str, value: Any, notebook: Notebook) -> Any:
    if not _LINE_FACT.search(key):
        return value
    if isinstance(value, list):
        return [_fact(key, one, notebook) for one in value]
    if type(value) is int and 0 < value <= len(notebook.cells):
        return notebook.cells[value - 1].line
    return value
