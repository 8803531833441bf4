"""Colours, or none: the one place that knows their codes."""

from collections.abc import Callable

Paint = Callable[[str, str], str]
"""(text, what it is) -> the text as it is written."""

CODES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "note": "1;34",
    "gutter": "1;34",
    "strong": "1",
    "faint": "2",
    "added": "32",
    "removed": "31",
}


def coloured(text: str, role: str) -> str:
    code = CODES.get(role)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def plain(text: str, role: str) -> str:
    return text
