"""Where something stands in the source."""

from typing import NamedTuple


class Place(NamedTuple):
    """A range of one file. Lines count from 1, columns from 1 in characters; the end column is the one after the last."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str = "<module>"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"
