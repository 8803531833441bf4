"""Parts of string literals: a flag out of `XLA_FLAGS`, also where the string is written in several pieces."""

import ast
import re
from dataclasses import dataclass

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.nodes import path_to, statement_of
from jaxaudit.edits.sequences import skip_trivia
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import remove_statement
from jaxaudit.model import Place

_OPENING = re.compile(r"([rRbBuUfFtT]{0,2})(\"\"\"|'''|\"|')")


@dataclass(frozen=True, slots=True)
class Piece:
    """One quoted literal of an implicit concatenation: the whole, and what stands between its quotes."""

    start: int
    end: int
    inner_start: int
    inner_end: int


def remove_flag(source: SourceText, place: Place, flag: str) -> tuple[Edit, ...]:
    """`--xla_name`, with its value, out of the string at a place.

    A piece that held nothing else goes with its line; so does a `+=` that would add nothing.
    """
    return remove_words(source, place, rf"(?:--)?{re.escape(flag.lstrip('-'))}(?:=(?:\{{[^{{}}]*\}}|[^\s\"'{{}}])*)?")


def remove_words(source: SourceText, place: Place, pattern: str) -> tuple[Edit, ...]:
    """The one word that a pattern matches, out of the string at a place, with the blank that set it apart."""
    string = _string_at(source, place)
    word = re.compile(rf"(?<![^\s\"'{{}}])(?:{pattern})(?![^\s\"'{{}}\\])")
    hits = [(piece, hit) for piece in pieces_of(source, string) if (hit := _search(source, word, piece))]
    if not hits:
        raise CannotEdit("the word is not written in the string at this place")
    piece, (start, end) = hits[0]
    start, end = _with_blank(source.text, piece, start, end)
    rest = source.text[piece.inner_start : start] + source.text[end : piece.inner_end]
    if rest.strip() or "\\" in rest.strip():
        return (Edit(start, end, ""),)
    return _without_piece(source, string, piece, start, end)


def pieces_of(source: SourceText, string: ast.expr) -> list[Piece]:
    """The literals of which a string is written, in order; those of operands of `+` too."""
    if isinstance(string, ast.BinOp):
        return [*pieces_of(source, string.left), *pieces_of(source, string.right)]
    if not _is_string(string):
        return []
    found: list[Piece] = []
    offset, end = source.span(string)
    while offset < end:
        found.append(_piece(source.text, offset))
        offset = skip_trivia(source.text, found[-1].end)
    return found


def _piece(text: str, offset: int) -> Piece:
    opening = _OPENING.match(text, offset)
    if opening is None:
        raise CannotEdit("the string is written in a way that is not understood")
    quote, position = opening.group(2), opening.end()
    while not text.startswith(quote, position):
        position += 2 if text[position] == "\\" else 1
    return Piece(offset, position + len(quote), opening.end(), position)


def _string_at(source: SourceText, place: Place) -> ast.expr:
    """The string at the place, with the sum it is part of; else the one string of the statement there."""
    path = path_to(source, *source.place_span(place))
    whole = next((one for one in path if _is_text(one)), None)
    if isinstance(whole, ast.expr):
        return whole
    statement = next((one for one in reversed(path) if isinstance(one, ast.stmt)), None)
    value = getattr(statement, "value", None)
    candidates = [one for one in ast.walk(value) if _is_text(one)] if value else []
    if not candidates or not isinstance(candidates[0], ast.expr):
        raise CannotEdit("no string at this place")
    return candidates[0]


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _is_text(node.left) or _is_text(node.right)
    return _is_string(node)


def _is_string(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _search(source: SourceText, word: re.Pattern[str], piece: Piece) -> tuple[int, int] | None:
    match = word.search(source.text, piece.inner_start, piece.inner_end)
    return match.span() if match else None


def _with_blank(text: str, piece: Piece, start: int, end: int) -> tuple[int, int]:
    """The word with the blanks after it, or before it when it is the last of its piece."""
    after = end
    while after < piece.inner_end and text[after] == " ":
        after += 1
    if after > end and (after < piece.inner_end or start == piece.inner_start):
        return start, after
    before = start
    while before > piece.inner_start and text[before - 1] == " ":
        before -= 1
    return (before, end) if after == end and before > piece.inner_start else (start, after)


def _without_piece(source: SourceText, string: ast.expr, piece: Piece, start: int, end: int) -> tuple[Edit, ...]:
    statement = statement_of(source, string)
    literals = pieces_of(source, string)
    if len(literals) > 1 and not isinstance(string, ast.BinOp):
        return (_whole_line(source, literals, piece),)
    if len(literals) == 1 and isinstance(statement, ast.AugAssign) and statement.value is string:
        return remove_statement(source, statement)
    blank_left = source.text[piece.inner_start : start] + source.text[end : piece.inner_end]
    return (Edit(piece.inner_start, piece.inner_end, "" if blank_left.isspace() else blank_left),)


def _whole_line(source: SourceText, literals: list[Piece], piece: Piece) -> Edit:
    """One piece of an implicit concatenation, with its line where it has one to itself."""
    text = source.text
    index = literals.index(piece)
    line_start = source.line_starts[source.line_of(piece.start) - 1]
    next_line = source.line_of(piece.end)
    line_end = source.line_starts[next_line] if next_line < len(source.line_starts) else len(text)
    rest = text[piece.end : line_end].strip()
    if not text[line_start : piece.start].strip() and (not rest or rest.startswith("#")):
        return Edit(line_start, line_end, "")
    if index + 1 < len(literals):
        return Edit(piece.start, literals[index + 1].start, "")
    return Edit(literals[index - 1].end, piece.end, "")
