"""What a rule is: named fields to read from top to bottom, then the match."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from jaxaudit.model import Finding, Fix, Note, Place, Severity
from jaxaudit.model.finding import CERTAIN
from jaxaudit.source.contexts import is_test_path

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.model.spot import Spot
    from jaxaudit.rules.project import Change, Project, Refused
    from jaxaudit.source.program import Program

IN_TESTS = 0.5
"""The most that a finding in a test file is believed."""

LONGEST = 10_000
"""Columns: a run knows lines only, so its places reach to the end of the line."""

Sees = Literal["source", "run", "environment"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A small program that is checked and run by the tests.

    Lines that end in `# fault` are where the rule must fire; without such a line it must stay silent.
    `shows` is an expression that must be true after the program ran on real JAX. It may use the program's own names and
    `compiles("name")`, `traces("name")`, `equations(f, *args)`, `constants(f, *args)` (bytes), `raised` (text of the
    exception that ended the program, or ""), `warned` (text of all warnings) and `printed`.
    """

    code: str
    shows: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One way in which people write the fault, and the same program without it."""

    name: str
    dont: Sample
    do: Sample
    fixed_by_us: bool = False
    """The rule's own fix turns `dont` into exactly `do` (the `# fault` marks aside)."""


def unseen(program: "Program") -> Iterable[Finding]:
    """The match of a rule whose fault no source shows."""
    return ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that jaxaudit knows: its page, its suppression word, its SARIF id."""

    name: str
    title: str
    severity: Severity
    dont: str
    do: str
    why: str
    allowed: str
    may_break: str
    sees: tuple[Sees, ...]
    needs: tuple[str, ...]
    examples: tuple[Example, ...]
    allowed_samples: tuple[Sample, ...]
    match: Callable[["Program"], Iterable[Finding]] = unseen
    observe: "Callable[[Rule, Evidence], Iterable[Finding]] | None" = None
    """What a run shows of it."""
    mend: "Callable[[Finding, SourceText], tuple[Edit, ...]] | None" = None
    propose: "Callable[[Sequence[Finding], Project], Iterable[Change | Refused]] | None" = None
    """Changes that an audit tries, for all findings of this rule, of source and run together. Without it, an audit
    tries each finding's own fix."""
    must_hold: "Callable[[Finding, Project], None] | None" = None
    """Raises CannotEdit where the project shows what speaks against a finding's own fix; asked by an audit."""
    knows_better: bool = False
    """Whether `propose` is asked before the findings' own fixes: a run may show a better change than the source can."""
    aliases: tuple[str, ...] = ()
    matters_in_tests: bool = False
    """Whether a test file's author would thank us too; else a finding there is a suspicion at most."""
    family: str = ""
    """Filled from the folder that holds the rule's file."""

    def found(
        self,
        place: Place,
        message: str,
        confidence: float,
        *,
        facts: Mapping[str, Any] | None = None,
        notes: Iterable[Note] = (),
        help: str = "",
        fix: Fix | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this rule. In test files it stays below the certain ones, unless the rule matters there."""
        if confidence > IN_TESTS and not self.matters_in_tests and is_test_path(place.path):
            confidence = IN_TESTS
        return Finding(
            rule=self.name,
            title=self.title,
            message=message,
            severity=severity or self.severity,
            confidence=confidence,
            place=place,
            facts=dict(facts or {}),
            notes=tuple(notes),
            help=help or self.do,
            needs=() if confidence >= CERTAIN else self.needs,
            fix=fix,
        )

    def seen(
        self,
        at: "Spot",
        message: str,
        *,
        confidence: float = 1.0,
        facts: Mapping[str, Any] | None = None,
        notes: "Iterable[tuple[Spot | None, str]]" = (),
        help: str = "",
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of a run: what happened is a fact, in a test as well. Notes of unknown places are left out."""
        return Finding(
            rule=self.name,
            title=self.title,
            message=message,
            severity=severity or self.severity,
            confidence=confidence,
            place=place_of(at),
            facts=dict(facts or {}),
            notes=tuple(Note(place_of(spot), text) for spot, text in notes if spot is not None and spot != at),
            help=help or self.do,
            source="run",
        )


def place_of(at: "Spot") -> Place:
    """The whole line that a run named."""
    return Place(at.path, at.line, 1, at.line, LONGEST, at.function or "<module>")
