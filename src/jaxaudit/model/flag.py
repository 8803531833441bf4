"""One word of XLA_FLAGS, judged."""

from typing import Literal, NamedTuple


class JudgedFlag(NamedTuple):
    """A flag as it is written at `start` of a text, and whether XLA takes it.

    `verdict`: "known", "removed" (`removed_in` says when), "unknown" (`nearest` is a known name like it), "malformed"
    (`fault` says how), or "other-plugin" (of a TPU plugin, say: not judged). `source` says by what it was judged, and
    `installed` whether that is the library which the program will run on.
    """

    name: str
    start: int
    verdict: Literal["known", "removed", "unknown", "malformed", "other-plugin"]
    fault: str
    nearest: str | None
    removed_in: str | None
    source: str
    installed: bool
