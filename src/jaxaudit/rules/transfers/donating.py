"""What an audit proposes for `missed-donation`: `donate_argnames`, where the result takes the argument's name."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.nodes import call_at
from jaxaudit.edits.static_names import add_static_names
from jaxaudit.model import Finding
from jaxaudit.model.proposal import Expected
from jaxaudit.model.spot import Spot
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.rules.pytrees.pinning import argument_of
from jaxaudit.rules.static.making_static import site_of
from jaxaudit.rules.transfers.attribute_reads import only_replaced
from jaxaudit.rules.transfers.last_reads import Kept, is_fresh, only_rebound

if TYPE_CHECKING:
    from jaxaudit.source.callgraph import Edge

RISK = "The array that is handed in is gone after the call: a caller that is not in this project may still read it."


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each function; every caller of the project must put the result in the argument's place."""
    for one in findings:
        function = str(one.facts["function"])
        name = function.rpartition(".")[2]
        leaves = [str(leaf) for leaf in one.facts["arguments"]]
        parameters = list(dict.fromkeys(leaf.partition(".")[0].partition("[")[0] for leaf in leaves))
        words = "`, `".join(parameters)
        at = Spot(one.place.path, one.place.line, function)
        title = f"`{words}` of `{name}` donated"
        total = float(one.facts["bytes"])
        try:
            for parameter in parameters:
                _must_be_free(one, parameter, project)
            source = project.text(one.place.path)
            edits = add_static_names(source, site_of(source, one.place.line), parameters, "donate")
        except Kept as kept:
            yield Refused(title, (one,), at, "crashes", f"{kept}: donated, reading it would raise an error")
            continue
        except CannotEdit as error:
            yield Refused(title, (one,), at, "does-not-apply", f"no change is written: {error}")
            continue
        yield Change(
            f"{title}: its result takes the old array's memory",
            (one,),
            at,
            {one.place.path: edits},
            expected=(Expected("peak_bytes", 2 * total, total, 0.9 * total, 1.5 * total, function),),
            risk=RISK,
            touched=(function,),
        )


def _must_be_free(finding: Finding, parameter: str, project: Project) -> None:
    """Raises `Kept`, or CannotEdit where no call is in sight."""
    edges = list(_callers(finding, project))
    if not edges:
        raise CannotEdit("its calls are not in sight")
    for edge in edges:
        place = project.program.place(edge.call.flow, edge.call.expr)
        source = project.text(place.path)
        call = call_at(source, place)
        handed = argument_of(call, parameter, [one.name for one in edge.target.function.all_parameters])
        if isinstance(handed, ast.Attribute):
            others = [one for path in _files(project) if (one := project.text(path)).path != source.path]
            only_replaced(source, call, handed, [one for one in others if f".{handed.attr}" in one.text])
            continue
        try:
            only_rebound(source, call, handed)
        except Kept as kept:
            if "is a parameter" not in str(kept):
                raise
            _handed_in_fresh(edge, source.of(handed), kept, project)


def _files(project: Project) -> Iterator[str]:
    for path, module in project.program.by_path.items():
        if not module.context:
            yield os.path.normpath(path)


def _handed_in_fresh(edge: Edge, name: str, kept: Kept, project: Project) -> None:
    """The function that rebinds its parameter gets an array of its own from each caller."""
    outer = [one for one in project.program.graph.callers(edge.caller) if one.call.flow is not None]
    if not outer:
        raise kept
    for one in outer:
        place = project.program.place(one.call.flow, one.call.expr)
        source = project.text(place.path)
        given = argument_of(call_at(source, place), name, [each.name for each in one.target.function.all_parameters])
        if not is_fresh(source, given):
            raise kept


def _callers(finding: Finding, project: Project) -> Iterator[Edge]:
    """Calls from outside any trace, of the jitted function of this name and file."""
    program = project.program
    name = str(finding.facts["function"]).rpartition(".")[2]
    for function in list(program.graph.linked_functions):
        if function.name == name and os.path.normpath(function.module.path) == finding.place.path:
            for edge in program.graph.callers(function):
                if edge.call.flow is not None and program.tracing.context(edge.caller) is None:
                    yield edge
