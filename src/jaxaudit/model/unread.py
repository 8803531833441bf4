"""What could not be read, and why: no evidence is an answer too."""

from typing import NamedTuple


class Unread(NamedTuple):
    """One file (or one cell of a notebook) that was not checked, with one sentence that says why."""

    path: str
    reason: str
    cell: int = 0
    """The cell, counted from 1, where all other cells of a notebook were checked."""
