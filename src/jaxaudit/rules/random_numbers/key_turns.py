"""A key that one turn of a loop uses and then hands to the next, which uses it again."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Note
from jaxaudit.rules.random_numbers.key_origins import Origin, origin_of
from jaxaudit.rules.random_numbers.key_pairs import EVALUATES, Told, only_shows_shapes, said_so
from jaxaudit.rules.random_numbers.key_repeats import leaves
from jaxaudit.rules.random_numbers.spent_key import Spent
from jaxaudit.rules.random_numbers.unused_draws import is_thrown_away
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.events import Loop
from jaxaudit.source.program import Program


def used_and_carried_on(program: Program, spent: list[Spent]) -> Iterator[Told]:
    """`key, sub = split(key)`, then a draw from `key` itself: the next turn splits what was drawn from."""
    for again in spent:
        carried = again.origin.root
        if not isinstance(carried, v.Carried) or again.how == "fold" or again.inner is not None:
            continue
        loop = carried.loop
        handed_on = next_turn_has(program, again.origin, carried)
        if handed_on is None or loop not in again.call.loops or lifetime.repeats((loop,)) is None:
            continue
        for one in spent:
            if one.mark == handed_on.mark and stays_used(program, one, loop):
                yield told(program, one, again, loop)
                break


def next_turn_has(program: Program, origin: Origin, carried: v.Carried) -> Origin | None:
    """The key that a turn leaves to the next under the same name."""
    if carried.after is None:
        return None
    after = origin_of(program, carried.after, origin.steps)
    return None if isinstance(after.root, v.Carried | v.Phi) else after


def stays_used(program: Program, one: Spent, loop: Loop) -> bool:
    if one.how == "fold" or one.renews or loop not in one.call.loops:
        return False
    if len(one.path) > len(loop.path) and leaves(one, loop):
        return False
    return not (only_shows_shapes(one) or is_thrown_away(program, one))


def told(program: Program, one: Spent, again: Spent, loop: Loop) -> Told:
    deed = "splits" if again.how == "split" else "draws from"
    always = len(one.path) == len(loop.path) == len(again.path)
    meant = said_so(program, one) or EVALUATES.match(one.flow.function.name) is not None
    return Told(
        one.mark,
        program.place(one.flow, one.shown),
        f"the key `{one.name}` is already used by `{one.by}` when the next turn of the loop in line {loop.line} {deed} it "
        f"again (line {again.line}): the two are not independent",
        0.5 if meant else 0.85 if one.sure and again.sure and always else 0.6,
        {"key": one.name, "second": one.by, "again": again.by, "loop_line": loop.line},
        (Note(program.place(again.flow, again.shown), "used again here, in the next turn"),),
    )
