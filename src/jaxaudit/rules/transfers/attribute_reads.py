"""Whether the array that an object holds (`self.field`) is anybody else's, so that a call that replaces it may take it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.imports import imported_names, qualified_name
from jaxaudit.edits.jit_sites import is_jitted
from jaxaudit.edits.name_scopes import Names
from jaxaudit.rules.transfers.last_reads import ARITHMETIC, ROOTS, SAME, Kept, is_fresh

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText

MAPS = ("jax.tree.map", "jax.tree_util.tree_map", "jax.tree_map")
COPIERS = ("copy", "pickle", "dataclasses.replace", "dataclasses.astuple")


def only_replaced(source: SourceText, call: ast.Call, handed: ast.Attribute, others: Sequence[SourceText]) -> None:
    """Raises `Kept` unless the call's result takes the attribute's place, every other reader of an attribute of this name
    makes something new of it, and what it holds at first is made for it.
    """
    text = source.of(handed)
    if not isinstance(handed.value, ast.Name) or handed.value.id != "self":
        raise Kept(f"`{text[:60]}` is held by an object or a container")
    names = Names(source)
    statement = next((one for one in names.parents(call) if isinstance(one, ast.stmt)), None)
    if not isinstance(statement, ast.Assign) or text not in _targets(source, statement):
        raise Kept(f"`{text}` still holds the old array after line {call.lineno}")
    for one in (source, *others):
        if any(word in COPIERS for word in imported_names(one).values()):
            raise Kept(f"`{one.path}` copies objects, and a copy shares its arrays")
        here = names if one is source else Names(one)
        for node in _attributes(here, handed.attr):
            if node is handed or _is_within(here, node, statement):
                continue
            if isinstance(node.ctx, ast.Load):
                _read(here, node)
            else:
                _begins_alone(here, node)


def _targets(source: SourceText, statement: ast.Assign) -> set[str]:
    return {
        source.of(one) for target in statement.targets for one in ast.walk(target) if isinstance(one, ast.Attribute)
    }


def _attributes(names: Names, attr: str) -> Iterator[ast.Attribute]:
    for node in names.evaluated_in:
        if isinstance(node, ast.Attribute) and node.attr == attr:
            yield node


def _is_within(names: Names, node: ast.AST, statement: ast.stmt) -> bool:
    """A target of the statement that replaces it; a second reader in it is looked at like any other."""
    return not isinstance(getattr(node, "ctx", None), ast.Load) and names.is_within(node, statement)


def _read(names: Names, node: ast.Attribute) -> None:
    inner: ast.AST = node
    text = names.source.of(node)
    for parent in names.parents(node):
        match parent:
            case ast.Call(func=func) if func is inner:
                if isinstance(func, ast.Attribute) and func.attr in SAME:
                    break
                return
            case ast.Call(func=func):
                word = names.source.of(func)
                first, last = word.partition(".")[0], word.rpartition(".")[2]
                root = imported_names(names.source).get(first, first).partition(".")[0]
                if root in ROOTS and last not in SAME:
                    return
                if isinstance(func, ast.Name) and _is_jitted_and_makes_new(names, func):
                    return
                break
            case ast.Attribute(attr=attr) if attr in ("shape", "dtype", "ndim", "size"):
                return
            case ast.Attribute() | ast.Subscript() | ast.keyword() | ast.Starred():
                pass
            case ast.If() | ast.While() | ast.Assert():
                return
            case _ if isinstance(parent, ARITHMETIC):
                return
            case _:
                break
        inner = parent
    raise Kept(f"`{text}` may be kept by somebody else in {names.source.path}:{node.lineno}")


def _is_jitted_and_makes_new(names: Names, called: ast.Name) -> bool:
    """A jitted function of the file: it keeps nothing of what it is handed, and gives back other arrays."""
    home = names.home(called)
    bindings = names.bound_at(home, called.id) if home is not None else []
    function = bindings[0] if len(bindings) == 1 else None
    if not isinstance(function, ast.FunctionDef) or not is_jitted(names.source, function):
        return False
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]
    return all(_is_new(names.source, one) for one in returned)


def _is_new(source: SourceText, value: ast.expr) -> bool:
    match value:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
            return all(_is_new(source, one) for one in parts)
        case ast.Call(func=func, args=[ast.Lambda(body=body), *_]) if qualified_name(source, func) in MAPS:
            return isinstance(body, ast.Subscript) or _is_new(source, body)
        case ast.Call(func=func):
            called = qualified_name(source, func) or ""
            return called.startswith(("jax.numpy.", "jax.lax.")) and called.rpartition(".")[2] not in SAME
    return isinstance(value, ARITHMETIC)


def _begins_alone(names: Names, node: ast.Attribute) -> None:
    statement = next((one for one in names.parents(node) if isinstance(one, ast.stmt)), None)
    if isinstance(statement, ast.AugAssign):
        return
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    whole = isinstance(statement, ast.Assign) and any(one is node for one in statement.targets)
    if value is None or not (whole or isinstance(statement, ast.AnnAssign)) or not is_fresh(names.source, value):
        line = getattr(node, "lineno", 0)
        raise Kept(f"`{names.source.of(node)}` may begin as an array that has another name, in line {line}")
