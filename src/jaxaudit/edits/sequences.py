"""Elements between brackets: tuples, lists, sets and arguments, with their commas, lines and comments."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.source_text import SourceText

_TRIVIA = re.compile(r"(?:\s|\\(?:\r\n|\r|\n)|#[^\r\n]*)*")
_BLANKS = re.compile(r"[ \t\f]*")
_LINE_REST = re.compile(r"[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n)")


@dataclass(frozen=True, slots=True)
class Item:
    """One element with the parentheses round it, and the offset of the comma after it (None after the last)."""

    start: int
    end: int
    comma: int | None

    @property
    def stop(self) -> int:
        return self.end if self.comma is None else self.comma + 1


def items_between(source: SourceText, opening: int, closing: int, nodes: Sequence[ast.AST]) -> list[Item]:
    """The elements that stand between the offset after an opening bracket and that of its closing one."""
    items: list[Item] = []
    begin = opening
    for node in nodes:
        start = skip_trivia(source.text, begin)
        end, comma = _to_comma(source.text, source.end(node), closing)
        items.append(Item(start, end, comma))
        begin = end if comma is None else comma + 1
    return items


def skip_trivia(text: str, offset: int) -> int:
    """The next offset that is neither blank, comment, line end nor line continuation."""
    match = _TRIVIA.match(text, offset)
    return match.end() if match else offset


def remove_item(source: SourceText, items: Sequence[Item], index: int) -> tuple[Edit, ...]:
    """One element less, with its comma, and with its line and comment when it has a line of its own."""
    item, text = items[index], source.text
    line_start = source.line_starts[source.line_of(item.start) - 1]
    rest = _LINE_REST.match(text, item.stop)
    if not text[line_start : item.start].strip() and rest and (item.comma is not None or index == 0):
        return (Edit(line_start, rest.end(), ""),)
    if index + 1 < len(items):
        following = items[index + 1].start
        gap = text[item.stop : following]
        same_line = "\n" not in gap and "\r" not in gap
        return (Edit(item.start, following if same_line else item.stop, ""),)
    if index == 0:
        return (Edit(item.start, item.stop, ""),)
    before = items[index - 1]
    between = text[before.end : item.start]
    if "#" in between:
        return (Edit(item.start, item.stop, ""),)
    if item.comma is not None:
        return (Edit(before.stop, item.stop, ""),)
    return (Edit(before.end, item.end, ""),)


def add_item(source: SourceText, items: Sequence[Item], opening: int, new: str) -> tuple[Edit, ...]:
    """One element more, at the end; on a line of its own where the others have theirs."""
    if not items:
        return (Edit(opening, opening, new),)
    last = items[-1]
    line_start = source.line_starts[source.line_of(last.start) - 1]
    indent = source.text[line_start : last.start]
    own_line = not indent.strip() and (len(items) > 1 or last.comma is not None)
    if own_line:
        lead, comma = source.newline + indent, "," if last.comma is not None else ""
    else:
        lead, comma = " ", "," if last.comma is not None and len(items) > 1 else ""
    if last.comma is None:
        return (Edit(last.end, last.end, f",{lead}{new}{comma}"),)
    return (Edit(last.stop, last.stop, f"{lead}{new}{comma}"),)


def brackets_of(source: SourceText, node: ast.expr) -> tuple[int, int]:
    """The offset after the opening bracket of a tuple, list or set, and that of its closing one."""
    start, end = source.span(node)
    if source.text[start] not in "([{" or source.text[end - 1] not in ")]}":
        raise CannotEdit("a tuple without parentheses")
    return start + 1, end - 1


def elements_of(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return node.elts
    raise CannotEdit(f"not a tuple, list or set written out, but {type(node).__name__}")


def remove_element(source: SourceText, node: ast.expr, index: int) -> tuple[Edit, ...]:
    """A tuple, list or set without one element; a tuple that keeps one keeps its comma: `("a",)`."""
    elements = elements_of(node)
    opening, closing = brackets_of(source, node)
    items = items_between(source, opening, closing, elements)
    edits = remove_item(source, items, index)
    if isinstance(node, ast.Tuple) and len(items) == 2 and index == 1 and items[1].comma is None:
        return (Edit(items[0].stop, edits[0].end, ""),)
    if isinstance(node, ast.Tuple) and len(items) == 2 and index == 0 and items[1].comma is None:
        return (*edits, Edit(items[1].end, items[1].end, ","))
    return edits


def add_element(source: SourceText, node: ast.expr, new: str) -> tuple[Edit, ...]:
    """A tuple, list or set with one element more, at its end."""
    opening, closing = brackets_of(source, node)
    elements = elements_of(node)
    if not elements and isinstance(node, ast.Tuple):
        return (Edit(opening, opening, f"{new},"),)
    return add_item(source, items_between(source, opening, closing, elements), opening, new)


def _to_comma(text: str, offset: int, closing: int) -> tuple[int, int | None]:
    end = offset
    while (offset := skip_trivia(text, offset)) < closing:
        if text[offset] == ",":
            return end, offset
        if text[offset] != ")":
            raise CannotEdit(f"unexpected {text[offset]!r} after an element")
        offset += 1
        end = offset
    return end, None
