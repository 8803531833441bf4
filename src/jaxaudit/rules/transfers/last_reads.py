"""Whether the array behind an argument is anybody else's: who reads the name, and who could keep what it holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.imports import imported_names, qualified_name
from jaxaudit.edits.lines import function_named
from jaxaudit.edits.name_scopes import FUNCTION_NODES, Names
from jaxaudit.edits.names import parameters_of

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText

SAME = ("asarray", "array", "device_put", "block_until_ready", "copy", "stop_gradient", "ravel", "reshape", "squeeze")
"""Functions that may hand back the very array they were given, or a view of its memory."""
ROOTS = (
    "jax",
    "numpy",
    "print",
    "float",
    "int",
    "len",
    "abs",
    "str",
    "repr",
    "isinstance",
    "min",
    "max",
    "sum",
    "round",
)
ARITHMETIC = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.FormattedValue)
HELD = (ast.Name, ast.Attribute, ast.Subscript, ast.Starred, ast.IfExp, ast.BoolOp, ast.NamedExpr)
"""Expressions that may give an array which something names or holds."""
DEEP = 3


class Kept(Exception):
    """Somebody else may hold the array: the sentence says who."""


def only_rebound(source: SourceText, call: ast.Call, handed: ast.expr) -> str:
    """The name whose array the call may take, because the call's own result replaces it; "" for an array that nothing
    names. Raises `Kept`.
    """
    if isinstance(handed, ast.Call):
        if _may_be_same(source, handed):
            raise Kept(f"`{source.of(handed)[:60]}` may be an array that has another name")
        return ""
    if isinstance(handed, ast.BinOp | ast.UnaryOp | ast.Compare):
        return ""  # worked out for this call
    if not isinstance(handed, ast.Name):
        raise Kept(f"`{source.of(handed)[:60]}` is held by an object or a container")
    names = Names(source)
    home = names.home(handed)
    statement = next((one for one in names.parents(call) if isinstance(one, ast.stmt)), None)
    if home is None or home is not names.scope_of(handed):
        raise Kept(f"`{handed.id}` belongs to another function")
    if not isinstance(statement, ast.Assign) or handed.id not in _targets(statement):
        raise Kept(f"`{handed.id}` still names the old array after line {call.lineno}")
    _reads(names, home, handed.id, handed, 0)
    _begins_alone(names, home, handed.id, statement)
    return handed.id


def is_fresh(source: SourceText, node: ast.expr) -> bool:
    """An array made there and then, which nothing else names."""
    return isinstance(node, ast.BinOp) or (isinstance(node, ast.Call) and not _may_be_same(source, node))


def _targets(statement: ast.Assign) -> set[str]:
    return {one.id for target in statement.targets for one in ast.walk(target) if isinstance(one, ast.Name)}


def _may_be_same(source: SourceText, call: ast.Call) -> bool:
    name = qualified_name(source, call.func) or source.of(call.func)
    if name == "jax.numpy.array" and not call.keywords:
        return False  # a copy, unless told otherwise
    function = function_named(source, name) if isinstance(call.func, ast.Name) else None
    if function is not None and any(
        isinstance(node, ast.Return)
        and isinstance(node.value, ast.Name | ast.Attribute)
        and _is_outer(source, node.value)
        for node in ast.walk(function)
    ):
        return True
    if name.rpartition(".")[2] not in SAME:
        return False
    array = _array_of(source, call)
    return array is None or (_may_be_same(source, array) if isinstance(array, ast.Call) else isinstance(array, HELD))


def _array_of(source: SourceText, call: ast.Call) -> ast.expr | None:
    """What may come back: the object of a method, else the first argument. A dtype or a shape that follows is none."""
    if isinstance(call.func, ast.Attribute) and source.of(call.func).partition(".")[0] not in imported_names(source):
        return call.func.value
    return next(iter(call.args), None)


def _is_outer(source: SourceText, node: ast.expr) -> bool:
    """Something that was there before the function ran: a parameter, a name of the module, an attribute."""
    if not isinstance(node, ast.Name):
        return True
    names = Names(source)
    home = names.home(node)
    bindings = names.bound_at(home, node.id) if home is not None else []
    return home is not names.scope_of(node) or any(isinstance(one, ast.arg) for one in bindings)


def _reads(names: Names, home: ast.AST, name: str, but: ast.Name | None, depth: int) -> None:
    for use in names.loads(home, name):
        if use is not but:
            _read(names, home, use, depth)


def _read(names: Names, home: ast.AST, use: ast.Name, depth: int) -> None:
    """One read of the name: fine where only a new array, a number or a text comes of it."""
    if names.scope_of(use) is not home and any(isinstance(one, FUNCTION_NODES) for one in _between(names, use, home)):
        raise Kept(f"a function inside reads `{use.id}` in line {use.lineno}")
    inner: ast.AST = use
    for parent in names.parents(use):
        match parent:
            case ast.Call(func=func) if func is inner:
                if isinstance(func, ast.Attribute) and func.attr in SAME:
                    raise Kept(f"`{names.source.of(parent)[:60]}` in line {use.lineno} may be the same array")
                return
            case ast.Call():
                _handed_on(names, parent, inner, use, depth)
                return
            case ast.Return() | ast.Expr():
                return
            case ast.Tuple() if isinstance(names.parent.get(parent), ast.Return):
                return
            case ast.Attribute(attr=attr) if attr in ("at", "T", "mT"):
                pass
            case ast.Attribute() | ast.Subscript() | ast.keyword() | ast.Starred():
                pass
            case _ if isinstance(parent, ARITHMETIC):
                return
            case ast.If() | ast.While() | ast.Assert() | ast.For() | ast.comprehension():
                return
            case _:
                raise Kept(f"`{use.id}` has a second name, or is kept, in line {use.lineno}")
        inner = parent


def _between(names: Names, node: ast.AST, home: ast.AST) -> Iterator[ast.AST]:
    for one in names.parents(node):
        if one is home:
            return
        yield one


def _handed_on(names: Names, call: ast.Call, inner: ast.AST, use: ast.Name, depth: int) -> None:
    """What is handed to a function of JAX's or of Python's comes to an end there; the project's own are read."""
    source = names.source
    name = qualified_name(source, call.func) or ""
    first, last = name.partition(".")[0], name.rpartition(".")[2]
    if first in ROOTS and last not in SAME:
        return
    function = function_named(source, call.func.id) if isinstance(call.func, ast.Name) else None
    if function is None or depth >= DEEP or last in SAME:
        raise Kept(f"`{source.of(call)[:60]}` in line {use.lineno} may keep `{use.id}`")
    if isinstance(inner, ast.keyword):
        parameter = inner.arg
    else:
        given = parameters_of(function)
        at = next((number for number, one in enumerate(call.args) if one is inner), len(given))
        parameter = given[at].arg if at < len(given) else None
    if parameter is None:
        raise Kept(f"`{source.of(call)[:60]}` in line {use.lineno} may keep `{use.id}`")
    for node in names.loads(function, parameter):
        if isinstance(names.parent.get(node), ast.Return | ast.Tuple | ast.List | ast.Dict):
            raise Kept(f"`{function.name}` hands `{parameter}` back in line {node.lineno}")
    _reads(names, function, parameter, None, depth + 1)


def _begins_alone(names: Names, home: ast.AST, name: str, but: ast.stmt) -> None:
    """What the name holds at first is made for it."""
    for binding in names.bound_at(home, name):
        statement = next((one for one in (binding, *names.parents(binding)) if isinstance(one, ast.stmt)), None)
        if statement is but:
            continue
        if isinstance(binding, ast.arg) or not isinstance(statement, ast.Assign | ast.AnnAssign):
            raise Kept(f"`{name}` is a parameter: whoever calls may go on with the array it was")
        value = statement.value
        if isinstance(value, ast.Tuple):
            targets = [one for target in _targets_of(statement) for one in getattr(target, "elts", [])]
            value = next((v for t, v in zip(targets, value.elts) if isinstance(t, ast.Name) and t.id == name), value)
        if value is None or not is_fresh(names.source, value):
            raise Kept(f"`{name}` begins as an array that has another name, in line {statement.lineno}")


def _targets_of(statement: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]
