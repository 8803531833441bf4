"""Moving code out: an expression before its loop or to the module's level, a statement before another."""

import ast

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.names import bound_in, eager_names, free_names, fresh_name
from jaxaudit.edits.nodes import COMPREHENSIONS, FUNCTIONS, Comprehension, Loop, parents_of, statement_of
from jaxaudit.edits.source_text import SourceText, lines_of
from jaxaudit.edits.statements import (
    comment_behind,
    indent_of,
    indented,
    insert_after,
    insert_before,
    remove_statement,
)

_STAYS = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


def hoist(source: SourceText, node: ast.expr, loop: Loop | Comprehension, hint: str) -> tuple[Edit, ...]:
    """`name = <expression>` before the loop, and the name in the expression's place.

    CannotEdit when the expression needs what the loop, or a scope between, binds.
    """
    between = _up_to(source, node, loop)
    bound = set().union(*(_loop_binds(one) for one in between))
    needed = sorted(free_names(node) & bound)
    if needed:
        raise CannotEdit(f"the loop binds {', '.join(needed)}, which the expression needs")
    _must_move_freely(node)
    name = fresh_name(source, hint)
    target = loop if isinstance(loop, ast.stmt) else statement_of(source, loop)
    return (*insert_before(source, target, f"{name} = {standalone(source, node)}"), Edit(*source.span(node), name))


def hoist_to_module(source: SourceText, node: ast.expr, hint: str) -> tuple[Edit, ...]:
    """`name = <expression>` at module level, before the function that holds it or after the names that it needs."""
    parents = parents_of(source, node)
    bound = set().union(
        *(bound_in(one) for one in parents if isinstance(one, (*FUNCTIONS, ast.Lambda, *COMPREHENSIONS)))
    )
    needed = sorted(free_names(node) & bound)
    if needed:
        raise CannotEdit(f"the expression needs {', '.join(needed)}, which the function around it binds")
    _must_move_freely(node)
    outermost = next(one for one in reversed(parents) if isinstance(one, ast.stmt))
    line = f"{fresh_name(source, hint)} = {standalone(source, node)}"
    use = Edit(*source.span(node), line.partition(" =")[0])
    later = _last_binding(source, eager_names(node), outermost)
    if later is None:
        return (*_apart_before(source, outermost, line), use)
    [edit] = insert_after(source, later, line)
    gap = source.newline * 2 if isinstance(later, (*FUNCTIONS, ast.ClassDef)) else ""
    return (Edit(edit.start, edit.end, gap + edit.new), use)


def move_before(source: SourceText, statement: ast.stmt, target: ast.stmt) -> tuple[Edit, ...]:
    """A statement (a `def`, an assignment) goes before another, at that one's indentation, its comment with it."""
    bound = (
        set().union(*(_loop_binds(one) for one in _up_to(source, statement, target)))
        if _holds(target, statement)
        else set()
    )
    needed = sorted((free_names(statement) & bound) - set(_own_names(statement)))
    if needed:
        raise CannotEdit(f"the statement needs {', '.join(needed)}, bound where it stands")
    moved = _reindented(source, statement, indent_of(source, statement), indent_of(source, target))
    start = source.start(target) - len(indent_of(source, target))
    [removed] = remove_statement(source, statement)
    comment = comment_behind(source, statement) if removed.end > source.end(statement) else ""
    return (Edit(start, start, moved + comment + source.newline), removed)


def standalone(source: SourceText, node: ast.expr) -> str:
    """The expression's text as it can stand after `name = `: in parentheses where it runs over several lines.

    CannotEdit when one of its strings does, whose lines another indentation would change.
    """
    if any(_string_lines(one) for one in ast.walk(node)):
        raise CannotEdit("a string in the expression runs over several lines")
    text = source.of(node)
    try:
        ast.parse(f"_ = {text}")
    except SyntaxError:
        return f"({text})"
    return text


def _must_move_freely(node: ast.expr) -> None:
    if any(isinstance(one, _STAYS) for one in ast.walk(node)):
        raise CannotEdit("the expression assigns, awaits or yields")


def _up_to(source: SourceText, node: ast.AST, outer: ast.AST) -> list[ast.AST]:
    parents = parents_of(source, node)
    for index, one in enumerate(parents):
        if one is outer:
            return parents[: index + 1]
    raise CannotEdit("the code does not stand inside that loop")


def _loop_binds(node: ast.AST) -> set[str]:
    """What a parent binds for the code inside it: a loop binds its targets and all that its body assigns."""
    return bound_in(node)


def _holds(outer: ast.AST, inner: ast.AST) -> bool:
    return any(one is inner for one in ast.walk(outer))


def _own_names(statement: ast.stmt) -> list[str]:
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return [statement.name]
    return [node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def _last_binding(source: SourceText, names: set[str], before: ast.stmt) -> ast.stmt | None:
    """The last top-level statement at or after `before` that binds one of the names."""
    body = source.tree.body
    rest = body[[one is before for one in body].index(True) :]
    binding = [one for one in rest if names & bound_in(ast.Module([one], []))]
    return binding[-1] if binding else None


def _apart_before(source: SourceText, statement: ast.stmt, line: str) -> tuple[Edit, ...]:
    """Before a function or class, two empty lines apart from it."""
    if not isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return insert_before(source, statement, line)
    start = source.start(statement)
    return (Edit(start, start, indented(source, line, "") + source.newline * 2),)


def _reindented(source: SourceText, statement: ast.stmt, old: str, new: str) -> str:
    """The statement's lines at another indentation, the last one open; lines inside strings stay as they are."""
    start, end = source.span(statement)
    first = source.line_of(start)
    frozen = {line for node in ast.walk(statement) for line in _string_lines(node)}
    lines = lines_of(source.text[start:end])
    rest = [
        line if first + number in frozen or not line.startswith(old) else new + line[len(old) :]
        for number, line in enumerate(lines)
        if number
    ]
    return source.newline.join((new + lines[0], *rest))


def _string_lines(node: ast.AST) -> range:
    """The lines that begin inside a string."""
    is_text = isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )
    if not is_text:
        return range(0)
    return range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)  # type: ignore[attr-defined]
