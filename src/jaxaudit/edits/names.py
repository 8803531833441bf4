"""Names: which are taken, which an expression needs, and renaming one in its scope."""

import ast
import builtins
import keyword
import re
from collections.abc import Iterator

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.nodes import COMPREHENSIONS, FUNCTIONS
from jaxaudit.edits.source_text import SourceText

_HEAD = re.compile(r"(?:async\s+)?(?:def|class)\s+")
_OWN_SCOPE = (*FUNCTIONS, ast.Lambda, ast.ClassDef, *COMPREHENSIONS)


def fresh_name(source: SourceText, hint: str) -> str:
    """`hint`, or `hint_2`, `hint_3`, ... : a name that the file uses nowhere yet."""
    taken = {word for node in ast.walk(source.tree) for word in _words(node)} | set(dir(builtins)) | set(keyword.kwlist)
    if hint not in taken:
        return hint
    number = 2
    while f"{hint}_{number}" in taken:
        number += 1
    return f"{hint}_{number}"


def free_names(node: ast.AST) -> set[str]:
    """The names that an expression or a statement reads from outside itself."""
    bound = bound_in(node) if isinstance(node, _OWN_SCOPE) else set()
    found = {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) else set()
    for child in ast.iter_child_nodes(node):
        found |= free_names(child)
    outside = {name for part in _evaluated_outside(node) for name in free_names(part)}
    return (found - bound) | outside


def eager_names(node: ast.AST) -> set[str]:
    """The names that must be bound when the expression is evaluated: those of lambda bodies may come later."""
    if isinstance(node, (*FUNCTIONS, ast.Lambda)):
        return {name for part in _evaluated_outside(node) for name in eager_names(part)}
    if isinstance(node, COMPREHENSIONS):
        return free_names(node)
    found = {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) else set()
    return found.union(*(eager_names(child) for child in ast.iter_child_nodes(node)))


def bound_in(scope: ast.AST) -> set[str]:
    """The names that a function, lambda, class, comprehension, loop or module binds in its own scope."""
    names = {name for node in _own(scope) for name in _binds(node)}
    if isinstance(scope, (*FUNCTIONS, ast.Lambda)):
        names |= {argument.arg for argument in parameters_of(scope)}
    if isinstance(scope, FUNCTIONS):
        names -= {name for node in _own(scope) if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}
    return names


def parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.arg]:
    given = function.args
    ends = [one for one in (given.vararg, given.kwarg) if one]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *ends]


def rename(source: SourceText, scope: ast.AST, old: str, new: str) -> tuple[Edit, ...]:
    """Every use of a name that a scope binds, there and in the functions inside that do not bind it themselves.

    Keywords of callers are not renamed: rename a parameter only where nobody outside passes it by name.
    """
    if old not in bound_in(scope):
        raise CannotEdit(f"{old} is not bound in this scope")
    edits = tuple(sorted(_renamings(source, scope, old, new)))
    if any(isinstance(node, (ast.Global, ast.Nonlocal)) and old in node.names for node in ast.walk(scope)):
        raise CannotEdit(f"{old} is declared global or nonlocal")
    return edits


def _renamings(source: SourceText, scope: ast.AST, old: str, new: str) -> Iterator[Edit]:
    if isinstance(scope, (*FUNCTIONS, ast.Lambda)):
        for argument in parameters_of(scope):
            if argument.arg == old:
                start = source.start(argument)
                yield Edit(start, start + len(old), new)
    for node in _own(scope):
        if node is not scope and isinstance(node, _OWN_SCOPE):
            yield from _renamings_inside(source, node, old, new)
        if isinstance(node, ast.Name) and node.id == old:
            yield Edit(*source.span(node), new)
        elif node is not scope and old in _binds(node) and not isinstance(node, ast.Name):
            yield _renamed_binding(source, node, old, new)


def _renamings_inside(source: SourceText, node: ast.AST, old: str, new: str) -> Iterator[Edit]:
    for part in _evaluated_outside(node):
        for one in ast.walk(part):
            if isinstance(one, ast.Name) and one.id == old:
                yield Edit(*source.span(one), new)
    if old not in bound_in(node):
        yield from _renamings(source, node, old, new)


def _renamed_binding(source: SourceText, node: ast.AST, old: str, new: str) -> Edit:
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        first = source.offset_of_bytes(node.lineno, node.col_offset)
        head = _HEAD.match(source.text, first)
        if head is None:
            raise CannotEdit(f"the name of {old} was not found")
        return Edit(head.end(), head.end() + len(old), new)
    if isinstance(node, ast.alias):
        end = source.end(node)
        return Edit(end - len(old), end, new) if node.asname else Edit(end, end, f" as {new}")
    raise CannotEdit(f"{old} is bound by {type(node).__name__}, which is not renamed")


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The scope's own nodes; of scopes inside it only the node itself. A function's own header is not its own."""
    outside = _evaluated_outside(scope)
    todo = [child for child in ast.iter_child_nodes(scope) if not isinstance(child, ast.arguments)]
    while todo:
        node = todo.pop()
        if any(node is one for one in outside):
            continue
        yield node
        if not isinstance(node, _OWN_SCOPE):
            todo += ast.iter_child_nodes(node)
        elif isinstance(node, COMPREHENSIONS):
            todo += [one for one in ast.walk(node) if isinstance(one, ast.NamedExpr)]


def _evaluated_outside(node: ast.AST) -> list[ast.AST]:
    """Decorators, defaults, annotations, bases, what a comprehension runs over: evaluated where the scope stands."""
    if isinstance(node, COMPREHENSIONS):
        return [node.generators[0].iter]
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *node.keywords]
    if not isinstance(node, (*FUNCTIONS, ast.Lambda)):
        return []
    parts: list[ast.AST | None] = [*node.args.defaults, *node.args.kw_defaults]
    if isinstance(node, FUNCTIONS):
        parts += [*node.decorator_list, node.returns, *(argument.annotation for argument in parameters_of(node))]
    return [part for part in parts if part is not None]


def _binds(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return (name,)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.alias(name=name, asname=asname):
            return (asname or name.split(".")[0],)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return (name,)
        case ast.MatchMapping(rest=str(name)):
            return (name,)
    return ()


def _words(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
            return (name,)
        case ast.keyword(arg=str(name)):
            return (name,)
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return tuple(names)
    return _binds(node)
