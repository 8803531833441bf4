"""What an audit proposes where a library's own function compiles at each use: one jit around the user's function that uses it, so
that what it is handed anew is traced, not compared.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.predictions import fewer_compiles
from jaxaudit.rules.project import Change, Project, Refused

RISK = (
    "Under jit every argument is traced: a Python branch on one raises an error, and the function is compiled again for each new "
    "shape. What it reads from around it is read once. XLA fuses what ran apart, so the last bits of a float may move."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each function of the user's in which a library compiles again and again."""
    from jaxaudit.rules.boundaries.turn_edits import jitted

    functions: dict[Spot, list[Finding]] = {}
    for one in findings:
        if one.source == "run" and (around := _function_of(one, project)) is not None:
            functions.setdefault(around, []).append(one)
    for at, group in functions.items():
        inner = " and ".join(dict.fromkeys(f"`{one.facts['function']}`" for one in group if one.facts.get("function")))
        title = f"`{at.function}` jitted, and {inner or 'what it calls'} compiled as a part of it"
        try:
            edits = jitted(project, at, at.path)
        except CannotEdit as error:
            yield Refused(title, tuple(group), at, "does-not-apply", f"no change is written: {error}")
            continue
        again = sum(int(one.facts.get("recompiles") or 0) for one in group)
        yield Change(
            title, tuple(group), at, edits, expected=tuple(fewer_compiles(project.evidence, again)), risk=RISK,
            group=f"around {at.path}:{at.line}", touched=(at.function,),
        )  # fmt: skip


def _function_of(finding: Finding, project: Project) -> Spot | None:
    """The function of module level that holds the line; None for methods, nested functions and a module's own lines."""
    place = finding.place
    try:
        source = project.text(place.path)
    except CannotEdit:
        return None
    for node in source.tree.body:
        if isinstance(node, FUNCTIONS) and node.lineno <= place.line <= (node.end_lineno or node.lineno):
            inner = [one for one in ast.walk(node) if isinstance(one, FUNCTIONS) and one is not node]
            if not any(one.lineno <= place.line <= (one.end_lineno or one.lineno) for one in inner):
                return Spot(place.path, node.lineno, node.name)
    return None
