"""Where something stands in the source."""

from typing import NamedTuple


class Place(NamedTuple):
    """A range of one file. Lines and columns (in characters) count from 1; the end column is the one after the last."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str = "<module>"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"
