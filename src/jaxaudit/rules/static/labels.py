"""What an audit proposes for a static field that is a label only: no traced code reads it, so the calls hand in the object without."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import spell
from jaxaudit.edits.lines import function_named
from jaxaudit.edits.nodes import FUNCTIONS, Function, enclosing, last_word
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.predictions import fewer_compiles
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.rules.units import units_around, units_named
from jaxaudit.source import values as v
from jaxaudit.source.classes import classes_of

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.source.program import Program

RISK = (
    "Inside the jitted function the field is empty: code added there later that reads it sees no label, and an object that is "
    "returned would come back without."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each field of texts, for all functions that compiled again for it."""
    fields: dict[str, list[tuple[Finding, str]]] = {}
    for one in findings:
        leaves = [str(leaf) for leaf in one.facts.get("leaves", ())]
        if one.source == "run" and len(leaves) == 1 and leaves[0].count(".") == 1 and "[" not in leaves[0]:
            if all(str(value).startswith(("'", '"')) for value in one.facts["values"].get(leaves[0], ("",))):
                parameter, _, field = leaves[0].partition(".")
                fields.setdefault(field, []).append((one, parameter))
    for field, group in fields.items():
        said = tuple(one for one, _ in group)
        at = Spot(said[0].place.path, said[0].place.line, str(said[0].facts["function"]))
        names = tuple(dict.fromkeys(str(one.facts["function"]).rpartition(".")[2] for one in said))
        title = f"`{field}` is left out in the calls of `{'` and `'.join(names)}`: nothing traced reads that label"
        try:
            edits = _without(project, field, group)
        except CannotEdit as error:
            yield Refused(title, said, at, "does-not-apply", f"no change is written: {error}")
            continue
        again = sum(int(one.facts.get("recompiles") or 0) for one in said)
        yield Change(
            title, said, at, edits, expected=tuple(fewer_compiles(project.evidence, again)), risk=RISK, touched=names
        )


def _without(project: Project, field: str, group: list[tuple[Finding, str]]) -> dict[str, tuple[Edit, ...]]:
    cls = _class_with(project, field)
    _must_not_be_read(project, field)
    edits: dict[str, tuple[Edit, ...]] = {}
    for one, parameter in group:
        name = str(one.facts["function"]).rpartition(".")[2]
        source = project.text(one.place.path)
        function = function_named(source, name, one.place.line)
        if function is None:
            raise CannotEdit(f"`{name}` is not found in {source.path}")
        for unit in units_named(project, source.path, name):
            if any(_holds(project.program, returned.value, cls) for returned in unit.flow.returns):
                raise CannotEdit(f"`{name}` returns a `{cls}`, which would come back without its `{field}`")
        _must_not_return(source, function, parameter)
        for path, more in _calls(project, source, function, parameter, field):
            edits[path] = tuple(dict.fromkeys((*edits.get(path, ()), *more)))
    if not edits:
        raise CannotEdit("no call of it is written in the project")
    return edits


def _class_with(project: Project, field: str) -> str:
    """The only class of the project that declares the field, where its objects can be copied with another value."""
    found = [
        node
        for source in project.sources()
        if field in source.text
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(one, ast.AnnAssign) and getattr(one.target, "id", "") == field for one in node.body)
    ]
    if len(found) != 1:
        raise CannotEdit(f"{len(found)} classes of the project have a field `{field}`")
    if any(isinstance(one, FUNCTIONS) and one.name == "__init__" for one in found[0].body):
        raise CannotEdit(f"`{found[0].name}` has an `__init__` of its own")
    return found[0].name


def _must_not_be_read(project: Project, field: str) -> None:
    """CannotEdit where traced code reads the field, of whatever object."""
    tracing = project.program.tracing
    for source in project.sources():
        if field not in source.text:
            continue
        for node in ast.walk(source.tree):
            asked = isinstance(node, ast.Attribute) and node.attr == field and isinstance(node.ctx, ast.Load)
            named = isinstance(node, ast.Constant) and node.value == field
            if not asked and not named:
                continue
            unit = next(units_around(project, source, node), None)
            around = enclosing(source, node, *FUNCTIONS)
            is_property = isinstance(around, FUNCTIONS) and "property" in map(last_word, around.decorator_list)
            if is_property or (unit is not None and tracing.context(unit) is not None):
                raise CannotEdit(f"traced code reads it, in {source.path}:{node.lineno}")  # type: ignore[attr-defined]


def _holds(program: Program, value: v.Value, cls: str, depth: int = 0) -> bool:
    if any(one.name == cls for one in classes_of(program, value)):
        return True
    parts = value.parts() if isinstance(value, v.Sequence | v.Mapping | v.Phi) and depth < 3 else ()
    return any(_holds(program, part, cls, depth + 1) for part in parts)


def _must_not_return(source: SourceText, function: Function, parameter: str) -> None:
    for node in ast.walk(function):
        given = node.value if isinstance(node, ast.Return) else None
        for part in given.elts if isinstance(given, ast.Tuple) else [given]:
            if isinstance(part, ast.Name) and part.id == parameter:
                raise CannotEdit(f"`{function.name}` returns `{parameter}`")
        if isinstance(node, ast.Call) and last_word(node.func) in ("replace", "tree_at", "tree_map", "map"):
            if any(isinstance(one, ast.Name) and one.id == parameter for one in node.args):
                raise CannotEdit(f"`{source.of(node)[:50]}` makes another of `{parameter}`")


def _calls(
    project: Project, home: SourceText, function: Function, parameter: str, field: str
) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    """`dataclasses.replace(star, name="")` for the object, in each call that the project writes."""
    given = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    if parameter not in given:
        raise CannotEdit(f"`{parameter}` is no plain parameter of `{function.name}`")
    at = given.index(parameter)
    for source in project.sources():
        if function.name not in source.text:
            continue
        called = set()
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call) or last_word(node.func) != function.name:
                continue
            called.add(node.func)
            written = next((one.value for one in node.keywords if one.arg == parameter), None)
            if (
                written is None
                and at < len(node.args)
                and not any(isinstance(a, ast.Starred) for a in node.args[: at + 1])
            ):
                written = node.args[at]
            if written is None:
                raise CannotEdit(f"the call in {source.path}:{node.lineno} does not show what it hands in")
            replace = spell(source, "dataclasses.replace")
            start, end = source.span(written)
            around = (Edit(start, start, f"{replace.text}("), Edit(end, end, f', {field}="")'))
            yield source.path, (*replace.edits, *around)
        for node in ast.walk(source.tree):
            named = isinstance(node, ast.Name | ast.Attribute) and last_word(node) == function.name
            if named and node not in called and isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
                raise CannotEdit(f"{source.path}:{node.lineno} hands `{function.name}` on")  # type: ignore[attr-defined]
