"""Whether a subclass in another file brings its own version of a method that jitted code calls on its object."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.nodes import FUNCTIONS, parents_of

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.rules.project import Project


def must_have_no_other_method(project: Project, source: SourceText, part: ast.AST) -> None:
    """CannotEdit where one does: code that leaves its method would go on with the first class's."""
    cls = next((one for one in parents_of(source, part) if isinstance(one, ast.ClassDef)), None)
    if cls is None:
        return
    called = _called(cls, part)
    for file in project.sources():
        for other in _classes(file, cls.name) if file.path != source.path else ():
            for node in other.body:
                if isinstance(node, FUNCTIONS) and node.name in called:
                    raise CannotEdit(f"`{other.name}` has another `{node.name}`, in {file.path}:{node.lineno}")


def _called(cls: ast.ClassDef, part: ast.AST) -> set[str]:
    """The methods that the part asks its object for, and that these ask it for."""
    methods = {one.name: one for one in cls.body if isinstance(one, FUNCTIONS)}
    found: set[str] = set()
    waiting = [part]
    while waiting:
        for node in ast.walk(waiting.pop()):
            match node:
                case ast.Attribute(value=ast.Name(id="self"), attr=attr) if attr in methods and attr not in found:
                    found.add(attr)
                    waiting.append(methods[attr])
    return found


def _classes(source: SourceText, base: str) -> Iterator[ast.ClassDef]:
    if base not in source.text:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and any(source.of(one).rpartition(".")[2] == base for one in node.bases):
            yield node
