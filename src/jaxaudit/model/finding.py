"""One fault at one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jaxaudit.model.place import Place

Severity = Literal["error", "warning", "info"]
Applicability = Literal["proven", "safe", "unsafe"]

CERTAIN = 0.8
"""Findings from this confidence on are printed by default and count for the exit code."""


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that belongs to the fault: where the array was made, where the key was first used."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What can be changed for a finding. Only `fix` and `audit` fill `diff`, because deriving it costs a parse."""

    applicability: Applicability
    title: str
    diff: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault at one place: what it is, whom it concerns by name, and how sure we are."""

    rule: str
    title: str
    message: str
    severity: Severity
    confidence: float
    place: Place
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    help: str = ""
    needs: tuple[str, ...] = ()
    fix: Fix | None = None
    source: Literal["static", "run", "environment"] = "static"
    fingerprint: str = ""
    cell: int | None = None

    @property
    def certain(self) -> bool:
        return self.confidence >= CERTAIN
