"""What a run shows of `stale-capture`: a value that had changed when the compiled program with the old one was called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.rule import IN_TESTS, Rule
from jaxaudit.source.contexts import is_test_path

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence, StaleSeen

SURE, PERHAPS = 0.9, 0.5
"""Of a container or an object it is not known that the part which differs is the one that was read."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for one in evidence.stale:
        yield rule.seen(
            one.at,
            message(one),
            confidence=IN_TESTS if is_test_path(one.at.path) else SURE if one.precise else PERHAPS,
            facts={"function": one.site.name, "name": one.name, "was": one.was, "now": one.now,
                   "changed_lines": [spot.line for spot in one.assigned]},
            notes=[*((spot, f"`{one.name}` is assigned here") for spot in one.assigned[:3]),
                   (one.call, "this call uses the old value")],
            help=f"Hand `{one.name}` in as an argument of `{one.site.name}`.",
        )  # fmt: skip


def message(one: StaleSeen) -> str:
    where = f"in line {one.call.line}" if one.call is not None and one.call.path == one.at.path else f"at {one.call}"
    value = f"from {one.was} to {one.now}" if one.was != one.now else f"(another {one.now})"
    changed = f"; line {one.assigned[0].line} assigns it" if len(one.assigned) == 1 else ""
    return (
        f"jitted `{one.site.name}` read `{one.name}` while it was traced; it changed afterwards {value}{changed}, and the "
        f"call {where} still worked with the old value"
    )
