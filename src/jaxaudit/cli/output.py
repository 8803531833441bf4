"""Writing what was asked for: to the terminal, or to a file."""

import shutil
import sys
from pathlib import Path

from jaxaudit.model.mistake import Mistake

WIDEST = 110
"""Beyond this, lines are too long to read."""


def columns() -> int:
    """How wide the terminal is; 80 where there is none."""
    return max(40, min(WIDEST, shutil.get_terminal_size((80, 24)).columns))


def write(text: str, file: str | None) -> None:
    """Effect: prints the text, or writes it to the file. Raises `Mistake` where the file can't be written."""
    if file is None:
        sys.stdout.write(text)
        return
    _must_be_no_source(file)
    try:
        Path(file).write_text(text, "utf-8", errors="backslashreplace")
    except OSError as error:
        raise Mistake(f"{file!r} can't be written: {error.strerror or error}") from None


def write_bytes(data: bytes, file: str | None) -> None:
    """Effect: the same for bytes that must arrive as they are."""
    if file is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    _must_be_no_source(file)
    try:
        Path(file).write_bytes(data)
    except OSError as error:
        raise Mistake(f"{file!r} can't be written: {error.strerror or error}") from None


def _must_be_no_source(file: str) -> None:
    """A report never takes the place of a program."""
    if Path(file).suffix in (".py", ".pyi", ".ipynb") and Path(file).exists():
        raise Mistake(f"--output would overwrite {file!r}, which looks like a program; name another file")


def write_summary(text: str) -> None:
    """Effect: says on standard error what standard output did not show."""
    sys.stderr.write(text)
