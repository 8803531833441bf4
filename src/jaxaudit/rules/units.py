"""The functions of the linked program at a place of a source text, or by their names; the classes of the sources by theirs."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.nodes import FUNCTIONS

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.model import Finding
    from jaxaudit.rules.project import Project
    from jaxaudit.source.scopes import Function


def units_around(project: Project, source: SourceText, node: ast.AST) -> Iterator[Function]:
    """The functions of the program around a place, innermost first, and the module's own body."""
    line = getattr(node, "lineno", 0)
    first = [
        one.lineno for one in ast.walk(source.tree)
        if isinstance(one, FUNCTIONS) and one.lineno <= line <= (one.end_lineno or one.lineno)
    ]  # fmt: skip
    units = list(project.program.graph.linked_functions)
    for begins in sorted(first, reverse=True):
        yield from (one for one in units if one.line == begins and os.path.normpath(one.module.path) == source.path)
    yield project.program.by_path[source.path].function


def units_named(project: Project, path: str, name: str) -> list[Function]:
    """The functions of that name in a file; those that lead to no jit are linked for it."""
    short = name.rpartition(".")[2]
    project.program.graph.link_words({short})
    return [
        one
        for one in list(project.program.graph.linked_functions)
        if one.name == short and os.path.normpath(one.module.path) == path
    ]


def units_told(project: Project, finding: Finding) -> list[Function]:
    """Those of the jitted function that a run told of."""
    return units_named(project, finding.place.path, str(finding.facts["function"]))


def class_named(project: Project, name: str) -> tuple[SourceText, ast.ClassDef] | None:
    """The only class of that name in the project's files."""
    found = [
        (source, node)
        for source in project.sources()
        if f"class {name}" in source.text
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and node.name == name
    ]
    return found[0] if len(found) == 1 else None
