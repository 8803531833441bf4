"""Whether a line runs in every turn of a loop, and whether a loop is there to be measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.events import Loop
from jaxaudit.source.knowledge.host import CLOCKS

if TYPE_CHECKING:
    from jaxaudit.source.program import Program

EVERY_FEW = frozenset({"Mod", "BitAnd", "FloorDiv"})


def guard(program: Program, path: v.Path, loop_path: v.Path) -> str:
    """How a line is kept from running in each turn: "" not at all, "now and then" (`step % 100`), "maybe"."""
    found = ""
    for branch, _ in path[len(loop_path) :]:
        if branch.kind == "try":
            continue
        if branch.test is not None and counts_turns(branch.test):
            return "now and then"
        found = "maybe"
    return found


def counts_turns(test: v.Value, depth: int = 0) -> bool:
    """`step % 100 == 0`, `step in report_steps`, `step == last`: most turns go another way."""
    if isinstance(test, v.Op):
        if test.name in EVERY_FEW or (test.name in ("Eq", "In") and any(_of_turn(o) for o in test.operands)):
            return True
        return depth < 5 and any(counts_turns(o, depth + 1) for o in test.operands)
    if isinstance(test, v.Call):
        return depth < 5 and any(counts_turns(a, depth + 1) for a in test.args)
    return False


def _of_turn(value: v.Value) -> bool:
    return isinstance(value, v.Elem | v.Carried) or (isinstance(value, v.Item) and isinstance(value.base, v.Elem))


def is_timed(program: Program, loop: Loop) -> bool:
    """A clock is read in each turn: waiting is what the loop measures."""
    return any(loop in call.loops and c.known_name(program, call.func) in CLOCKS for call in loop.flow.calls)


def is_clocked(program: Program, loop: Loop) -> bool:
    """A clock is read in the function around the loop."""
    return any(c.known_name(program, call.func) in CLOCKS for call in loop.flow.calls)
