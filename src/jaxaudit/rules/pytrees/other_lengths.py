"""What is said of an argument that is longer or shorter in some turns of a loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.model import Note, Place
from jaxaudit.rules.control_flow.running import runs_eagerly
from jaxaudit.rules.pytrees.argument_kinds import place_of_call
from jaxaudit.rules.pytrees.growing_arguments import Growth, growing_arguments, words
from jaxaudit.rules.pytrees.uneven_batches import Uneven, uneven_batches

if TYPE_CHECKING:
    from jaxaudit.source.callgraph import Edge
    from jaxaudit.source.program import Program
    from jaxaudit.source.sites import Site


class Told(NamedTuple):
    place: Place
    message: str
    confidence: float
    facts: dict[str, str]
    notes: tuple[Note, ...]
    help: str


def other_lengths(program: Program, site: Site, edge: Edge) -> Iterator[Told]:
    grown = list(growing_arguments(program, site, edge))
    if grown:
        yield of_growth(program, site, grown[0], [one.param for one in grown])
    uneven = list(uneven_batches(program, site, edge))
    if uneven:
        yield of_uneven(program, site, uneven[0], [one.param for one in uneven])


def of_growth(program: Program, site: Site, growth: Growth, names: list[str]) -> Told:
    edge, name = growth.edge, "`, `".join(names)
    function = site.function.name
    sure = runs_eagerly(program, edge.caller)
    at = program.place(growth.loop.flow, growth.at) if growth.at is not None else None
    by = f" (`{words(growth)}`, line {at.line})" if at is not None else ""
    why = "each length is a shape" if growth.becomes == "shape" else "each number of items is a structure"
    return Told(
        place_of_call(program, edge.call),
        f"`{name}` of the jitted `{function}` {'grows' if len(names) == 1 else 'grow'} in each turn of the loop in line {growth.loop.line}{by}: {why} of "
        f"its own, and `{function}` is traced and compiled again each time",
        0.9 if sure and growth.always else 0.6 if sure or growth.always else 0.4,
        {"function": function, "parameter": names[0], "change": growth.becomes, "grows": words(growth)},
        (Note(at, "it grows here"),) if at is not None else (),
        "Give it its full length from the start and fill it (`.at[i].set(...)`, with a mask for what is still empty), or "
        "hand over the same number of items each time.",
    )


def of_uneven(program: Program, site: Site, uneven: Uneven, names: list[str]) -> Told:
    edge, name = uneven.edge, "`, `".join(names)
    function = site.function.name
    sure = uneven.sure and runs_eagerly(program, edge.caller)
    return Told(
        place_of_call(program, edge.call),
        f"`{name}` of the jitted `{function}` {'has' if len(names) == 1 else 'have'} {uneven.most} rows in each turn of the loop in line {uneven.loop.line} "
        f"but the last, which has {uneven.last} (of {uneven.total}): for that other shape `{function}` is traced and "
        "compiled again",
        0.85 if sure else 0.6 if runs_eagerly(program, edge.caller) else 0.4,
        {
            "function": function,
            "parameter": names[0],
            "change": "shape",
            "one": str(uneven.most),
            "other": str(uneven.last),
        },
        (),
        "Leave out the rest, pad the last batch (with a mask), or take a batch size that divides the number of rows.",
    )
