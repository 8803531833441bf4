"""What an audit proposes for `host-sync-in-loop`: values stay on the device and are fetched once, behind the loop; or, where a
turn reads an array number by number, the array is fetched once in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.fetching import fetched_once
from jaxaudit.edits.fetching_later import fetched_where_read
from jaxaudit.edits.host_reads import read_on_the_host
from jaxaudit.model import Finding, amounts
from jaxaudit.model.proposal import Expected
from jaxaudit.model.spot import Spot
from jaxaudit.rules.project import Change, Project, Refused, seen_by_line

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.model.wasted import TurnCall

MOST_BYTES = 1 << 28
RISK_OF_HOST = "The whole array comes to the host, also where one number of a large one is read. NumPy may round the last bit otherwise."
RISK_OF_BRANCH = "An error in a step shows later, and the host may run ahead of the device by many turns."
RISK = (
    "All the values are on the device until the loop has ended, which takes memory where they are large; an error in a "
    "step shows later; what ends the loop early leaves device values in the list."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each line at which a run saw the host wait in every turn; lines of one function that read several numbers
    of an array read it once. What a compiled loop calls is for the user to write otherwise."""
    findings = [one for one in findings if "calls" not in one.facts]
    apart = _read_apart(findings, project)
    yield from apart
    done_so = [one for change in apart for one in change.findings]
    for seen, group in seen_by_line([one for one in findings if not any(one is other for other in done_so)]):
        path, line = seen.place.path, seen.place.line
        at = Spot(path, line, seen.place.function)
        held = int(seen.facts.get("bytes") or 0)
        if held > MOST_BYTES:
            yield Refused(
                f"the fetch in line {line}, once behind the loop", group, at, "does-not-apply",
                f"{amounts.size(held)} would be held on the device until the loop has ended",
            )  # fmt: skip
            continue
        try:
            later, branches = fetched_where_read(project.text(path), line)
        except CannotEdit:
            pass
        else:
            where = " and ".join(f"line {one}" for one in branches)
            yield Change(
                f"what line {line} fetches in each turn is fetched only in the branch in {where}, which reads it",
                group, at, {path: later}, expected=tuple(_fewer(project.evidence, int(seen.facts["count"]))),
                risk=RISK_OF_BRANCH, touched=(seen.place.function,),
            )  # fmt: skip
            continue
        try:
            done = fetched_once(project.text(path), line)
        except CannotEdit as error:
            yield Refused(f"the fetch in line {line}, once behind the loop", group, at, "does-not-apply", f"{error}")
            continue
        yield Change(
            f"what line {line} fetches in each turn stays on the device, and `{done.name}` is fetched once, behind the loop",
            group,
            at,
            {path: done.edits},
            expected=tuple(_expected(project.evidence, int(seen.facts["count"]))),
            risk=RISK,
            touched=(seen.place.function,),
        )


def _read_apart(findings: Sequence[Finding], project: Project) -> list[Change]:
    """Where a line dispatches an operation for each number that it reads."""
    dispatching = {(call.at.path, call.at.line) for loop in project.evidence.loops for call in _every(loop.calls)}
    functions: dict[tuple[str, str], list[Finding]] = {}
    for seen, _ in seen_by_line(findings):
        functions.setdefault((seen.place.path, seen.place.function), []).append(seen)
    changes: list[Change] = []
    for (path, function), some in functions.items():
        lines = sorted(one.place.line for one in some)
        if not any((path, line) in dispatching for line in lines):
            continue
        try:
            edits = read_on_the_host(project.text(path), lines)
        except CannotEdit:
            continue
        same = tuple(one for one in findings if one.place.path == path and one.place.line in lines)
        count = sum(int(one.facts["count"]) for one in some)
        whole = sum(one.count for one in project.evidence.syncs)
        where = f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
        expected = (Expected("syncs", whole, whole - count, 0, whole - count // 3),) if whole >= count else ()
        at = Spot(path, lines[0], function)
        title = f"what {where} of `{function}` read is fetched once for each array, and worked out by NumPy"
        changes.append(
            Change(title, same, at, {path: edits}, expected=expected, risk=RISK_OF_HOST, touched=(function,))
        )
    return changes


def _every(calls: Sequence[TurnCall]) -> Iterator[TurnCall]:
    for call in calls:
        yield call
        yield from _every(call.calls)


def _fewer(evidence: Evidence, count: int) -> Iterator[Expected]:
    """How often the branch is taken is not known: at most in every second turn it would be worth it."""
    whole = sum(one.count for one in evidence.syncs)
    if whole >= count > 1:
        yield Expected("syncs", whole, whole - count, whole - count, whole - count // 2)


def _expected(evidence: Evidence, count: int) -> Iterator[Expected]:
    whole = sum(one.count for one in evidence.syncs)
    if whole >= count > 1:
        yield Expected("syncs", whole, whole - count + 1, whole - count, whole - count // 2)
