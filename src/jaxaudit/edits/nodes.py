"""Finding what stands at a place: the smallest node of a kind, its parents, its statement, its loop."""

import ast
import sys
from collections.abc import Iterator
from typing import TypeVar, cast

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.source_text import SourceText
from jaxaudit.model import Place

Function = ast.FunctionDef | ast.AsyncFunctionDef
Loop = ast.For | ast.AsyncFor | ast.While
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
INSIDE_TEXTS = (ast.JoinedStr, ast.FormattedValue)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

Node = TypeVar("Node", bound=ast.AST)


def path_to(source: SourceText, start: int, end: int) -> list[ast.AST]:
    """The nodes that enclose the range, outermost first. Decorators belong to their function."""
    path: list[ast.AST] = [source.tree]
    node: ast.AST | None = source.tree
    while node is not None:
        around = [child for child in _placed_children(node) if _covers(source, child, start, end)]
        node = next((one for one in around if _inside(source, one, start, end)), around[0] if around else None)
        if node is not None:
            path.append(node)
    return path


def _inside(source: SourceText, node: ast.AST, start: int, end: int) -> bool:
    """Whether a part of it encloses the range: before Python 3.12, all parts of an f-string have its own place."""
    return any(_covers(source, child, start, end) for child in _placed_children(node))


def node_at(source: SourceText, place: Place, *kinds: type[Node]) -> Node:
    """The smallest node of these kinds that holds the whole place; CannotEdit if there is none."""
    start, end = source.place_span(place)
    path = path_to(source, start, end)
    for node in reversed(path):
        if isinstance(node, kinds):
            _must_be_placed(path, node)
            return node
    wanted = " or ".join(kind.__name__ for kind in kinds)
    raise CannotEdit(f"no {wanted} at {place}: the file is not the one that was checked")


def _must_be_placed(path: list[ast.AST], node: ast.AST) -> None:
    """Before Python 3.12, what stands in an f-string has the f-string's own place, or none that is right."""
    if sys.version_info < (3, 12) and isinstance(path[-1], INSIDE_TEXTS) and not isinstance(node, ast.JoinedStr):
        if not isinstance(node, ast.stmt | ast.Module):
            raise CannotEdit("it stands in an f-string, whose parts Python places from 3.12 on")


def placed_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes whose place is known: before Python 3.12, those in f-strings have none that is right."""
    waiting = [tree]
    while waiting:
        node = waiting.pop(0)
        yield node
        if sys.version_info >= (3, 12) or not isinstance(node, ast.JoinedStr):
            waiting += ast.iter_child_nodes(node)


def call_at(source: SourceText, place: Place) -> ast.Call:
    return node_at(source, place, ast.Call)


def expression_at(source: SourceText, place: Place) -> ast.expr:
    return node_at(source, place, ast.expr)


def function_at(source: SourceText, place: Place) -> Function:
    return cast(Function, node_at(source, place, *FUNCTIONS))


def statement_at(source: SourceText, place: Place) -> ast.stmt:
    return node_at(source, place, ast.stmt)


def loop_at(source: SourceText, place: Place) -> Loop:
    return cast(Loop, node_at(source, place, *LOOPS))


def parents_of(source: SourceText, node: ast.AST) -> list[ast.AST]:
    """The nodes around a node, innermost first, the module last."""
    path = [source.tree, *_trail(source.tree, node)]
    return path[-2::-1]


def statement_of(source: SourceText, node: ast.AST) -> ast.stmt:
    """The statement that a node belongs to: itself, if it is one."""
    for one in (node, *parents_of(source, node)):
        if isinstance(one, ast.stmt):
            return one
    raise CannotEdit("the node belongs to no statement")


def enclosing(source: SourceText, node: ast.AST, *kinds: type[Node]) -> Node | None:
    """The innermost parent of these kinds, or None."""
    return next((one for one in parents_of(source, node) if isinstance(one, kinds)), None)


def block_of(source: SourceText, statement: ast.stmt) -> list[ast.stmt]:
    """The list of statements in which a statement stands."""
    for block in _blocks(parents_of(source, statement)[0]):
        if any(one is statement for one in block):
            return block
    raise CannotEdit("the statement stands in no block")


def scopes_of(node: ast.AST) -> Iterator[ast.AST]:
    """The node and everything below it that is not inside a further function, lambda or class."""
    todo = [node]
    while todo:
        one = todo.pop()
        yield one
        children = ast.iter_child_nodes(one)
        todo += [child for child in children if not isinstance(child, (*FUNCTIONS, ast.Lambda, ast.ClassDef))]


def _placed_children(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if hasattr(child, "lineno"):
            yield child
        elif not isinstance(child, (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)):
            yield from _placed_children(child)


def _covers(source: SourceText, node: ast.AST, start: int, end: int) -> bool:
    if node.end_lineno is None:  # type: ignore[attr-defined]
        return False
    node_start, node_end = source.span(node)
    return node_start <= start and end <= node_end


def _trail(root: ast.AST, node: ast.AST) -> list[ast.AST]:
    stack: list[tuple[ast.AST, Iterator[ast.AST]]] = [(root, ast.iter_child_nodes(root))]
    while stack:
        child = next(stack[-1][1], None)
        if child is None:
            stack.pop()
        elif child is node:
            return [*(one for one, _ in stack[1:]), child]
        else:
            stack.append((child, ast.iter_child_nodes(child)))
    raise CannotEdit("the node is not part of this file's tree")


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if isinstance(block, list):
            yield block


def last_word(node: ast.AST) -> str:
    """`step` of `step` and of `env.step`; "" for any other expression."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
