"""A notebook's code as one Python source, with the way back to its cells."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from jaxaudit.model.unread import Unread
from jaxaudit.source.parse import parse

_PYTHON_CELLS = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "pypy", "memit", "mprun", "lprun"})
"""Cell magics whose cell is Python; all others hand it to another language or to the shell."""
_PYTHON_LINES = frozenset({"time", "timeit", "prun", "memit", "mprun", "lprun"})
"""Line magics whose line is Python."""

_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_LINE_MAGIC = re.compile(r"(?P<indent>\s*)(?P<magic>%(?P<name>\w+)(?:[ \t]+-\w+(?:[ \t]+\d+)?)*[ \t]*)(?P<rest>.*)\Z")
_SHELL = re.compile(r"(?P<indent>\s*)(!|\?|%%?(?=\w)|/(?=\w)).*\Z")
_ASSIGNED = re.compile(r"(?P<target>\s*[\w.,\s\[\]]+=\s*)[!%].*\Z")
_HELP = re.compile(r"(?P<indent>\s*)[\w.*]+\(?\)?\?{1,2}\s*\Z")


class CellLine(NamedTuple):
    """Where a line of the joined source stands: the cell, counted from 1 among all cells, and the line in it."""

    cell: int
    line: int


class Notebook(NamedTuple):
    """The joined source; the cell of each of its lines; the cells left out because they do not parse, and why.

    `typed` holds the lines of magics, by their line in the joined source, as they stand in the notebook.
    """

    source: bytes
    cells: list[CellLine]
    unread: list[tuple[int, str]]
    typed: dict[int, str]


def notebook_source(data: bytes, path: str = "") -> Notebook | Unread:
    """The code cells of a Python notebook, in their order; never raises.

    Magics and shell lines become `pass` or a comment, so that each line stays where it is. A cell that is no Python
    even so is left blank and named, because the other cells run without it.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", 1)
        return Unread(path, f"not a notebook: {getattr(error, 'msg', None) or type(error).__name__} (line {line})")
    cells = _cells(document)
    if cells is None:
        return Unread(path, "not a notebook: it holds no list of cells (line 1)")
    language = _language(document)
    if language not in ("python", "ipython", ""):
        return Unread(path, f"a notebook in {language}, not in Python (line 1)")
    lines: list[str] = []
    where: list[CellLine] = []
    unread: list[tuple[int, str]] = []
    typed: dict[int, str] = {}
    for number, cell in enumerate(cells, 1):
        code = _code(cell)
        if code is None:
            continue
        text, reason = _as_python(code)
        if reason:
            unread.append((number, reason))
        typed |= {len(lines) + 1 + at: line for at, line in enumerate(code) if text[at] and text[at] != line}
        lines += text
        where += [CellLine(number, line) for line in range(1, len(text) + 1)]
    return Notebook("".join(line + "\n" for line in lines).encode("utf-8", "replace"), where, unread, typed)


def _cells(document: Any) -> list[Any] | None:
    """The cells of format 4, or of the worksheets of format 3."""
    if not isinstance(document, dict):
        return None
    cells = document.get("cells")
    if cells is None and isinstance(document.get("worksheets"), list):
        sheets = [sheet for sheet in document["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets for cell in _list(sheet.get("cells"))]
    return cells if isinstance(cells, list) else None


def _list(thing: Any) -> list[Any]:
    return thing if isinstance(thing, list) else []


def _language(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for place, name in (("language_info", "name"), ("kernelspec", "language")):
        found = metadata.get(place)
        if isinstance(found, dict) and isinstance(found.get(name), str):
            return str(found[name]).lower()
    return ""


def _code(cell: Any) -> list[str] | None:
    """The lines of a code cell; None for text."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source = cell.get("source", cell.get("input", ""))
    text = "".join(part for part in source if isinstance(part, str)) if isinstance(source, list) else source
    return re.split(r"\r\n|\r|\n", text) if isinstance(text, str) else None


def _as_python(lines: list[str]) -> tuple[list[str], str]:
    """A cell's lines as Python, as many as before, and why they are blank if they are."""
    if _parses(lines) is None:
        return lines, ""
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    if (magic := _CELL_MAGIC.match(lines[first])) is not None:
        if magic[1] not in _PYTHON_CELLS:
            return [""] * len(lines), ""
        lines = [*lines[:first], "#" + lines[first], *lines[first + 1 :]]
        if _parses(lines) is None:
            return lines, ""
    lines = _without_magics(lines)
    reason = _parses(lines)
    return (lines, "") if reason is None else ([""] * len(lines), reason)


def _parses(lines: list[str]) -> str | None:
    """Why these lines are no Python; None when they are."""
    tree = parse("\n".join(lines).encode("utf-8", "replace"), "")
    return tree.reason if isinstance(tree, Unread) else None


def _without_magics(lines: list[str]) -> list[str]:
    result = []
    continued = False
    for line in lines:
        was_continued, replaced = continued, line
        continued = False
        if was_continued:
            replaced, continued = "", line.endswith("\\")
        elif (plain := _plain(line)) is not None:
            replaced, continued = plain, line.endswith("\\") and not _keeps_code(line)
        result.append(replaced)
    return result


def _plain(line: str) -> str | None:
    """A line without its magic, every column of code where it was; None when it has none."""
    if (found := _LINE_MAGIC.match(line)) is not None and _keeps_code(line):
        return found["indent"] + "0;".ljust(len(found["magic"])) + found["rest"]
    for pattern in (_SHELL, _HELP):
        if (found := pattern.match(line)) is not None:
            return found["indent"] + "pass"
    if (found := _ASSIGNED.match(line)) is not None:
        return found["target"] + "None"
    return None


def _keeps_code(line: str) -> bool:
    found = _LINE_MAGIC.match(line)
    return found is not None and found["name"] in _PYTHON_LINES and bool(found["rest"].strip())
