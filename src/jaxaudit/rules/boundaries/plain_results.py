"""Numbers that a function hands back as Python has them (`t + dt`), and code that needs them so: as keys, in JSON, by `isinstance`.

Under jit they are arrays of no dimensions, which print and count alike, but have no hash.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.names import parameters_of
from jaxaudit.edits.nodes import FUNCTIONS, last_word, parents_of
from jaxaudit.edits.number_fields import PLAINLY

if TYPE_CHECKING:
    from jaxaudit.edits.nodes import Function
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.rules.project import Project

PLAIN = ("min", "max", "abs", "round", "int", "float", "sum")
DICTS = ("dict", "defaultdict", "OrderedDict", "Counter")
KEYED = ("get", "setdefault", "add", "pop", "discard")


def must_not_be_needed_plain(project: Project, source: SourceText, node: Function | ast.Lambda) -> None:
    """CannotEdit with the place that needs one."""
    if not isinstance(node, FUNCTIONS):
        return
    positions = set(_plain_positions(node))
    for file in project.sources() if positions else ():
        if node.name not in file.text:
            continue
        for call in ast.walk(file.tree):
            if isinstance(call, ast.Call) and last_word(call.func) == node.name:
                parents = parents_of(file, call)
                names = set(_names(parents[0], call, positions))
                around = next((one for one in parents if isinstance(one, (*FUNCTIONS, ast.Module))), file.tree)
                for line, what in _needs(around, names) if names else ():
                    raise CannotEdit(
                        f"`{node.name}` hands back a number of Python's, and {file.path}:{line} needs it so (`{what}`): from jit it "
                        "comes as an array"
                    )


def _plain_positions(node: Function) -> Iterator[int]:
    """Where in the returned tuple such numbers stand; -1 for the whole result."""
    plain = {one.arg for one in parameters_of(node)} - {"self", "cls"}
    for one in ast.walk(node):
        match one:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                (plain.add if _is_plain(value, plain) else plain.discard)(name)
            case ast.AugAssign(target=ast.Name(id=name), value=value) if not _is_plain(value, plain):
                plain.discard(name)
            case ast.Assign(targets=targets):
                plain -= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    for one in ast.walk(node):
        match one:
            case ast.Return(value=ast.Tuple(elts=elements)):
                yield from (index for index, part in enumerate(elements) if _is_plain(part, plain))
            case ast.Return(value=ast.expr() as value) if _is_plain(value, plain):
                yield -1


def _is_plain(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float)
        case ast.Name(id=name):
            return name in names
        case ast.BinOp(left=left, right=right):
            return _is_plain(left, names) and _is_plain(right, names)
        case ast.UnaryOp(operand=one):
            return _is_plain(one, names)
        case ast.Call(func=func, args=args, keywords=[]):
            known = (isinstance(func, ast.Name) and func.id in PLAIN) or (
                isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "math"
            )
            return known and all(_is_plain(one, names) for one in args)
    return False


def _names(parent: ast.AST, call: ast.Call, positions: set[int]) -> Iterator[str]:
    """What the caller calls these numbers."""
    if not isinstance(parent, ast.Assign) or parent.value is not call:
        return
    for target in parent.targets:
        if isinstance(target, ast.Name | ast.Attribute) and -1 in positions:
            yield last_word(target)
        if isinstance(target, ast.Tuple | ast.List):
            yield from (last_word(one) for index, one in enumerate(target.elts) if index in positions)


def _needs(around: ast.AST, names: set[str]) -> Iterator[tuple[int, str]]:
    dicts = {last_word(target) for target, value in _bindings(around) if _is_dict(value)}
    held = set(names)
    for one in ast.walk(around):  # a list that is kept of them, and written at the end
        match one:
            case ast.Call(func=ast.Attribute(value=holder, attr="append"), args=[given]) if _mention(given, names):
                held.add(last_word(holder))
            case ast.Assign(targets=[ast.Subscript(value=holder)], value=given) if _mention(given, names):
                held.add(last_word(holder))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() | ast.List() as given) if _mention(
                given, names
            ):
                held.add(name)
    for one in ast.walk(around):
        match one:
            case ast.Subscript(value=holder, slice=index) if last_word(holder) in dicts and _mention(index, names):
                yield one.lineno, ast.unparse(one)
            case ast.Dict(keys=keys) if any(key is not None and _mention(key, names) for key in keys):
                yield one.lineno, ast.unparse(one)[:60]
            case ast.Set(elts=elements) if any(_mention(each, names) for each in elements):
                yield one.lineno, ast.unparse(one)[:60]
            case ast.Call(func=func, args=args) if last_word(func) in PLAINLY and any(
                _mention(each, held) for each in args
            ):
                yield one.lineno, ast.unparse(one)[:60]
            case ast.Call(func=ast.Attribute(value=holder, attr=attr), args=[given, *_]) if attr in KEYED:
                if (last_word(holder) in dicts or attr == "add") and _mention(given, names):
                    yield one.lineno, ast.unparse(one)[:60]


def _bindings(around: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    for one in ast.walk(around):
        for target in one.targets if isinstance(one, ast.Assign) else ():
            match target, one.value:  # type: ignore[attr-defined]
                case ast.Tuple(elts=targets), ast.Tuple(elts=values):
                    yield from zip(targets, values)
                case _, value:
                    yield target, value


def _is_dict(node: ast.expr) -> bool:
    return isinstance(node, ast.Dict | ast.DictComp) or (isinstance(node, ast.Call) and last_word(node.func) in DICTS)


def _mention(node: ast.AST, names: set[str]) -> bool:
    """Such a number itself, rounded or put beside others: not what something else makes of it."""
    match node:
        case ast.Call(func=func, args=args):
            return last_word(func) in ("round", "abs", "min", "max") and any(_mention(one, names) for one in args)
        case ast.Name() | ast.Attribute():
            return last_word(node) in names
    return any(_mention(one, names) for one in ast.iter_child_nodes(node))
