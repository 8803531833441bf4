"""A frozen dataclass in a static place, of which some fields change: registered as a pytree with these as leaves, and traced."""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from jaxaudit.edits.data_fields import on_the_device
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.number_fields import must_not_be_needed_plain
from jaxaudit.edits.registering import registered
from jaxaudit.edits.static_names import remove_static_names
from jaxaudit.edits.told_apart import must_not_be_told_apart
from jaxaudit.model import Finding
from jaxaudit.rules.static.making_static import site_of
from jaxaudit.rules.static.reverse_mode import must_stay_reversible
from jaxaudit.rules.units import units_told
from jaxaudit.source import values as v
from jaxaudit.source.classes import classes_of, lineage
from jaxaudit.source.fields import class_facts
from jaxaudit.source.structure import sinks

if TYPE_CHECKING:
    from jaxaudit.rules.project import Project
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Class, Function

Edited = list[tuple[str, tuple[Edit, ...]]]


def as_pytree(names: Sequence[str], group: Sequence[Finding], project: Project) -> Edited:
    """The edits where the fields are those of one such class; [] for other objects. CannotEdit where it may not become one."""
    found = {cls for one in group for cls in _classes(one, project)}
    configs = [cls for cls in found if _is_config(project.program, cls)]
    if len(found) != 1 or not configs:
        return []
    [cls] = configs
    source = project.text(os.path.normpath(cls.module.path))
    node = next((one for one in ast.walk(source.tree) if isinstance(one, ast.ClassDef) and one.name == cls.name), None)
    if node is None:
        return []
    must_not_be_told_apart(cls.name, (), project.sources())
    units = [unit for one in group for unit in units_told(project, one)]
    for name in names:
        must_not_be_asked_for(project.program, source.path, node, name)
        must_stay_reversible(project.program, units, partial(_is_field, project.program, cls=cls, name=name), name)
    new: Edited = [(source.path, registered(source, node, names))]
    for one in project.sources():
        for name in names:
            must_not_be_needed_plain(one, name)
            new.append((one.path, on_the_device(one, name)))
    for finding in group:
        home = project.text(finding.place.path)
        root = str(finding.facts["leaves"][0]).partition(".")[0]
        new.append((home.path, remove_static_names(home, site_of(home, finding.place.line), [root])))
    return new


def _classes(finding: Finding, project: Project) -> set[Class]:
    """What the argument is whose field changed; it must be an argument itself, no part of one."""
    roots = {str(leaf).partition(".")[0] for leaf in finding.facts["leaves"]}
    if len(roots) != 1 or any(str(leaf).count(".") != 1 for leaf in finding.facts["leaves"]):
        return set()
    [root] = roots
    return {cls for unit in units_told(project, finding) for cls in _of_parameter(project.program, unit, root)}


def _of_parameter(program: Program, unit: Function, root: str) -> set[Class]:
    values = unit.flow.bindings.get(root, ())[:1]
    return {cls for value in values for cls in classes_of(program, value)}


def _is_config(program: Program, cls: Class) -> bool:
    facts = class_facts(program, cls)
    return facts.dataclass and facts.hash == "value" and not facts.pytree


def must_not_be_asked_for(program: Program, path: str, node: ast.ClassDef, name: str) -> None:
    """CannotEdit where a traced function needs the field's plain value: for a Python branch, a `range`, a shape."""
    here = [one for one in program.by_path[path].classes if one.line == node.lineno]
    for function in list(program.graph.linked_functions) if here else ():
        if program.tracing.context(function, abstract=True) is None:
            continue
        for sink in sinks(program, function):
            if _is_field(program, sink.value, here[0], name):
                place = program.place(sink.flow, sink.expr)
                raise CannotEdit(
                    f"{place.path}:{place.line} needs the value of `{name}` while it is traced: it decides {sink.what}"
                )


def _is_field(program: Program, value: v.Value, cls: Class, name: str, depth: int = 0) -> bool:
    if isinstance(value, v.Attr) and value.name == name:
        return any(cls in lineage(program, one) for one in classes_of(program, value.base))
    return (
        depth < 4
        and isinstance(value, v.Op | v.Sequence)
        and any(_is_field(program, part, cls, name, depth + 1) for part in value.parts())
    )
