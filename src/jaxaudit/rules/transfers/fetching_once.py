"""What an audit proposes for `host-sync-in-loop`: values stay on the device and are fetched once, behind the loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.fetching import fetched_once
from jaxaudit.model import Finding, amounts
from jaxaudit.model.proposal import Expected
from jaxaudit.model.spot import Spot
from jaxaudit.rules.project import Change, Project, Refused, seen_by_line

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence

MOST_BYTES = 1 << 28
RISK = (
    "All the values are on the device until the loop has ended, which takes memory where they are large; an error in a "
    "step shows later; what ends the loop early leaves device values in the list."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each line at which a run saw the host wait in every turn."""
    for seen, group in seen_by_line(findings):
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


def _expected(evidence: Evidence, count: int) -> Iterator[Expected]:
    whole = sum(one.count for one in evidence.syncs)
    if whole >= count > 1:
        yield Expected("syncs", whole, whole - count + 1, whole - count, whole - count // 2)
