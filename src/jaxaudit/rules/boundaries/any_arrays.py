"""Functions of operators alone, which compute in whatever they are handed: NumPy arrays in double precision as well as JAX's."""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.name_scopes import Names
from jaxaudit.rules.boundaries.same_when_traced import reached

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.edits.nodes import Function
    from jaxaudit.rules.project import Project


def must_have_no_other_users(project: Project, source: SourceText, node: Function | ast.Lambda, caller: str) -> None:
    """CannotEdit where it names nothing of JAX, and another file than its caller's imports its module."""
    if any(_names_jax(source, one) for one in reached(Names(source), node)):
        return
    module = os.path.splitext(os.path.basename(source.path))[0]
    for file in project.sources():
        if file.path not in (source.path, caller) and _imports(file, module):
            raise CannotEdit(
                f"`{getattr(node, 'name', 'it')}` names nothing of JAX and computes in what it is handed; {file.path}, which imports "
                "its module, may hand it plain numbers, or NumPy arrays in double precision: from jit they would come in single"
            )


def _names_jax(source: SourceText, node: ast.AST) -> bool:
    return any(
        (qualified_name(source, one) or "").partition(".")[0] in ("jax", "equinox", "flax", "optax", "diffrax")
        for one in ast.walk(node)
        if isinstance(one, ast.Name | ast.Attribute)
    )


def _imports(file: SourceText, module: str) -> bool:
    for node in ast.walk(file.tree):
        match node:
            case ast.Import(names=names) if any(one.name.rpartition(".")[2] == module for one in names):
                return True
            case ast.ImportFrom(module=home, names=names):
                if (home or "").rpartition(".")[2] == module or any(one.name == module for one in names):
                    return True
    return False
