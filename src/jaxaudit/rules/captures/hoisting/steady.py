"""Whether a captured value is still the same whenever the function is called: only then may it become an argument."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from jaxaudit.edits import CannotEdit
from jaxaudit.edits.name_scopes import FUNCTION_NODES, Names
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.rules.captures.changes import MUTATORS
from jaxaudit.rules.captures.hoisting.chain import own_object
from jaxaudit.rules.captures.hoisting.jits import Jit
from jaxaudit.rules.captures.hoisting.project_code import Binding, Code, Ref


class Rebound(CannotEdit):
    """The name is bound again, or what it holds is changed: the program goes on with the old value, and that is a fault."""


def must_be_steady(code: Code, ref: Ref, root: Binding, jits: list[Jit], arrays: Iterable[str] = ()) -> None:
    """Raises Rebound where it is not. `arrays` are the paths (`.optics.psf`) that are handed in of an object."""
    names = code.names(root.path)
    bound = names.bound_at(root.scope, root.name)
    if own_object(code, ref) == root or _is_own(code, root):
        _attributes_stay(code, root, _first_words(arrays))
        return
    if any(isinstance(one, (*FUNCTIONS, ast.ClassDef)) for one in bound):
        raise CannotEdit(f"`{root.name}` is no plain variable")
    made = code.source(ref.path).start(ref.node) if ref.path == root.path else None
    for one in bound:
        if names.scope_of(one) is not root.scope and not isinstance(one, ast.arg):
            raise Rebound(f"{root.path}:{getattr(one, 'lineno', 0)} binds `{root.name}` again, from another function")
        loops = names.loops_around(one)
        if loops:
            inner = [loop for loop in loops if ref.path == root.path and names.is_within(ref.node, loop)]
            last = max(code.source(root.path).end(loop) for loop in loops)
            if made is None or inner or last > made:
                raise Rebound(f"{root.path}:{getattr(one, 'lineno', 0)} binds `{root.name}` in each turn of a loop")
    if len(bound) > 1 and made is not None:
        later = [one for one in bound if not isinstance(one, ast.arg) and code.source(root.path).start(one) > made]
        if later and (names.scope_of(ref.node) is root.scope or _deep(names, ref, root)):
            raise Rebound(f"{root.path}:{getattr(later[0], 'lineno', 0)} binds `{root.name}` again, after `{ref.name}`")
    _is_not_changed(code, ref, root, made)
    if root.scope is names.tree:
        _no_other_file_assigns(code, root)


def _deep(names: Names, ref: Ref, root: Binding) -> bool:
    return names.runs_in_scope(names.scope_of(ref.node), root.scope)


def _is_own(code: Code, root: Binding) -> bool:
    return isinstance(root.scope, FUNCTIONS) and own_object(code, Ref(root.path, root.scope)) == root


def _is_not_changed(code: Code, ref: Ref, root: Binding, made: int | None) -> None:
    """`table[0] = 1.0`, `model.scale = 2.0`, `rows.append(x)` after the function was made, or in another function."""
    names, source = code.names(root.path), code.source(root.path)
    for use in names.uses(root.scope, root.name):
        whole: ast.AST = use
        above = names.parent[whole]
        while isinstance(above, ast.Attribute | ast.Subscript) and above.value is whole:
            whole, above = above, names.parent[above]
        changes = whole is not use and not isinstance(whole.ctx, ast.Load)  # type: ignore[attr-defined]
        if isinstance(whole, ast.Attribute) and whole.attr in MUTATORS and isinstance(above, ast.Call):
            changes = above.func is whole
            if whole.attr == "add" and isinstance(whole.value, ast.Subscript):
                changes = False  # x.at[i].add(1) makes a new array
            if isinstance(whole.value, ast.Subscript) and isinstance(whole.value.value, ast.Attribute):
                changes = changes and whole.value.value.attr != "at"
        if not changes:
            continue
        in_same_scope = names.scope_of(use) is root.scope
        if made is None or not in_same_scope or source.start(use) > made or _share_a_loop(names, use, ref):
            raise Rebound(f"{root.path}:{use.lineno} changes what `{root.name}` holds")


def _share_a_loop(names: Names, use: ast.AST, ref: Ref) -> bool:
    return any(names.is_within(ref.node, loop) for loop in names.loops_around(use))


def _first_words(arrays: Iterable[str]) -> frozenset[str]:
    """The attributes of the object through which the arrays are reached; none where one is not known."""
    found = [re.match(r"\.([A-Za-z_]\w*)", path) for path in arrays]
    return frozenset(one[1] for one in found if one) if all(found) else frozenset()


def _attributes_stay(code: Code, root: Binding, attributes: frozenset[str]) -> None:
    """Arrays of an object that are assigned outside its making: each call would then bring what is there now."""
    names = code.names(root.path)
    assert isinstance(root.scope, FUNCTION_NODES)
    cls = names.scope_of(root.scope)
    if not isinstance(cls, ast.ClassDef):
        return
    for node in names.evaluated_in:
        if (
            not isinstance(node, ast.Attribute)
            or isinstance(node.ctx, ast.Load)
            or not isinstance(node.value, ast.Name)
            or (attributes and node.attr not in attributes)
        ):
            continue
        method = names.function_around(node)
        if isinstance(method, FUNCTIONS) and names.scope_of(method) is cls and method.name not in MAKERS:
            if own_object(code, Ref(root.path, method)) == code.binding(root.path, node.value):
                raise Rebound(
                    f"{root.path}:{node.lineno} assigns `{node.value.id}.{node.attr}` after the object is made"
                )


MAKERS = ("__init__", "__post_init__", "setup", "__check_init__")


def _no_other_file_assigns(code: Code, root: Binding) -> None:
    for path in code.paths_with(root.name):
        if path == root.path:
            continue
        for node in code.names(path).evaluated_in:
            if isinstance(node, ast.Attribute) and node.attr == root.name and not isinstance(node.ctx, ast.Load):
                dotted = code.dotted(path, node)
                if dotted and code.module_binding(dotted) == root:
                    raise Rebound(f"{path}:{node.lineno} assigns `{dotted}`")
