"""What a run did for nothing: branches that save nothing, lists converted element by element, jits within loops, loops
that run one small program after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Site
    from jaxaudit.model.spot import Spot


@dataclass(frozen=True, slots=True)
class BranchesSeen:
    """A `cond` or `switch` that saved nothing: "batched", so that all sides run, or with one call "shared" by all."""

    at: Spot
    how: str
    by: str = "cond"
    site: Site | None = None
    name: str = ""
    """The heaviest side, or the function that all sides call."""
    of: Spot | None = None
    equations: int = 0
    heavy: str = ""
    """The name of what is heavy in it, as XLA's operations are named."""
    calls: tuple[Spot, ...] = ()


@dataclass(frozen=True, slots=True)
class ListSeen:
    """A line that made arrays of Python lists: in how many calls, and of how many elements in all."""

    at: Spot
    calls: int
    arrays: int
    """Elements that were arrays on a device."""
    numbers: int
    longest: int = 0
    seconds: float = 0.0
    by: str = ""
    list: str = ""
    """The list as the line writes it."""


@dataclass(frozen=True, slots=True)
class NestedSeen:
    """A jitted function that a loop of a traced program calls, and how many calls of it that program holds."""

    site: Site
    outer: Site
    by: str
    uses: int
    at: Spot | None = None
    """The loop."""


class TurnCall(NamedTuple):
    """A call in the turns of a loop, or in a function that these run, and what share of its small programs it runs."""

    at: Spot
    share: float
    text: str = ""
    """As written; "" where the line runs them itself, by operators."""
    runs: Spot | None = None
    """The function of the user's that most of them go through, where it begins."""
    calls: tuple[TurnCall, ...] = ()
    """And the calls in that one."""

    @property
    def through(self) -> tuple[Spot, ...]:
        """The functions of the user's that it goes through, the outermost first."""
        below = self.calls[0].through if self.calls else ()
        return () if self.runs is None else (self.runs, *below)


@dataclass(frozen=True, slots=True)
class LoopSeen:
    """A loop outside jit that ran small programs one after another: at its line with the most, about how many."""

    at: Spot
    loop: int
    """Its first line."""
    count: int
    turns: int = 0
    """A guess; 0 where nothing told."""
    seconds: float = 0.0
    """Of the processor, in the thread that dispatched them."""
    operations: tuple[str, ...] = ()
    calls: tuple[TurnCall, ...] = ()
    """Those that run the most, the first one on the line `at`."""

    @property
    def main(self) -> TurnCall | None:
        """The call that does at least half of the work."""
        return next((one for one in self.calls if one.share >= 0.5 and one.text), None)
