"""How wide a text stands in a terminal, and texts made safe to print there."""

import textwrap
import unicodedata

TAB = 4
HARMLESS = "\N{REPLACEMENT CHARACTER}"
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""Signs that turn the direction of writing: in a source line they can make the reader see another program."""


def width(text: str) -> int:
    """Columns that the text takes: two for wide signs, none for combining ones."""
    return len(text) if text.isascii() else sum(map(_sign_width, text))


def _sign_width(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def printable(text: str) -> str:
    """The text with tabs as spaces, and control signs replaced, so that a source file can't command the terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_printable_sign, text))


def _printable_sign(sign: str) -> str:
    if sign == "\t":
        return " " * TAB
    if sign in TURNING or unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp"):
        return HARMLESS
    return sign


def wrap(text: str, columns: int, first: str = "", rest: str = "") -> list[str]:
    """Lines of at most `columns`, the first after `first`, the others after `rest`. Long words (paths) stay whole."""
    return textwrap.wrap(
        printable(" ".join(text.split())),
        max(columns, 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def cropped(text: str, columns: int) -> str:
    """As much of the text as fits, with a sign for what was left out."""
    text = printable(text)
    if width(text) <= columns:
        return text
    while text and width(text) > columns - 1:
        text = text[: columns - 1 if len(text) > columns else -1]
    return f"{text}…"
