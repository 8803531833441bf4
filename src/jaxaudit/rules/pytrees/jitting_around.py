"""What an audit proposes where a library's own function compiles at each use: one jit around the user's function that uses it, or
around the call alone with what it is handed, so that what comes anew is traced, not compared.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.extracting import extracted
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.lines import calls_on
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.source_text import SourceText
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.boundaries.subclasses import must_have_no_other_method
from jaxaudit.rules.predictions import fewer_compiles
from jaxaudit.rules.project import Change, Project, Refused

RISK = (
    "Under jit every argument is traced: a Python branch on one raises an error, and the function is compiled again for each new "
    "shape. What it reads from around it is read once. XLA fuses what ran apart, so the last bits of a float may move."
)
OF_EQUINOX = ("diffrax", "optimistix", "lineax", "equinox", "sympy2jax", "traffax")
"""Packages whose solvers, terms and results are Equinox modules, with functions among their leaves."""
OF_FUNCTIONS = ("new-function", "static-function", "static-identity")
"""What changed was a function or an object that the call was handed, not a number."""
CAPTURED_NUMBER = re.compile(r"\b([A-Za-z_]\w*): -?[\d.]+(?:e[+-]?\d+)? -> ")


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """For each function of the user's in which a library compiles again and again: itself jitted; or the library's call."""
    functions: dict[tuple[str, int, str], list[Finding]] = {}
    for one in findings:
        if one.source == "run":
            functions.setdefault(_function_of(one, project), []).append(one)
    for (path, line, name), group in functions.items():
        lines = dict.fromkeys(one.place.line for one in group)
        whole = _whole(Spot(path, line, name), group, project) if line else None
        if isinstance(whole, Change):
            yield whole
        if len(lines) > 1 and isinstance(whole, Change):
            continue
        for at in lines:
            alone = _alone([one for one in group if one.place.line == at], project)
            if isinstance(whole, Change) and isinstance(alone, Change):
                yield replace(alone, group=whole.group)
            elif not isinstance(whole, Change):
                yield whole if isinstance(alone, Refused) and whole is not None else alone


def _whole(at: Spot, group: list[Finding], project: Project) -> Change | Refused:
    from jaxaudit.rules.boundaries.turn_edits import jitted

    inner = " and ".join(dict.fromkeys(f"`{one.facts['function']}`" for one in group if one.facts.get("function")))
    title = f"`{at.function}` jitted, and {inner or 'what it calls'} compiled as a part of it"
    try:
        edits = jitted(project, at, at.path)
    except CannotEdit as error:
        return Refused(title, tuple(group), at, "does-not-apply", f"no change is written: {error}")
    return Change(
        title, tuple(group), at, edits, expected=tuple(fewer_compiles(project.evidence, _again(group))), risk=RISK,
        group=f"around {at.path}:{at.line}", touched=(at.function,),
    )  # fmt: skip


def _alone(group: list[Finding], project: Project) -> Change | Refused:
    """The call with what is made for it in a jitted function of its own."""
    seen = group[0]
    path, line = seen.place.path, seen.place.line
    at = Spot(path, line, seen.place.function)
    name = str(seen.facts.get("function") or "")
    title = f"the call of `{name}` in a jitted function of its own"
    try:
        if not any(one.facts.get("kind") in OF_FUNCTIONS for one in group):
            raise CannotEdit(f"no other function is handed to `{name}`, and a number would still be compiled for")
        source = project.text(path)
        call, of_equinox = _call_of(source, line, name)
        must_have_no_other_method(project, source, call)
        jit = "equinox.filter_jit" if of_equinox else "jax.jit"
        done = extracted(source, call, f"jitted_{name}", jit, _captured_numbers(group))
    except CannotEdit as error:
        return Refused(title, tuple(group), at, "does-not-apply", f"no change is written: {error}")
    return Change(
        f"{title}, `{'`, `'.join(done.arguments)}` handed in", tuple(group), at, {path: done.edits},
        expected=tuple(fewer_compiles(project.evidence, _again(group))), risk=RISK,
        touched=tuple(dict.fromkeys((at.function.rpartition(".")[2], name))),
    )  # fmt: skip


def _again(group: list[Finding]) -> int:
    return sum(int(one.facts.get("recompiles") or 0) for one in group)


def _call_of(source: SourceText, line: int, name: str) -> tuple[ast.Call, bool]:
    """The call of the library's function that stands on the line, and whether the library is one of Equinox's."""
    found = {
        node: called.partition(".")[0] in OF_EQUINOX
        for node in calls_on(source, line)
        if (called := qualified_name(source, node.func) or "").rpartition(".")[2] == name and "." in called
    }
    if len(found) != 1:
        raise CannotEdit(
            f"no call of `{name}` stands in line {line}" if not found else f"`{name}` is called twice there"
        )
    return next(iter(found.items()))


def _captured_numbers(group: list[Finding]) -> set[str]:
    """Names of the Python numbers that a closure captured, and that were others in each call, as the run told."""
    said = [str(text) for one in group for texts in _values(one).values() for text in texts]
    return {name for text in said if ", which captured " in text for name in CAPTURED_NUMBER.findall(text)}


def _values(finding: Finding) -> dict[str, list[object]]:
    values = finding.facts.get("values")
    return values if isinstance(values, dict) else {}


def _function_of(finding: Finding, project: Project) -> tuple[str, int, str]:
    """The function of module level that holds the line; line 0 for methods, nested functions and a module's own lines."""
    place = finding.place
    try:
        source = project.text(place.path)
    except CannotEdit:
        return place.path, 0, place.function
    for node in source.tree.body:
        if isinstance(node, FUNCTIONS) and node.lineno <= place.line <= (node.end_lineno or node.lineno):
            inner = [one for one in ast.walk(node) if isinstance(one, FUNCTIONS) and one is not node]
            if not any(one.lineno <= place.line <= (one.end_lineno or one.lineno) for one in inner):
                return place.path, node.lineno, node.name
    return place.path, 0, place.function
