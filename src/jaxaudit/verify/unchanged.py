"""The unchanged program, with which every change is compared."""

from dataclasses import dataclass, field

from jaxaudit.verify.outputs import Stable
from jaxaudit.verify.rounding import Rounding
from jaxaudit.verify.running import Prefix, Ran, Way


@dataclass(slots=True)
class Base:
    """Its runs of one way so far, and what is stable of them."""

    way: Way
    runs: list[Ran]
    stable: Stable = field(default_factory=Stable)
    rounding: Rounding | None = None
    """How far rounding alone moves it, once that was asked for."""
    otherwise: dict[str, Ran] = field(default_factory=dict)
    """What it did where XLA compiled it otherwise, by the flag."""
    died: str = ""
    """How it dies, where it does: then there is nothing to compare with."""
    prefix: Prefix | None = None
    """Where each run is stopped, of a program that runs too long."""
    upto: str = ""
    """The same in words."""

    @property
    def first(self) -> Ran:
        return self.runs[0]
