"""What could be changed, before it was tried: the change, what it should move, and what it could break."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from jaxaudit.model.spot import Spot

Kind = Literal["edit", "setting", "flag"]
Metric = Literal[
    "compiles", "traces", "constants_bytes", "equations", "compile_s", "run_s", "syncs", "cache_hits", "peak_bytes"
]

COUNTS: tuple[Metric, ...] = ("compiles", "traces", "constants_bytes", "equations", "syncs", "cache_hits")
"""Metrics that do not flicker; the others are clocks."""


class Expected(NamedTuple):
    """One figure that a change should move, said before it is tried. `function` is "" where the whole run is meant."""

    metric: Metric
    was: float
    now: float
    low: float
    high: float
    function: str = ""

    def held(self, measured: float) -> bool:
        return self.low <= measured <= self.high


class Reason(NamedTuple):
    """Why something was kept, dropped or never tried: one of the contract's words, and a sentence."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of some files or of a setting.

    `edits` are replacements `text[start:end] -> new` by path, so that several proposals go together; `texts` holds each
    changed file whole.
    """

    id: str
    title: str
    rules: tuple[str, ...]
    findings: tuple[int, ...]
    at: Spot
    kind: Kind = "edit"
    edits: Mapping[str, tuple[tuple[int, int, str], ...]] = field(default_factory=dict)
    texts: Mapping[str, bytes] = field(default_factory=dict)
    diff: str = ""
    setting: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    expected: tuple[Expected, ...] = ()
    risk: str = ""
    changes_signature: bool = False
    changes_draws: bool = False
    group: str = ""
    """Proposals of one group are ways to the same end: the first that is kept makes the others needless."""
    touched: tuple[str, ...] = ()
    """The functions whose compiles, constants or values it is about."""
    includes: tuple[str, ...] = ()
    """Changes that were kept before, upon whose text this one was written: `edits` and `texts` hold them too, `diff` does
    not."""


@dataclass(frozen=True, slots=True)
class RuledOut:
    """What was considered and not tried."""

    title: str
    rules: tuple[str, ...]
    at: Spot
    reason: Reason
    findings: tuple[int, ...] = ()
