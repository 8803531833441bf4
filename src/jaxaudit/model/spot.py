"""A line of the user's program, and what stands around it."""

from typing import NamedTuple


class Turns(NamedTuple):
    """The loop of its own function in which a line stands."""

    line: int
    kind: str
    """"for", "while" or "comprehension"."""
    now_and_then: bool = False
    """The line stands under a test on a remainder: it does not run in every turn."""
    over: str = ""
    """As written: `layer in self.layers`; the test of a `while`."""


class Spot(NamedTuple):
    """A line of the program, and the function it belongs to ("" where nobody knows)."""

    path: str
    line: int
    function: str = ""
    loop: Turns | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"
