"""Whether the project brings another version of a method that jitted code calls on its object: in a subclass, or put in its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.nodes import FUNCTIONS, Function, parents_of

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.rules.project import Project

PUTTERS = frozenset({"setattr", "patch", "object"})
"""`setattr(well, "step", ...)`, `monkeypatch.setattr`, `mock.patch("wells.Well.step")`, `mock.patch.object`."""


def must_have_no_other_method(project: Project, source: SourceText, part: ast.AST) -> None:
    """CannotEdit where it does: code that leaves its method would go on with the one of its own class."""
    for file, owner, node in other_methods(project, source, part):
        raise CannotEdit(f"`{owner.name}` has another `{node.name}`, in {file.path}:{node.lineno}")
    cls = _class_of(source, part)
    called = _called(cls, part) if cls is not None else set()
    for file in project.sources() if called else ():
        for line, name in _put_in_place(file, called):
            raise CannotEdit(f"{file.path}:{line} puts another `{name}` in its place")


def other_methods(
    project: Project, source: SourceText, part: ast.AST
) -> Iterator[tuple[SourceText, ast.ClassDef, Function]]:
    """Those of subclasses that stand for a method of the part's class, or for the part itself."""
    cls = _class_of(source, part)
    called = _called(cls, part) if cls is not None else set()
    if cls is None or not called:
        return
    for file, owner in _subclasses(list(project.sources()), cls):
        for node in owner.body:
            if isinstance(node, FUNCTIONS) and node.name in called:
                yield file, owner, node


def _class_of(source: SourceText, part: ast.AST) -> ast.ClassDef | None:
    return next((one for one in parents_of(source, part) if isinstance(one, ast.ClassDef)), None)


def _called(cls: ast.ClassDef, part: ast.AST) -> set[str]:
    """The methods that the part asks its object for, and that these ask it for."""
    methods = {one.name: one for one in cls.body if isinstance(one, FUNCTIONS)}
    found: set[str] = {part.name} if isinstance(part, FUNCTIONS) and part.name in methods else set()
    waiting = [part]
    while waiting:
        for node in ast.walk(waiting.pop()):
            match node:
                case ast.Attribute(value=ast.Name(id="self"), attr=attr) if attr in methods and attr not in found:
                    found.add(attr)
                    waiting.append(methods[attr])
    return found


def _subclasses(files: list[SourceText], cls: ast.ClassDef) -> Iterator[tuple[SourceText, ast.ClassDef]]:
    """In every file, and theirs in turn."""
    waiting, known = [cls.name], {cls.name}
    while waiting:
        base = waiting.pop()
        for file in files:
            for node in ast.walk(file.tree) if base in file.text else ():
                if isinstance(node, ast.ClassDef) and any(
                    file.of(one).rpartition(".")[2] == base for one in node.bases
                ):
                    yield file, node
                    if node.name not in known:
                        known.add(node.name)
                        waiting.append(node.name)


def _put_in_place(file: SourceText, names: set[str]) -> Iterator[tuple[int, str]]:
    if not any(name in file.text for name in names):
        return
    for node in ast.walk(file.tree):
        match node:
            case ast.Attribute(ctx=ast.Store(), attr=attr) if attr in names:
                yield node.lineno, attr
            case ast.Call(func=ast.Name(id=verb) | ast.Attribute(attr=verb), args=args) if verb in PUTTERS:
                for one in args:
                    if isinstance(one, ast.Constant) and str(one.value).rpartition(".")[2] in names:
                        yield node.lineno, str(one.value).rpartition(".")[2]
