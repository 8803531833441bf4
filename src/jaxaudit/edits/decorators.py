"""Decorators: adding, removing, replacing, swapping, and giving one an argument."""

import ast

from jaxaudit.edits.arguments import set_keyword
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import replace
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.nodes import Function
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import insert_before

Decorated = Function | ast.ClassDef


def decorator_named(source: SourceText, node: Decorated, *names: str) -> ast.expr:
    """The decorator that is one of these (`"dataclasses.dataclass"`), called or not, by the file's imports."""
    for decorator in node.decorator_list:
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        if qualified_name(source, inner) in names:
            return decorator
    raise CannotEdit(f"{node.name} has no decorator {' or '.join(names)}")


def add_decorator(source: SourceText, node: Decorated, text: str) -> tuple[Edit, ...]:
    """A new outermost decorator; `text` without its `@`."""
    return insert_before(source, node, f"@{text}")


def add_inner_decorator(source: SourceText, node: Function, text: str) -> tuple[Edit, ...]:
    """A new innermost decorator: what the others do stays outside of it."""
    if not node.decorator_list:
        return add_decorator(source, node, text)
    head = _head(source, node)
    line_start = source.line_starts[source.line_of(head) - 1]
    indent = source.text[line_start:head]
    if indent.strip():
        raise CannotEdit(f"`{node.name}` does not begin its line")
    return (Edit(line_start, line_start, f"{indent}@{text}{source.newline}"),)


def remove_decorator(source: SourceText, node: Decorated, decorator: ast.expr) -> tuple[Edit, ...]:
    """One decorator less, with its line."""
    start, end = _with_sign(source, node, decorator)
    line_start = source.line_starts[source.line_of(start) - 1]
    following = [one for one in node.decorator_list if source.start(one) > end]
    stop = _with_sign(source, node, following[0])[0] if following else _head(source, node)
    lead = source.text[line_start:start]
    return (Edit(line_start, stop - len(lead), ""),)


def replace_decorator(source: SourceText, decorator: ast.expr, text: str) -> tuple[Edit, ...]:
    """The decorator's expression becomes `text` (without `@`)."""
    return replace(source, decorator, text)


def swap_decorators(source: SourceText, first: ast.expr, second: ast.expr) -> tuple[Edit, ...]:
    """The two change places; comments beside them stay where they are."""
    return (*replace(source, first, source.of(second)), *replace(source, second, source.of(first)))


def set_decorator_argument(source: SourceText, decorator: ast.expr, name: str, value: str) -> tuple[Edit, ...]:
    """`@dataclass` becomes `@dataclass(frozen=True)`; a call gets the argument or its new value."""
    if isinstance(decorator, ast.Call):
        return set_keyword(source, decorator, name, value)
    end = source.end(decorator)
    return (Edit(end, end, f"({name}={value})"),)


def _with_sign(source: SourceText, node: Decorated, decorator: ast.expr) -> tuple[int, int]:
    start, end = source.span(decorator)
    return source.text.rindex("@", source.start(node), start), end


def _head(source: SourceText, node: Decorated) -> int:
    """Where `def`, `async def` or `class` stands."""
    return source.offset_of_bytes(node.lineno, node.col_offset)
