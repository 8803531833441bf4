"""When something happens as seen from one scope: a call, an assignment, or a call that leads to one."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.source import values as v
from jaxaudit.source.events import Loop
from jaxaudit.source.flow import Flow
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function

HIGHEST = 3
"""So many callers upwards are looked at for a scope in which two things both happen."""


class Moment(NamedTuple):
    """A point in the body of `flow`."""

    flow: Flow
    order: int
    path: v.Path
    loops: tuple[Loop, ...]
    expr: object


def of_call(call: v.Call) -> Moment:
    assert call.flow is not None
    return Moment(call.flow, call.order, call.path, call.loops, call.expr)


def seen_from_callers(program: Program, moment: Moment) -> Iterator[Moment]:
    """The moment itself, and the calls that lead to it, some callers upwards."""
    waiting: list[tuple[Moment, int]] = [(moment, 0)]
    seen: set[tuple[Function, int]] = set()
    while waiting:
        here, height = waiting.pop(0)
        yield here
        function = here.flow.function
        if height >= HIGHEST or function.is_module:
            continue
        for edge in program.graph.callers(function)[:24]:
            key = (edge.caller, edge.call.order)
            if key not in seen and edge.caller is not function:
                seen.add(key)
                waiting.append((of_call(edge.call), height + 1))


def by_flow(program: Program, moments: list[Moment]) -> dict[Flow, list[Moment]]:
    out: dict[Flow, list[Moment]] = {}
    for moment in moments:
        for seen in seen_from_callers(program, moment):
            known = out.setdefault(seen.flow, [])
            if seen not in known:
                known.append(seen)
    return out


def exclude_each_other(a: Moment, b: Moment) -> bool:
    """Whether a branch lets only one of the two happen in one run."""
    arms = dict(a.path)
    return any(branch in arms and arms[branch] != arm for branch, arm in b.path)


def common_loop(a: Moment, b: Moment) -> Loop | None:
    """The innermost loop that both stand in."""
    return next((loop for loop in reversed(a.loops) if loop in b.loops), None)


class Sequence(NamedTuple):
    """A run, then a change, then a run again (the same one in a loop's next turn)."""

    first: Moment
    change: Moment
    again: Moment


def run_change_run(runs: list[Moment], changes: list[Moment], fresh: list[Moment]) -> Sequence | None:
    """Something that runs before and after a change, without being made anew (`fresh`) in between; in one flow."""
    for change in changes:
        for again in runs:
            if exclude_each_other(change, again):
                continue
            loop = common_loop(change, again)
            if loop is not None and not any(loop in one.loops for one in fresh):
                return Sequence(again, change, again)
            if again.order <= change.order or any(change.order < one.order < again.order for one in fresh):
                continue
            first = next(
                (run for run in runs if run.order < change.order and not exclude_each_other(run, change)), None
            )
            if first is not None:
                return Sequence(first, change, again)
    return None
