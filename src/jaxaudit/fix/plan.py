"""From findings to new texts: which fixes can be made together, and why the others were left."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from jaxaudit.edits.edit import CannotEdit, Edit, clash, merge
from jaxaudit.edits.source_text import SourceText
from jaxaudit.fix.diff import unified_diff
from jaxaudit.model import Finding

Mended = tuple[Finding, tuple[Edit, ...]]
Mend = Callable[[Finding, SourceText], tuple[Edit, ...]]
Reason = Literal["unsafe", "notebook", "refused", "overlaps", "breaks-syntax", "not-cured", "too-many-rounds"]

UNSAFE = "the fix may change behaviour: `--unsafe` makes it"
NOTEBOOK = "cells of notebooks are not rewritten: change the cell by hand, as the finding's help says"
OVERLAPS = "the fix overlaps with another one"
BREAKS = "the fixed file would not parse"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A finding that has a fix which was not made, and one sentence that says why."""

    finding: Finding
    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class FixPlan:
    """One round: the changed texts by path, the findings whose edits are in them, and those left out."""

    texts: Mapping[str, SourceText]
    applied: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    landed: tuple[int, ...] = ()
    """For each applied finding, the line of the new text to which its place moved."""

    @property
    def waiting(self) -> bool:
        """Whether another round may make what overlapped in this one."""
        return any(one.reason == "overlaps" for one in self.skipped)


def plan_fixes(
    findings: Iterable[Finding],
    menders: Mapping[str, Mend],
    texts: Mapping[str, SourceText],
    unsafe: bool = False,
    shown: Callable[[str], str] = str,
) -> FixPlan:
    """The edits of all findings that go together. Of two that overlap the first in the file wins; the other waits.

    An applied finding holds its own diff, under the path as `shown` writes it.
    """
    changed: dict[str, SourceText] = {}
    applied: list[Finding] = []
    landed: list[int] = []
    skipped: list[Skipped] = []
    for path, group in _by_path(findings, menders).items():
        kept: list[Mended] = []
        for finding in group:
            wanted = _edits(finding, menders[finding.rule], texts.get(path), unsafe)
            if isinstance(wanted, Skipped):
                skipped.append(wanted)
            elif _overlaps(wanted, kept):
                skipped.append(Skipped(finding, "overlaps", OVERLAPS))
            else:
                kept.append((finding, wanted))
        if not kept:
            continue
        text, made, broken = _composed(texts[path], kept)
        skipped += broken
        if made:
            changed[path] = text
            applied += (_with_diff(texts[path], one, shown(path)) for one in made)
            landed += _landed(texts[path], text, made)
    return FixPlan(changed, tuple(applied), tuple(skipped), tuple(landed))


def _with_diff(text: SourceText, made: Mended, path: str) -> Finding:
    finding, edits = made
    diff = unified_diff(path, text.data, text.edited(edits).data).decode(text.encoding, errors="replace")
    return replace(finding, fix=finding.fix and replace(finding.fix, diff=diff))


def _landed(before: SourceText, after: SourceText, made: list[Mended]) -> Iterator[int]:
    edits = merge(edit for _, edits in made for edit in edits)
    for finding, _ in made:
        start = before.offset(finding.place.line, finding.place.column)
        moved = sum(
            len(edit.new) - (edit.end - edit.start) for edit in edits if edit.end <= start and edit.start < start
        )
        moved += sum(len(edit.new) for edit in edits if edit.start == edit.end == start)
        yield after.line_of(max(0, start + moved))


def _by_path(findings: Iterable[Finding], menders: Mapping[str, Mend]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    fixable = (one for one in findings if one.fix is not None and one.rule in menders)
    for finding in sorted(fixable, key=lambda one: (one.place, one.rule)):
        groups.setdefault(finding.place.path, []).append(finding)
    return groups


def _edits(finding: Finding, mend: Mend, text: SourceText | None, unsafe: bool) -> tuple[Edit, ...] | Skipped:
    if finding.fix and finding.fix.applicability == "unsafe" and not unsafe:
        return Skipped(finding, "unsafe", UNSAFE)
    if finding.cell is not None:
        return Skipped(finding, "notebook", NOTEBOOK)
    if text is None:
        return Skipped(finding, "refused", f"{finding.place.path} could not be read")
    try:
        edits = mend(finding, text)
    except CannotEdit as error:
        return Skipped(finding, "refused", str(error))
    if not any(text.text[edit.start : edit.end] != edit.new for edit in edits):
        return Skipped(finding, "refused", "no mechanical fix fits this place")
    return edits


def _overlaps(wanted: Iterable[Edit], kept: Iterable[Mended]) -> bool:
    return any(clash(mine, theirs) for mine in wanted for _, edits in kept for theirs in edits)


def _composed(text: SourceText, kept: list[Mended]) -> tuple[SourceText, list[Mended], list[Skipped]]:
    """The text with all edits; where that does not parse, with those that keep it parsing, one after the other."""
    whole, _ = _tried(text, kept)
    if whole is not None:
        return whole, kept, []
    done, made, broken = text, list[Mended](), list[Skipped]()
    for one in kept:
        tried, reason = _tried(text, [*made, one])
        if tried is None:
            broken.append(Skipped(one[0], "breaks-syntax", reason))
        else:
            done = tried
            made.append(one)
    return done, made, broken


def _tried(text: SourceText, made: list[Mended]) -> tuple[SourceText | None, str]:
    try:
        new = text.edited(edit for _, edits in made for edit in edits)
        ast.parse(new.text)
    except CannotEdit as error:
        return None, str(error)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None, BREAKS
    return new, ""
