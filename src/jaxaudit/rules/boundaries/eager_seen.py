"""Loops that a run saw dispatch one small program after another, and what that took."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import amounts

if TYPE_CHECKING:
    from jaxaudit.model import Finding
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.model.spot import Spot
    from jaxaudit.model.wasted import LoopSeen, TurnCall
    from jaxaudit.rules.rule import Rule

LEAST = 1000
"""Programs of a loop from which on it is worth a word."""
A_TURN = 4
TURNS = 10
LEAST_SECONDS, LEAST_SHARE = 0.05, 0.01
MUCH_SECONDS, MUCH_SHARE = 1.0, 0.05
"""Of the run, from which on it is a warning."""
LONG = 3e-3
"""Seconds of the processor from one to the next above which the work takes the time, not its dispatching: to trace a gradient in each turn takes
some, too, and a jit saves that as well."""


def worth_a_word(evidence: Evidence) -> Iterator[LoopSeen]:
    whole = evidence.environment.seconds
    for seen in evidence.loops:
        often = seen.count >= LEAST and seen.turns >= TURNS and seen.count >= A_TURN * seen.turns
        if often and seen.seconds >= max(LEAST_SECONDS, LEAST_SHARE * whole) and seen.seconds < LONG * seen.count:
            yield seen


def is_told(at: Spot, loops: Iterable[LoopSeen]) -> bool:
    """Whether one of these tells of a line: it stands in a function that a turn runs, or is a line of the turn."""
    return any(
        (at.path, at.function) in {(spot.path, spot.function) for spot in reached(seen.calls)}
        or (at.path, at.line) in {(call.at.path, call.at.line) for call in seen.calls}
        for seen in loops
    )


def reached(calls: Iterable[TurnCall]) -> Iterator[Spot]:
    """The functions that these calls run, and that their calls run."""
    for call in calls:
        if call.runs is not None:
            yield call.runs
        yield from reached(call.calls)


def looping(rule: Rule, seen: LoopSeen, evidence: Evidence) -> Finding:
    main = seen.main
    what = f"`{main.text}`" if main is not None else f"the loop in line {seen.loop}"
    within = f" in the loop in line {seen.loop}" if main is not None else ""
    shown = ", ".join(f"`{name}`" for name in seen.operations[:3])
    more = " and others" if len(seen.operations) > 3 else ""
    callee = called(main) if main is not None else ""
    who = f"`{callee}` runs eagerly" if callee else "it runs eagerly"
    much = seen.seconds >= min(MUCH_SECONDS, MUCH_SHARE * evidence.environment.seconds)
    at_loop = seen.at._replace(line=seen.loop)
    parts = [one for one in seen.calls if one.text] if main is None else []
    notes = [(one.at, f"`{one.text}` runs {one.share:.0%} of them") for one in parts]
    return rule.seen(
        seen.at if main is not None else at_loop,
        f"{what} ran about {amounts.about(seen.count)} small programs one after another{within}, "
        f"{amounts.seconds(seen.seconds)} of processor time: {who}, outside jit, so each operation ({shown}{more}) is dispatched by "
        "itself; put one `jax.jit` around the work of a turn",
        facts={
            "function": callee or seen.at.function,
            "dispatches": seen.count,
            "seconds": round(seen.seconds, 4),
            "operations": list(seen.operations),
            "loop": seen.loop,
            "calls": [{"line": one.at.line, "call": one.text, "share": one.share} for one in seen.calls],
        },
        notes=[(at_loop, "the loop")] if main is not None else notes,
        help="Jit a function of one turn and call that in the loop, or make the loop a `jax.lax.scan` under jit.",
        severity=None if much else "info",
    )


def called(call: TurnCall) -> str:
    """The function that the call names, else the first of the user's on the way; "" where JAX's own are called there."""
    names = [spot.function.rpartition(".")[2] for spot in call.through]
    written = re.split(r"[(\[]", call.text)[0].rpartition(".")[2]
    return written if written in names else next(iter(names), "")
