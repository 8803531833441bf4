"""Bytes to a tree, for any bytes at all."""

import ast
import warnings

from jaxaudit.model.unread import Unread

LOOK_FROM = 256_000
"""Smaller files are parsed as they are: at worst, a table of numbers, 110 MB for a moment."""
MOST_WORDS = 200_000
"""A tree costs up to 1.7 kB per name or number in the text: beyond this, one file would need more than 300 MB."""


def parse(data: bytes, path: str) -> ast.Module | Unread:
    """The tree of a Python source in any encoding that it declares; never raises.

    Long literals of a big file are emptied before parsing, all lines and columns keeping their numbers. What cannot be
    read is an `Unread` whose reason is one sentence with the line.
    """
    try:
        tree = _tree(data) if len(data) < LOOK_FROM else _big_tree(data, path)
    except Exception as error:
        from jaxaudit.source.syntax_reasons import reason

        return Unread(path, reason(error, data))
    if not data.isascii():  # the parser passes over comments, in which running the file would stumble
        from jaxaudit.source.syntax_reasons import not_text

        if said := not_text(data):
            return Unread(path, said)
    return tree


def _big_tree(data: bytes, path: str) -> ast.Module | Unread:
    from jaxaudit.source.huge_literals import cut_huge_literals, words

    text = cut_huge_literals(data)
    count = words(text)
    if count > MOST_WORDS:
        return Unread(path, _too_large(data, count))
    try:
        return _tree(text)
    except SyntaxError:
        if words(data) > MOST_WORDS:
            raise
        return _tree(data)  # what was cut may have been no literal after all


def _tree(data: bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(data, "<source>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)  # type: ignore[return-value]


def _too_large(data: bytes, count: int) -> str:
    return (
        f"too large to read in bounded memory ({len(data) / 1e6:.1f} MB in {data.count(10) + 1:,} lines with"
        f" {count:,} names and numbers; the limit is {MOST_WORDS:,}); split the file, or exclude it if it is generated"
    )
