"""What trying a proposal showed, and the verdict."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from jaxaudit.model.proposal import Reason

Verdict = Literal["keep", "drop", "undecided"]
Outputs = Literal["equal", "within-tolerance", "rounding-amplified", "different", "not-compared"]
Tests = Literal["same", "broken", "none"]
MENDED_ALONG = "nothing of it is left to mend"
"""In the words of an audit, why a change was not tried that another one made needless."""


class Measured(NamedTuple):
    """One figure before and after. `low` and `high` bound the ratio after/before; for counts they are the ratio."""

    metric: str
    before: float
    after: float
    low: float
    high: float
    pairs: int
    function: str = ""

    @property
    def ratio(self) -> float:
        return self.after / self.before if self.before else (1.0 if self.after == self.before else float("inf"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One proposal's trial."""

    proposal: str
    verdict: Verdict
    reason: Reason
    outputs: Outputs = "not-compared"
    difference: str = ""
    tests: Tests = "none"
    measured: tuple[Measured, ...] = ()
    held: tuple[int, int] = (0, 0)
    """How many of the predicted intervals held, of how many."""
    values: str = ""
    """Which functions' returned values were compared, or why none were."""
