"""`fix`: check, change, check again, until nothing more can be mended; then show the diff or write the files."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.source_text import SourceText
from jaxaudit.fix import FileChange, FixPlan, Skipped, Unwritten, plan_fixes, unified_diff, write_changes
from jaxaudit.fix.plan import Mend
from jaxaudit.model import Finding, Unread
from jaxaudit.steps import document
from jaxaudit.steps.cells import in_cells
from jaxaudit.steps.check import Options, find, notebooks_shown

ROUNDS = 10
"""Fixes that keep making room for others are stopped here."""

Recheck = Callable[[Mapping[str, bytes]], Sequence[Finding]]
"""Gives the findings as they would be with these files changed: paths and bytes."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fixing came to: the changed texts, the findings that are gone, those left, and why."""

    changes: tuple[FileChange, ...]
    fixed: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class FixReport:
    """Fixed, and what became of it: all that a report needs."""

    changes: tuple[FileChange, ...]
    fixed: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    unread: tuple[Unread, ...] = ()
    written: tuple[str, ...] = ()
    unwritten: tuple[Unwritten, ...] = ()
    notebooks: Mapping[str, Any] = field(default_factory=dict)
    """The notebooks among the files, by the path that a document writes."""

    @property
    def diff(self) -> bytes:
        """All changes together, for `git apply -p1` in the working directory."""
        return b"".join(unified_diff(document.shown(one.path), one.before, one.after) for one in self.changes)

    @property
    def exit_code(self) -> int:
        """0: nothing to fix, or all of it written. 1: a change is only shown, or a file was left or unread."""
        waiting = {one.path for one in self.changes} - set(self.written)
        return 1 if waiting or self.unwritten or self.unread else 0


def fix(
    paths: Sequence[str], options: Options, *, write: bool = False, unsafe: bool = False, unsure: bool = False
) -> FixReport:
    """Effect with `write`: replaces the files. The mechanical fixes of what `check` finds under the paths.

    `unsafe` takes those that may change behaviour, `unsure` those of findings that a run would have to settle.
    """
    if options.stdin:
        options = replace(options, overlay={**options.overlay, options.stdin[0]: options.stdin[1]})
    done = find(paths, options)
    menders = {name: rule.mend for name, rule in done.rules.items() if rule.mend}

    def wanted(findings: Iterable[Finding]) -> list[Finding]:
        return [one for one in findings if one.certain or unsure]

    def recheck(changed: Mapping[str, bytes]) -> Sequence[Finding]:
        return wanted(find(paths, _with(options, changed)).news)

    result = run_fix(wanted(done.news), recheck, menders, lambda path: _read(path, options), unsafe=unsafe)
    report = FixReport(
        result.changes, result.fixed, result.skipped, tuple(done.unread), notebooks=notebooks_shown(done.sources)
    )
    if not write:
        return report
    written, left = write_changes(report.changes)
    return replace(report, written=tuple(written), unwritten=tuple(left))


def run_fix(
    findings: Sequence[Finding],
    recheck: Recheck,
    menders: Mapping[str, Mend],
    read: Callable[[str], bytes],
    *,
    unsafe: bool = False,
    rounds: int = ROUNDS,
) -> Fixed:
    """Rounds of edits, each checked again before it counts; a fix after which the finding stands is taken back."""
    originals = _texts(findings, menders, read)
    texts = dict(originals)
    fixed: list[Finding] = []
    useless: dict[Any, Skipped] = {}
    for _ in range(rounds):
        plan = plan_fixes([one for one in findings if _key(one) not in useless], menders, texts, unsafe, document.shown)
        if not plan.applied:
            break
        after = recheck(_changed(originals, {**texts, **plan.texts}))
        idle = _not_cured(plan, findings, after)
        if idle:
            useless |= {_key(one): Skipped(one, "not-cured", "the fix was made and the finding stood") for one in idle}
            continue
        texts |= plan.texts
        fixed += plan.applied
        findings = after
        texts |= {path: text for path, text in _texts(findings, menders, read).items() if path not in texts}
        originals |= {path: text for path, text in texts.items() if path not in originals}
    left = plan_fixes([one for one in findings if _key(one) not in useless], menders, texts, unsafe)
    skipped = [*left.skipped, *(Skipped(one, "too-many-rounds", "left after the last round") for one in left.applied)]
    changes = [FileChange(path, originals[path].data, text.data) for path, text in sorted(texts.items())]
    return Fixed(tuple(one for one in changes if one.before != one.after), tuple(fixed), (*skipped, *useless.values()))


def fix_document(report: FixReport) -> dict[str, Any]:
    """The report under the JSON contract: a check's document whose fixed findings hold their diff."""
    before = {change.path: _lines_of(change) for change in report.changes}
    entries = [document.finding_entry(one, lambda path: before.get(path, [])) for one in report.fixed]
    left = [
        document.finding_entry(one.finding, lambda path: before.get(path, []))
        | {"skipped": {"code": one.reason, "text": one.text}}
        for one in report.skipped
    ]
    written = {
        "schema": document.SCHEMA,
        "kind": "check",
        "environment": document.environment(),
        "findings": entries + left,
        "unread": document.unread_entries(report.unread),
        "written": [document.shown(path) for path in report.written],
        "unwritten": [{"path": document.shown(one.path), "reason": one.reason} for one in report.unwritten],
    }
    return in_cells(written, report.notebooks)


def _texts(
    findings: Iterable[Finding], menders: Mapping[str, Mend], read: Callable[[str], bytes]
) -> dict[str, SourceText]:
    """The texts of all files with something to mend; one that cannot be read or decoded is left out, and said later."""
    texts: dict[str, SourceText] = {}
    for path in {one.place.path for one in findings if one.fix and one.rule in menders}:
        try:
            texts[path] = SourceText.from_bytes(path, read(path))
        except (CannotEdit, OSError):
            continue
    return texts


def _changed(originals: Mapping[str, SourceText], texts: Mapping[str, SourceText]) -> dict[str, bytes]:
    return {path: text.data for path, text in texts.items() if text.data != originals[path].data}


def _not_cured(plan: FixPlan, before: Iterable[Finding], after: Iterable[Finding]) -> list[Finding]:
    """The mended findings of which there are as many as before, those aside that another's fix brought to light."""
    mended = dict(zip(((one.place.path, line) for one, line in zip(plan.applied, plan.landed)), plan.applied))
    had = Counter(map(_key, before))
    have = Counter(_key(one) for one in after if mended.get((one.place.path, one.place.line), one).rule == one.rule)
    return [one for one in plan.applied if have[_key(one)] >= had[_key(one)]]


def _key(finding: Finding) -> tuple[str, str, str, str]:
    """What a finding says, without the line numbers that an edit above it moves."""
    return (finding.rule, finding.place.path, finding.place.function, re.sub(r"\d+", "", finding.message))


def _with(options: Options, changed: Mapping[str, bytes]) -> Options:
    stdin = options.stdin and (options.stdin[0], changed.get(options.stdin[0], options.stdin[1]))
    return replace(options, overlay={**options.overlay, **changed}, stdin=stdin)


def _read(path: str, options: Options) -> bytes:
    return options.overlay[path] if path in options.overlay else Path(path).read_bytes()


def _lines_of(change: FileChange) -> list[str]:
    return change.before.decode(errors="replace").splitlines()
