"""What an audit proposes, before `static`, for numbers whose value changes no program: they are made arrays once.

A Python number is converted at each call, which takes as long as many a small call's own work; an array is not, and no
new value of it compiles anything.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.converting import converted_once
from jaxaudit.edits.edit import CannotEdit, Edit, merge
from jaxaudit.edits.nodes import call_at
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.project import Change, Project
from jaxaudit.source.tracing import position_of

if TYPE_CHECKING:
    from jaxaudit.source.callgraph import Edge
    from jaxaudit.source.scopes import Function

RISK = "What the loop did with the number itself, it does with the number still; only the call gets the array."


def converting(
    path: str, name: str, findings: Sequence[Finding], units: Sequence[Function], project: Project, group: str
) -> Change | None:
    """The numbers converted before the loops that call the function; None where no loop calls it so."""
    wanted = [str(one.facts["argument"]) for one in findings]
    edits: dict[str, list[Edit]] = {}
    bound: dict[str, str] = {}
    done: list[str] = []
    for unit in units:
        for edge in project.program.graph.callers(unit):
            if edge.caller not in project.program.tracing.contexts:
                done += _at_call(edge, wanted, project, edits, bound)
    if not edits:
        return None
    words = "`, `".join(dict.fromkeys(done))
    return Change(
        f"`{words}` handed to `{name}` as {'arrays' if len(set(done)) > 1 else 'an array'}, made once before the loop",
        tuple(findings),
        Spot(path, findings[0].place.line, name),
        {file: merge(found) for file, found in edits.items()},
        risk=RISK,
        group=group,
        touched=(name,),
    )


def _at_call(
    edge: Edge, wanted: Sequence[str], project: Project, edits: dict[str, list[Edit]], bound: dict[str, str]
) -> tuple[str, ...]:
    """The arguments of one call that were converted. Effect: its edits are added, where a loop stands around it."""
    place = project.program.place(edge.call.flow, edge.call.expr)
    try:
        source = project.text(place.path)
        call = call_at(source, place)
        own = {name: value for name in wanted if (value := _handed(call, edge, name)) is not None}
        found = converted_once(source, call, own)
    except CannotEdit:
        return ()
    if any(bound.setdefault(name, value) != value for name, value in found.bound.items()):
        return ()  # another call's number would have the same name
    here = edits.setdefault(place.path, [])
    here += [one for one in found.edits if one not in here]
    return found.parameters


def _handed(call: ast.Call, edge: Edge, name: str) -> ast.expr | None:
    """What the call writes for a parameter."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    position = position_of(edge.target, name)
    if position is None or position >= len(call.args):
        return None
    return None if any(isinstance(one, ast.Starred) for one in call.args[: position + 1]) else call.args[position]
