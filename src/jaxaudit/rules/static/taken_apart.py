"""Whether a project takes objects of a class apart by their arrays (`eqx.filter_grad`, `eqx.partition`): what becomes an array in
one is trained then, differentiated or mapped."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.rules.units import units_around
from jaxaudit.source.classes import classes_of, lineage

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.rules.project import Project
    from jaxaudit.source.scopes import Class

OF_THE_FIRST = frozenset({"filter_grad", "filter_value_and_grad"})
"""They take apart what their function is handed first."""
SPLITTERS = frozenset({"filter", "partition"})
TESTS = frozenset({"is_array", "is_inexact_array", "is_array_like", "is_inexact_array_like", "if_array"})
AS_THEY_ARE = frozenset({"filter_jit", "filter_checkpoint", "filter_eval_shape", "filter_make_jaxpr"})
PLAIN = frozenset(
    [
        "Array",
        "ndarray",
        "float",
        "int",
        "bool",
        "complex",
        "str",
        "bytes",
        "tuple",
        "list",
        "dict",
        "None",
        "Optional",
        "Union",
        "Float",
        "Int",
        "Bool",
        "Complex",
        "Inexact",
    ]
)
"""Words of annotations that name no class of a project."""


def must_not_be_taken_apart(project: Project, path: str, node: ast.ClassDef, name: str) -> None:
    """CannotEdit where the project does that with something that is, or may hold, an object of the class."""
    here = [one for one in project.program.by_path[path].classes if one.line == node.lineno]
    asked = _Asked(project, here[0] if here else None)
    for source in project.sources():
        for found, line in _taken_apart(source):
            if found is None or asked.may_hold(source, found):
                what = source.line_text(line).strip()
                raise CannotEdit(
                    f"{source.path}:{line} takes objects apart by their arrays (`{what[:60]}`), and `{name}` would become one: "
                    "trained, differentiated or mapped"
                )


def _taken_apart(source: SourceText) -> Iterator[tuple[ast.expr | ast.arg | None, int]]:
    """What is taken apart, by the line that does; None for it where that is not said there."""
    names: Names | None = None
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        module, _, word = (qualified_name(source, node) or "").rpartition(".")
        if module != "equinox" or not (word.startswith("filter_") or word in SPLITTERS | TESTS) or word in AS_THEY_ARE:
            continue
        names = names or Names(source)
        call = names.parent.get(node)
        is_called = isinstance(call, ast.Call) and call.func is node
        if word in TESTS and not is_called:
            within = call.func if isinstance(call, ast.Call) else None
            if within is not None and (qualified_name(source, within) or "") in {f"equinox.{one}" for one in SPLITTERS}:
                continue  # `eqx.filter(model, eqx.is_array)`: told by its own name
            yield None, node.lineno
        elif word in SPLITTERS and isinstance(call, ast.Call):
            yield (call.args[0] if call.args else None), node.lineno
        elif word in OF_THE_FIRST:
            yield _first(names, node, call if isinstance(call, ast.Call) else None), node.lineno
        else:
            yield None, node.lineno


def _first(names: Names, node: ast.expr, call: ast.Call | None) -> ast.expr | ast.arg | None:
    """The first argument, of the call in sight or of the function that is decorated or handed in."""
    around = names.parent.get(node)
    function: ast.AST | None = around if isinstance(around, FUNCTIONS) else None
    if call is not None and call.func is node:
        outer = names.parent.get(call)
        if isinstance(outer, ast.Call) and outer.func is call:
            return outer.args[0] if outer.args else None
        function = outer if isinstance(outer, FUNCTIONS) else None
        handed = call.args[0] if call.args else None
        home = names.home(handed) if isinstance(handed, ast.Name) else None
        if isinstance(handed, ast.Name) and home is not None:
            made = names.bound_at(home, handed.id)
            function = made[0] if len(made) == 1 else None
    if not isinstance(function, FUNCTIONS):
        return None
    given = [*function.args.posonlyargs, *function.args.args]
    return given[0] if given else None


class _Asked:
    def __init__(self, project: Project, wanted: Class | None) -> None:
        self.project, self.wanted = project, wanted
        self.written = {
            (one.path, node.lineno): node
            for one in project.sources()
            for node in ast.walk(one.tree)
            if isinstance(node, ast.ClassDef)
        }

    def may_hold(self, source: SourceText, value: ast.expr | ast.arg) -> bool:
        """Whether what has this name is, or holds, an object of the class; so does what nobody knows."""
        name = value.arg if isinstance(value, ast.arg) else value.id if isinstance(value, ast.Name) else None
        found = self._classes(source, value, name) if name is not None else set()
        return not found or any(self._holds(one, set()) for one in found)

    def _classes(self, source: SourceText, value: ast.AST, name: str) -> set[Class]:
        scope = next((one for one in units_around(self.project, source, value) if name in one.flow.bindings), None)
        program = self.project.program
        return {cls for one in (scope.flow.bindings[name] if scope else ()) for cls in classes_of(program, one)}

    def _holds(self, cls: Class, seen: set[Class]) -> bool:
        if self.wanted is None or cls in seen:
            return self.wanted is None
        seen.add(cls)
        program = self.project.program
        if self.wanted in lineage(program, cls) or cls in lineage(program, self.wanted):
            return True
        for part in lineage(program, cls):
            node = self.written.get((os.path.normpath(part.module.path), part.line))
            for field in node.body if node is not None else ():
                if isinstance(field, ast.AnnAssign) and self._field_holds(field, part, seen):
                    return True
        return False

    def _field_holds(self, field: ast.AnnAssign, owner: Class, seen: set[Class]) -> bool:
        """By the words of its annotation: an unknown class of a library's is a layer, a class of the project is looked into."""
        words = [one for one in ast.walk(field.annotation) if isinstance(one, ast.Attribute | ast.Name)]
        inner = {id(one.value) for one in words if isinstance(one, ast.Attribute)}
        if any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in ast.walk(field.annotation)):
            known = isinstance(field.annotation, ast.Subscript)  # a shape: Float[Array, "n m"]
            if not known:
                return True
        for one in words:
            word = one.attr if isinstance(one, ast.Attribute) else one.id
            if id(one) in inner or word in PLAIN:
                continue
            here = [
                cls
                for cls in self.project.program.by_path[os.path.normpath(owner.module.path)].classes
                if cls.name == word
            ]
            classes = here or [
                cls for module in self.project.program.by_path.values() for cls in module.classes if cls.name == word
            ]
            if any(self._holds(cls, seen) for cls in classes):
                return True
            if not classes and not (isinstance(one, ast.Attribute) and word != "Module"):
                return True
        return False
