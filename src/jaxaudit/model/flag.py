"""One flag of XLA's as source writes it, judged."""

from typing import Any, Literal, NamedTuple, Protocol

HOLE = "\0"
"""Stands, in a text that source puts together, for the parts that only a run knows."""


class JudgedFlag(NamedTuple):
    """A flag whose name is written at `start` of a text, and whether XLA takes it.

    `verdict`: "known", "removed" (`removed_in` says when), "unknown" (`nearest` is a known name like it), "malformed"
    (`fault` says how: "one-dash", "no-dash", "typographic" dashes, "joined" with the next flag, or a "value" that is
    none of its `kind`), or "other-plugin" (of a TPU plugin, say: not judged). `source` says by what it was judged, and
    `installed` whether that is the library which the program will run on.
    """

    name: str
    value: str | None
    start: int
    verdict: Literal["known", "removed", "unknown", "malformed", "other-plugin"]
    fault: str
    kind: str
    nearest: str | None
    removed_in: str | None
    source: str
    installed: bool


class FlagJudge(Protocol):
    """What knows the flags of one XLA."""

    def words(self, text: str) -> list[JudgedFlag]:
        """The flags in a text of XLA_FLAGS, in which `HOLE` stands for what is not known."""

    def option(self, name: str, value: Any) -> JudgedFlag:
        """An entry of `compiler_options`; the value is None where it is not known."""
