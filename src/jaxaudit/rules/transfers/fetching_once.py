"""What an audit proposes for `host-sync-in-loop`: values stay on the device and are fetched once, behind the loop; or, where a
turn reads an array number by number, the array is fetched once in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.fetching import fetched_once, loop_around
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
    """One change for each loop in which a run saw the host wait in every turn; lines of one function that read several numbers
    of an array read it once. What a compiled loop calls is for the user to write otherwise."""
    findings = [one for one in findings if "calls" not in one.facts]
    apart = _read_apart(findings, project)
    yield from apart
    done_so = [one for change in apart for one in change.findings]
    loops: dict[tuple[str, int], list[_Line]] = {}
    for seen, group in seen_by_line([one for one in findings if not any(one is other for other in done_so)]):
        path, line = seen.place.path, seen.place.line
        held = int(seen.facts.get("bytes") or 0)
        if held > MOST_BYTES:
            yield _refused(seen, group, f"{amounts.size(held)} would be held on the device until the loop has ended")
        else:
            loops.setdefault((path, loop_around(project.text(path), line)), []).append(_Line(seen, group))
    for lines in loops.values():
        yield from _of_loop(lines, project)


class _Line(NamedTuple):
    seen: Finding
    group: tuple[Finding, ...]

    @property
    def number(self) -> int:
        return self.seen.place.line


def _of_loop(lines: Sequence[_Line], project: Project) -> Iterator[Change | Refused]:
    """The lines of one loop together: to wait for one value is to wait for all that are worked out with it."""
    path = lines[0].seen.place.path
    text = project.text(path)
    branches: dict[int, list[int]] = {}
    edits: list[Edit] = []
    moved: list[_Line] = []
    for one in sorted(lines, key=lambda one: one.number):
        try:
            later, branches[one.number] = fetched_where_read(text, one.number)
            edits += later
        except CannotEdit:
            try:
                fetched_once(text, [one.number])
                moved.append(one)
            except CannotEdit as error:
                yield _refused(*one, f"{error}")
    held: tuple[str, ...] = ()
    try:
        if moved:
            done = fetched_once(text, [one.number for one in moved])
            edits, held = [*edits, *done.edits], done.held
    except CannotEdit as error:
        for one in moved:
            yield _refused(*one, f"together with the others of its loop: {error}")
        moved = []
    taken = [one for one in lines if one in moved or one.number in branches]
    if not taken:
        return
    count = sum(int(one.seen.facts["count"]) for one in taken)
    expected = _fewer(project.evidence, count) if branches else _expected(project.evidence, count)
    yield Change(
        _title(moved, held, branches), tuple(finding for one in taken for finding in one.group),
        Spot(path, taken[0].number, taken[0].seen.place.function), {path: tuple(edits)}, expected=tuple(expected),
        risk=" ".join([RISK] * bool(moved) + [RISK_OF_BRANCH] * bool(branches)), touched=(taken[0].seen.place.function,),
    )  # fmt: skip


def _title(moved: Sequence[_Line], held: Sequence[str], branches: dict[int, list[int]]) -> str:
    said = []
    if moved:
        names = " and ".join(f"`{name}`" for name in held)
        where = (
            f", and {names} {'is' if len(held) == 1 else 'are'} fetched once, behind the loop"
            if held
            else " until it is read"
        )
        said.append(f"what {_lines([one.number for one in moved])} in each turn stays on the device{where}")
    if branches:
        where = " and ".join(f"line {one}" for one in dict.fromkeys(one for some in branches.values() for one in some))
        said.append(f"what {_lines(branches)} in each turn is fetched only in the branch in {where}, which reads it")
    return "; ".join(said)


def _lines(numbers: Iterable[int]) -> str:
    some = sorted(numbers)
    return (
        f"line {some[0]} fetches" if len(some) == 1 else f"lines {', '.join(map(str, some[:-1]))} and {some[-1]} fetch"
    )


def _refused(seen: Finding, group: tuple[Finding, ...], why: str) -> Refused:
    at = Spot(seen.place.path, seen.place.line, seen.place.function)
    return Refused(f"the fetch in line {at.line}, once behind the loop", group, at, "does-not-apply", why)


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
