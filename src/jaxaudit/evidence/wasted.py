"""What a process wrote of branches that save nothing, of lists that became arrays, of jits within loops, and of loops that
run small programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jaxaudit.evidence.gathered import Gathered
from jaxaudit.evidence.places import plain_name
from jaxaudit.evidence.rows import Row, number_of, rows_of, seconds_of, text_of, words_of
from jaxaudit.model.wasted import BranchesSeen, ListSeen, LoopSeen, NestedSeen, TurnCall


def branches(to: Gathered, row: Row) -> None:
    at, how = to.places.spot(row.get("at")), text_of(row, "how")
    if at is not None:
        to.branches[at, how] = BranchesSeen(
            at=at,
            how=how,
            by=text_of(row, "by", "cond"),
            site=to.sites.get(row.get("site")),
            name=plain_name(text_of(row, "name")),
            of=to.places.spot(row.get("of")),
            equations=number_of(row, "equations"),
            heavy=text_of(row, "heavy"),
            calls=tuple(spot for part in rows_of(row, "calls") if (spot := to.places.spot(part)) is not None),
        )


def list_(to: Gathered, row: Row) -> None:
    at = to.places.spot(row)
    if at is not None:
        to.lists[at] = ListSeen(
            at=at,
            calls=number_of(row, "calls"),
            arrays=number_of(row, "arrays"),
            numbers=number_of(row, "numbers"),
            longest=number_of(row, "longest"),
            seconds=seconds_of(row, "seconds"),
            by=text_of(row, "by"),
            list=text_of(row, "list"),
        )


def nested(to: Gathered, row: Row) -> None:
    site, outer = to.sites.get(row.get("site")), to.sites.get(row.get("outer"))
    if site is not None and outer is not None:
        uses = max(1, number_of(row, "uses"))
        to.nested[site] = NestedSeen(site, outer, text_of(row, "by"), uses, to.places.spot(row.get("at")))


def dispatches(to: Gathered, row: Row) -> None:
    head = to.places.spot(row)
    if head is None:
        return
    calls = tuple(_calls(to, row))
    if not number_of(row, "count") or not calls:
        to.loops.pop((head.path, head.line), None)
        return
    to.loops[head.path, head.line] = LoopSeen(
        at=calls[0].at,
        loop=head.line,
        count=number_of(row, "count"),
        turns=number_of(row, "turns"),
        seconds=seconds_of(row, "seconds"),
        operations=words_of(row, "operations"),
        calls=calls,
    )


def _calls(to: Gathered, of: Row) -> Iterator[TurnCall]:
    """The calls in a function or a loop, and in the functions that they run."""
    for part in rows_of(of, "calls"):
        at = to.places.spot({"path": of.get("path"), "line": part.get("line"), "function": of.get("function")})
        inside = part.get("runs")
        inside = inside if isinstance(inside, dict) else {}
        if at is not None:
            below = tuple(_calls(to, inside)) if inside else ()
            yield TurnCall(at, seconds_of(part, "share"), text_of(part, "text"), to.places.spot(inside or None), below)


READERS: dict[str, Callable[[Gathered, Row], None]] = {
    "branches": branches,
    "list": list_,
    "nested": nested,
    "dispatches": dispatches,
}
