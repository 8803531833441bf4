"""A place in words: `train.py:12:5`, or `train.ipynb:cell 3:2:5` in a notebook."""

from collections.abc import Mapping
from typing import Any


def file_of(at: Mapping[str, Any]) -> str:
    """The file, and the cell of a notebook: what line numbers count from."""
    return f"{at['path']}:cell {at['cell']}" if at.get("cell") else str(at["path"])


def line_of(at: Mapping[str, Any]) -> str:
    return f"{file_of(at)}:{at['line']}"


def place_of(at: Mapping[str, Any]) -> str:
    return f"{line_of(at)}:{at['column']}"


def order_of(at: Mapping[str, Any]) -> tuple[str, int, int]:
    """As a reader goes through the files."""
    return (at["path"], at.get("cell") or 0, at["line"])
