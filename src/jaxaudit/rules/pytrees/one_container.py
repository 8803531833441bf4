"""What an audit proposes for `unstable-structure` where an argument comes as a list and as a tuple: one of them, at each call."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import wrap
from jaxaudit.edits.nodes import call_at
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.predictions import fewer_of_one
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.rules.pytrees.pinning import argument_of, calls, parameters_of

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText

ALIKE = {frozenset({"list", "tuple"}): "tuple", frozenset({"dict", "OrderedDict"}): "dict"}
"""Containers that hold the same, and the one of them that is handed over."""
RISK = "The function is handed a tuple (or a dict) each time: what it asks of lists alone, such as `append`, raises an error."


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    for one in findings:
        if one.source != "run" or one.facts.get("kind") != "structure" or not one.facts.get("leaves"):
            continue
        function = str(one.facts["function"])
        name = function.rpartition(".")[2]
        wanted = {str(leaf): _wanted(one, str(leaf)) for leaf in one.facts["leaves"]}
        if not all(wanted.values()):
            continue
        words = " and ".join(f"`{leaf}`" for leaf in wanted)
        kinds = " or ".join(f"a {kind}" for kind in dict.fromkeys(wanted.values()))
        title = f"{words} of `{name}` {'come' if len(wanted) > 1 else 'comes'} as {kinds} each time"
        same = tuple(
            other for other in findings
            if other is one or (other.facts.get("function") == name and other.facts.get("parameter") in wanted)
        )  # fmt: skip
        at = Spot(one.place.path, one.place.line, function)
        try:
            edits = _edits(one, wanted, project)
        except CannotEdit as error:
            yield Refused(title, same, at, "does-not-apply", f"no change is written: {error}")
            continue
        expected = tuple(fewer_of_one(project.evidence, function, int(one.facts.get("recompiles") or 0)))
        yield Change(title, same, at, edits, expected=expected, risk=RISK, touched=(function,))


def _wanted(finding: Finding, leaf: str) -> str:
    """What the argument should always be; "" where it differs in more, or within."""
    return ALIKE.get(frozenset(map(str, finding.facts["values"].get(leaf, ()))), "") if leaf.isidentifier() else ""


def _edits(finding: Finding, wanted: dict[str, str], project: Project) -> dict[str, list[Edit]]:
    found: dict[str, list[Edit]] = {}
    for edge in calls(finding, project):
        place = project.program.place(edge.call.flow, edge.call.expr)
        source = project.text(place.path)
        call = call_at(source, place)
        for leaf, kind in wanted.items():
            handed = argument_of(call, leaf, parameters_of(edge))
            if not _is_that(source, handed, kind):
                found.setdefault(os.path.normpath(place.path), []).extend(wrap(source, handed, f"{kind}(", ")"))
    if not found:
        raise CannotEdit("its calls are not in sight")
    return {path: list(dict.fromkeys(some)) for path, some in found.items()}


def _is_that(source: SourceText, node: ast.expr, kind: str) -> bool:
    return isinstance(node, {"tuple": ast.Tuple, "dict": ast.Dict}[kind]) or source.of(node).startswith(f"{kind}(")
