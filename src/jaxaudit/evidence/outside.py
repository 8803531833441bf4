"""What a run in a copy wanted outside of it, and which of its modules were not the copy's."""

from pathlib import Path
from typing import NamedTuple

from jaxaudit.evidence.rows import Rows, number_of, text_of, words_of


class Outside(NamedTuple):
    """The write or connection that stopped a process, and the line that asked for it."""

    what: str
    place: str
    path: str = ""
    line: int = 0


def stopped_by(record: Path) -> Outside | None:
    """What stopped the first process that was stopped."""
    for file in sorted(record.glob("*.jsonl")):
        for row in Rows(file):
            if row["k"] == "outside":
                return Outside(
                    text_of(row, "what"), text_of(row, "place"), text_of(row, "path"), number_of(row, "line")
                )
    return None


def calls_counted(record: Path) -> dict[str, int]:
    """How often functions were called, by the last part of their names, where the run was asked to count."""
    counts: dict[str, int] = {}
    for file in sorted(record.glob("*.jsonl")):
        said: dict[str, int] = {}
        for row in Rows(file):
            calls = row.get("calls") if row["k"] == "prefix" else None
            if isinstance(calls, dict):
                said = {str(name): count for name, count in calls.items() if isinstance(count, int)}
        for name, count in said.items():
            counts[name] = max(count, counts.get(name, 0))
    return counts


class Imported(NamedTuple):
    """The project's files that the processes of a run imported."""

    files: tuple[str, ...] = ()
    astray: tuple[str, ...] = ()
    """Those of the working directory itself, although the run stood in a copy of it."""


def imported(record: Path) -> Imported:
    files: dict[str, None] = {}
    astray: dict[str, None] = {}
    for file in sorted(record.glob("*.jsonl")):
        for row in Rows(file):
            if row["k"] == "imported":
                files |= dict.fromkeys(words_of(row, "files"))
                astray |= dict.fromkeys(words_of(row, "astray"))
    return Imported(tuple(files), tuple(astray))
