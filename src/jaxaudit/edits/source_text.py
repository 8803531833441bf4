"""A file's text with what edits need: its tree, its newlines, its encoding, and the way from columns to offsets."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jaxaudit.edits.edit import CannotEdit, Edit, apply_edits
from jaxaudit.model import Place

_LINE_END = re.compile(r"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


def lines_of(text: str) -> list[str]:
    """The lines of a text without their ends, where Python ends them: a form feed or a \\u2028 ends none."""
    return _LINE_END.split(text)


@dataclass(frozen=True)
class SourceText:
    """One file as it was read: `data` is what stood on disk, `text` the same decoded, newlines untouched, BOM off.

    Offsets count characters of `text`. Lines end where Python ends them: at \\n, \\r\\n or \\r.
    """

    path: str
    data: bytes
    text: str
    encoding: str = "utf-8"
    bom: bool = False

    @classmethod
    def from_bytes(cls, path: str, data: bytes) -> "SourceText":
        """Decode as Python would, by BOM or cookie. Raises CannotEdit when the bytes do not fit their encoding."""
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            bom = data.startswith(_BOM)
            encoding = "utf-8" if encoding == "utf-8-sig" else encoding
            text = data[len(_BOM) if bom else 0 :].decode(encoding)
        except (SyntaxError, UnicodeError, LookupError) as error:
            raise CannotEdit(f"{path} cannot be decoded: {error}") from error
        return cls(path, data, text, encoding, bom)

    @classmethod
    def from_text(cls, path: str, text: str) -> "SourceText":
        return cls(path, text.encode(), text)

    @classmethod
    def read(cls, path: str, root: Path = Path()) -> "SourceText":
        return cls.from_bytes(path, (root / path).read_bytes())

    @cached_property
    def tree(self) -> ast.Module:
        try:
            return ast.parse(self.text, self.path)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            from jaxaudit.source.syntax_reasons import reason

            raise CannotEdit(f"{self.path} does not parse: {reason(error, self.data)}") from error

    @cached_property
    def newline(self) -> str:
        """The line ending that most lines have."""
        ends = _LINE_END.findall(self.text)
        return max(("\n", "\r\n", "\r"), key=ends.count)

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        return (0, *(match.end() for match in _LINE_END.finditer(self.text)))

    def line_text(self, line: int) -> str:
        """The text of a line, without its end."""
        start = self.line_starts[line - 1]
        match = _LINE_END.search(self.text, start)
        return self.text[start : match.start() if match else len(self.text)]

    def line_of(self, offset: int) -> int:
        """The line on which an offset lies."""
        low, high = 0, len(self.line_starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.line_starts[middle] <= offset else (low, middle)
        return low + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a 1-based line and a 1-based column in characters."""
        if not 1 <= line <= len(self.line_starts):
            raise CannotEdit(f"{self.path} has no line {line}")
        return self.line_starts[line - 1] + column - 1

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column in characters of an offset."""
        line = self.line_of(offset)
        return line, offset - self.line_starts[line - 1] + 1

    def offset_of_bytes(self, line: int, byte_column: int) -> int:
        """The offset of a position as `ast` gives it: 1-based line, 0-based column in UTF-8 bytes."""
        start = self.line_starts[line - 1]
        prefix = self.text[start : start + byte_column]
        if prefix.isascii():
            return start + byte_column
        return start + len(self.line_text(line).encode()[:byte_column].decode(errors="ignore"))

    def start(self, node: ast.AST) -> int:
        """Where a node begins; a decorated function or class begins at its first `@`."""
        decorators = getattr(node, "decorator_list", None)
        if decorators:
            return self.text.rindex("@", 0, self.start(decorators[0]))
        return self.offset_of_bytes(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        return self.offset_of_bytes(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def span(self, node: ast.AST) -> tuple[int, int]:
        return self.start(node), self.end(node)

    def of(self, node: ast.AST) -> str:
        """The node's source text."""
        start, end = self.span(node)
        return self.text[start:end]

    def place_span(self, place: Place) -> tuple[int, int]:
        return self.offset(place.line, place.column), self.offset(place.end_line, place.end_column)

    def place(self, node: ast.AST, function: str = "<module>") -> Place:
        start, end = self.span(node)
        return Place(self.path, *self.position(start), *self.position(end), function)

    def edited(self, edits: Iterable[Edit]) -> "SourceText":
        """The same file with the edits made. Raises CannotEdit when the encoding has no room for the new text."""
        text = apply_edits(self.text, edits)
        try:
            data = (_BOM if self.bom else b"") + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise CannotEdit(f"{self.path} is {self.encoding} and cannot hold the new text: {error}") from error
        return SourceText(self.path, data, text, self.encoding, self.bom)
