"""The lines of one process's record file, as far as they can be read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]

VERSION = 1
ABOUT = ("start", "jax", "backend", "error", "end")
SEEN = (
    "site", "jitted", "begin", "still", "done", "trace", "program", "lower", "compile", "constant", "sync", "calls", "keys",
    "donation", "fold", "note",
)  # fmt: skip
WASTED = ("branches", "list", "nested", "dispatches")
HAPPENINGS = ("raised", "setting", "downcast", "stale", "effect")
TRIAL = ("outside", "imported", "result", "prefix")
KINDS = frozenset((*ABOUT, *SEEN, *HAPPENINGS, *WASTED, *TRIAL))


class Rows:
    """Iterates over what could be read; afterwards says what could not."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.broken: list[int] = []
        self.later = False
        """Written by a later version: lines and fields that this one doesn't know were left out."""
        self.fault = ""

    def __iter__(self) -> Iterator[Row]:
        try:
            data = self.file.read_bytes()
        except OSError as error:
            self.fault = error.strerror or str(error)
            return
        lines = data.split(b"\n")
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            row = self._row(line)
            if row is None:
                if number < len(lines):  # the last line ends in its middle after a kill
                    self.broken.append(number)
            elif row["k"] in KINDS:
                self.later = self.later or (row["k"] == "start" and number_of(row, "v") > VERSION)
                yield row

    def _row(self, line: bytes) -> Row | None:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return None
        return row if isinstance(row, dict) and isinstance(row.get("k"), str) else None


def number_of(row: Row, name: str) -> int:
    value = row.get(name)
    return int(value) if isinstance(value, int | float) and value == value and abs(value) < 1e18 else 0


def seconds_of(row: Row, name: str) -> float:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else 0.0


def text_of(row: Row, name: str, default: str = "") -> str:
    value = row.get(name)
    return value if isinstance(value, str) else default


def words_of(row: Row, name: str) -> tuple[str, ...]:
    value = row.get(name)
    return tuple(str(word) for word in value) if isinstance(value, list | tuple) else ()


def rows_of(row: Row, name: str) -> list[Row]:
    value = row.get(name)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
