"""Seeds that are the sum of two counters: `key(epoch + batch)` is the same for epoch 1, batch 2 and for epoch 2, batch 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.model import Note
from jaxaudit.rules.random_numbers.key_pairs import Told
from jaxaudit.rules.random_numbers.key_repeats import place_of
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import text
from jaxaudit.source.knowledge.random_keys import KEY_MAKERS
from jaxaudit.source.numbers import number
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function

FOLDS = {"jax.random.fold_in": (1, "data")}
DEEP = 4


class Sum(NamedTuple):
    """Two loops, one inside the other, whose counters are added."""

    outer: Loop
    inner: Loop


def made_of_sums(program: Program, function: Function) -> Iterator[Told]:
    for call in function.flow.calls:
        slot = {**KEY_MAKERS, **FOLDS}.get(c.known_name(program, call.func) or "")
        seed = call.argument(*slot) if slot is not None else None
        if seed is None or call.expr is None:
            continue
        found = sum_of(program, function, list(terms(v.settle(seed))), 0)
        if found is None:
            continue
        yield Told(
            ("sum", id(call)),
            program.place(call.flow, call.expr),
            f"`{text(call.expr, 60)}` adds two counters, those of the loops in lines {found.outer.line} and {found.inner.line}: different "
            "turns have the same sum, hence the same key, and draw the same numbers again; fold them in one after the other, "
            "`jax.random.fold_in(jax.random.fold_in(key, i), j)`",
            0.9,
            {"key": text(call.expr, 60), "loop_line": found.inner.line},
            (
                Note(place_of(program, found.inner), "one counter"),
                Note(place_of(program, found.outer), "and the other"),
            ),
        )


def terms(value: v.Value) -> Iterator[v.Value]:
    """What is added; a product keeps numbers apart, and is one term."""
    if isinstance(value, v.Op) and value.name == "Add":
        for operand in value.operands:
            yield from terms(v.settle(operand))
    else:
        yield value


def sum_of(program: Program, function: Function, parts: list[v.Value], depth: int) -> Sum | None:
    """The loops that two of the terms count, here or where the function is called."""
    loops = [found for found in (counted(program, part) for part in parts) if found is not None]
    for outer in loops:
        for inner in loops:
            if outer is not inner and outer in inner.outer:
                return Sum(outer, inner)
    own = [one for one in parts if isinstance(one, v.Param) and one.function is function]
    if len(own) + len(loops) < 2 or not own or depth >= DEEP:
        return None
    for edge in program.graph.callers(function):
        given = bind(edge.call, edge.target)
        above = [v.settle(given[one.name]) if one in own and one.name in given else one for one in parts]
        found = sum_of(program, edge.caller, [term for part in above for term in terms(part)], depth + 1)
        if found is not None:
            return found
    return None


def counted(program: Program, value: v.Value) -> Loop | None:
    """The loop that counts this value by ones: `for i in range(n)`, `for i, x in enumerate(xs)`."""
    if isinstance(value, v.Item) and isinstance(value.index, v.Const) and value.index.value == 0:
        return value.base.loop if isinstance(value.base, v.Elem) and _is(program, value.base, "enumerate") else None
    if not isinstance(value, v.Elem) or not _is(program, value, "range"):
        return None
    call = v.settle(value.iterable)
    if not isinstance(call, v.Call) or len(call.args) > 2:
        return None
    turns = number(program, call.args[-1])
    return value.loop if not isinstance(turns, int) or turns > 1 else None


def _is(program: Program, element: v.Elem, name: str) -> bool:
    made = v.settle(element.iterable)
    return isinstance(made, v.Call) and c.known_name(program, made.func) == f"builtins.{name}"
