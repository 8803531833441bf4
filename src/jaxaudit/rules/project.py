"""What a rule may ask when it proposes changes: the linked program, the run, the files' texts, the user's wishes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.model.spot import Spot

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.model import Finding
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.model.proposal import Expected
    from jaxaudit.source.program import Program


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked to be left as it is."""

    never_static: tuple[str, ...] = ()
    keep_signatures: bool = False
    captured_bytes: int = 2 << 20


@dataclass(frozen=True, slots=True)
class Project:
    """All files are the user's own, by the paths that findings use. `text` raises CannotEdit for others."""

    program: Program
    evidence: Evidence
    text: Callable[[str], SourceText]
    wishes: Wishes = Wishes()
    linked: Callable[[Mapping[str, bytes]], Program] | None = None
    """The program with these files in place of what is on disk: what the rules would say of a change."""

    def sources(self) -> Iterator[SourceText]:
        """The files of the working directory that parse."""
        for path, module in self.program.by_path.items():
            if module.context or os.path.isabs(path):
                continue
            try:
                source = self.text(path)
                source.tree  # noqa: B018
            except CannotEdit:
                continue
            yield source


@dataclass(frozen=True, slots=True)
class Change:
    """One way to answer some findings of a rule: edits by path (or a setting), and what they should move.

    Ways to the same end share `group` and come best first.
    """

    title: str
    findings: tuple[Finding, ...]
    at: Spot
    edits: Mapping[str, Sequence[Edit]] = field(default_factory=dict)
    setting: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    expected: tuple[Expected, ...] = ()
    risk: str = ""
    changes_signature: bool = False
    changes_draws: bool = False
    group: str = ""
    touched: tuple[str, ...] = ()


def seen_by_line(findings: Iterable[Finding]) -> Iterator[tuple[Finding, tuple[Finding, ...]]]:
    """For each line of which a run told: what it told, and all findings of that line. What the source only suspects is
    left out.
    """
    lines: dict[tuple[str, int], list[Finding]] = {}
    for one in findings:
        lines.setdefault((one.place.path, one.place.line), []).append(one)
    for group in lines.values():
        seen = next((one for one in group if one.source == "run"), None)
        if seen is not None:
            yield seen, tuple(group)


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that a reader will ask about and that is not to be tried: `code` is one of the contract's reasons."""

    title: str
    findings: tuple[Finding, ...]
    at: Spot
    code: str
    text: str
