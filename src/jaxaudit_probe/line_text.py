"""One line of the record as JSON.

Not by the module `json`: before the program's first import that name is still free, and the program may have a file of
that name which it means.
"""

from __future__ import annotations

from _json import encode_basestring_ascii as quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def json_text(value: Any) -> str:
    """The value as JSON: what JSON has no word for as its text, infinities as null."""
    if value is None or value is True or value is False:
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, str):
        return quoted(str(value))
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value) if abs(value) < float("inf") else "null"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(str(key))}: {json_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(map(json_text, value)) + "]"
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return json_text(value.item())
    return quoted(str(value))
