"""Whole statements: inserting and removing them, with their lines and their indentation."""

import ast
import re

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.nodes import block_of
from jaxaudit.edits.source_text import SourceText, lines_of

_REST = re.compile(r"[ \t\f]*(?:#[^\r\n]*)?(\r\n|\r|\n|$)")
_SEMICOLON = re.compile(r"[ \t\f]*;[ \t\f]*")


def indent_of(source: SourceText, statement: ast.stmt) -> str:
    """The blanks before a statement. CannotEdit when it shares its line with the one before it or with its `if x:`."""
    start = source.start(statement)
    _is_no_elif(source, statement)
    indent = source.text[source.line_starts[source.line_of(start) - 1] : start]
    if indent.strip():
        raise CannotEdit("the statement does not begin its line")
    return indent


def insert_before(source: SourceText, statement: ast.stmt, code: str) -> tuple[Edit, ...]:
    """Statements before one, on lines of their own at its indentation (before its decorators)."""
    indent = indent_of(source, statement)
    start = source.start(statement) - len(indent)
    return (Edit(start, start, indented(source, code, indent)),)


def insert_after(source: SourceText, statement: ast.stmt, code: str) -> tuple[Edit, ...]:
    """Statements after one, on lines of their own at its indentation."""
    indent = indent_of(source, statement)
    rest = _REST.match(source.text, source.end(statement))
    if rest is None:
        raise CannotEdit("another statement follows on the same line")
    lines = indented(source, code, indent)
    if rest.group(1):
        return (Edit(rest.end(), rest.end(), lines),)
    return (Edit(rest.end(), rest.end(), source.newline + lines.removesuffix(source.newline)),)


def comment_behind(source: SourceText, statement: ast.stmt) -> str:
    """The comment at the end of a statement's last line, with the blanks before it; "" where there is none."""
    rest = _REST.match(source.text, source.end(statement))
    return rest[0].removesuffix(rest[1]).rstrip() if rest else ""


def remove_statement(source: SourceText, statement: ast.stmt) -> tuple[Edit, ...]:
    """The statement goes with its lines and the comment behind it; a block that would be empty keeps `pass`."""
    start, end = source.span(statement)
    _is_no_elif(source, statement)
    if len(block_of(source, statement)) == 1 and _needs_body(source, statement):
        return (Edit(start, end, "pass"),)
    line_start = source.line_starts[source.line_of(start) - 1]
    semicolon, rest = _SEMICOLON.match(source.text, end), _REST.match(source.text, end)
    if not source.text[line_start:start].strip():
        if rest:
            return (Edit(line_start, rest.end(), ""),)
        if semicolon:
            return (Edit(start, semicolon.end(), ""),)
    before = source.text.rfind(";", line_start, start)
    if before >= 0 and rest:
        return (Edit(before, end, ""),)
    if semicolon:
        return (Edit(start, semicolon.end(), ""),)
    raise CannotEdit("the statement shares its line in a way that is not understood")


def remove_definition(source: SourceText, statement: ast.stmt) -> tuple[Edit, ...]:
    """The same with the empty lines that stood between it and what follows."""
    done = []
    for edit in remove_statement(source, statement):
        end = edit.end
        while not edit.new and end < len(source.text) and not source.line_text(source.line_of(end)).strip():
            following = source.line_of(end)
            if following >= len(source.line_starts):
                break
            end = source.line_starts[following]
        done.append(edit._replace(end=end))
    return tuple(done)


def indented(source: SourceText, code: str, indent: str) -> str:
    """Lines of code at an indentation, in the file's newlines, the last one ended."""
    lines = lines_of(code.strip("\r\n"))
    return "".join(f"{indent}{line}{source.newline}" if line else source.newline for line in lines)


def _is_no_elif(source: SourceText, statement: ast.stmt) -> None:
    if isinstance(statement, ast.If) and source.text.startswith("elif", source.start(statement)):
        raise CannotEdit("the statement is an elif, part of another")


def _needs_body(source: SourceText, statement: ast.stmt) -> bool:
    return not any(one is statement for one in source.tree.body)


def string_over_lines(node: ast.AST) -> bool:
    """Whether a string in it runs over several lines: moved to another indentation, it would be another string."""
    return any(
        isinstance(one, ast.Constant) and isinstance(one.value, str | bytes) and one.lineno != one.end_lineno
        for one in ast.walk(node)
    )
