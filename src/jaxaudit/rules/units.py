"""The functions of the linked program at a place of a source text."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.nodes import FUNCTIONS

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
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
