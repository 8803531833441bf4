"""How to read the tuples that `lower` makes: where an expression starts and ends, and its text.

Lines count from 1, columns from 0 in UTF-8 bytes, as the parser gives them.
"""

import marshal
from typing import Any

Expr = tuple[Any, ...]

WRITES_ATTRIBUTE = "=."
"""Among the words of a unit that writes an attribute of something; followed by a name, the attribute's."""
WRITES_ITEM = "=["
"""Among the words of a unit that writes an item of something."""
COMPREHENDS = "[for"
"""Among the words of a unit with a comprehension."""
REBINDS = "global"
"""Among the words of a unit with a `global` or `nonlocal` statement."""


def unpack(data: bytes) -> Any:
    """The plain value in packed facts, or None when they are damaged."""
    try:
        return marshal.loads(data)
    except Exception:  # a damaged entry may raise anything, and is a miss
        return None


def start(expr: Expr) -> tuple[int, int]:
    """Line and byte column of an expression's first character."""
    while True:
        kind = expr[0]
        if kind in "n k":
            return expr[2], expr[3]
        if kind == "c" or kind == "g":
            return expr[4], expr[5]
        if kind == "." or kind == "[":
            expr = expr[1]
        elif kind == "b":
            expr = expr[2]
        elif kind == "T":
            return expr[3], expr[4]
        elif kind == "<" or kind == "o":
            expr = expr[2][0]
        elif kind in ("f", "F", "D", "y"):
            return expr[2], expr[3]
        elif kind == "u":
            return expr[3], expr[4]
        elif kind == "?":
            expr = expr[2]
        elif kind in ("*", ":="):
            expr = expr[1]
        elif kind == ":":
            found = expr[1] or expr[2] or expr[3]
            if found is None:
                return 1, 0
            expr = found
        else:
            return 1, 0


def end(expr: Expr) -> tuple[int, int]:
    """Line and byte column after an expression's last character."""
    while True:
        kind = expr[0]
        if kind == "n":
            return expr[2], expr[3] + len(expr[1].encode())
        if kind == "k":
            return expr[4], expr[5]
        if kind == "c" or kind == "g":
            return expr[6], expr[7]
        if kind == "." or kind == "[":
            return expr[3], expr[4]
        if kind == "T":
            return expr[5], expr[6]
        if kind in ("f", "F", "D"):
            return expr[4], expr[5]
        if kind == "b":
            expr = expr[3]
        elif kind == "<" or kind == "o":
            expr = expr[2][-1]
        elif kind == "u":
            expr = expr[2]
        elif kind == "?":
            expr = expr[3]
        elif kind == "*":
            expr = expr[1]
        elif kind == ":=":
            expr = expr[2]
        elif kind == "y":
            if expr[1] is None:
                return expr[2], expr[3] + 5
            expr = expr[1]
        elif kind == ":":
            found = expr[3] or expr[2] or expr[1]
            if found is None:
                return 1, 0
            expr = found
        else:
            return 1, 0


_SIGNS = {
    "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**", "MatMult": "@",
    "LShift": "<<", "RShift": ">>", "BitOr": "|", "BitXor": "^", "BitAnd": "&", "Not": "not ", "USub": "-", "UAdd": "+",
    "Invert": "~", "And": "and", "Or": "or", "Eq": "==", "NotEq": "!=", "Lt": "<", "LtE": "<=", "Gt": ">",
    "GtE": ">=", "Is": "is", "IsNot": "is not", "In": "in", "NotIn": "not in",
}  # fmt: skip


def text(expr: Expr | None, room: int = 60) -> str:
    """An expression as short source text, for messages: what doesn't fit is cut with dots."""
    out = _text(expr, 6)
    return out if len(out) <= room else out[: room - 3] + "..."


_RANKS = {
    "Or": 1, "And": 2, "Not": 3, "BitOr": 5, "BitXor": 6, "BitAnd": 7, "LShift": 8, "RShift": 8, "Add": 9, "Sub": 9,
    "Mult": 10, "Div": 10, "FloorDiv": 10, "Mod": 10, "MatMult": 10, "Pow": 12,
}  # fmt: skip
"""How strongly Python's signs bind."""
_COMPARED, _UNARY, ATOM = 4, 11, 20


def _rank(expr: Expr) -> int:
    kind = expr[0]
    if kind in ("b", "o"):
        return _RANKS.get(expr[1], 0)
    if kind == "u":
        return _RANKS.get(expr[1], _UNARY)
    if kind == "<":
        return _COMPARED
    return 0 if kind in ("?", ":=", "f") else ATOM


def _part(expr: Expr, depth: int, least: int) -> str:
    """An expression within another: in parentheses where it binds less strongly."""
    out = _text(expr, depth)
    return f"({out})" if _rank(expr) < least and out != "..." else out


def _text(expr: Expr | None, depth: int) -> str:
    if expr is None:
        return ""
    if depth == 0:
        return "..."
    kind, below = expr[0], depth - 1
    if kind == "n":
        return str(expr[1])
    if kind == "k":
        return repr(expr[1])
    if kind == ".":
        return f"{_part(expr[1], below, ATOM)}.{expr[2]}"
    if kind == "c":
        inner = [_text(a, below) for a in expr[2]]
        inner += [f"{k}={_text(v, below)}" if k else f"**{_text(v, below)}" for k, v in expr[3]]
        return f"{_part(expr[1], below, ATOM)}({', '.join(inner)})"
    if kind == "[":
        return f"{_part(expr[1], below, ATOM)}[{_text(expr[2], below)}]"
    if kind == "b":
        rank = _rank(expr)
        left, right = (rank + 1, _UNARY) if expr[1] == "Pow" else (rank, rank + 1)
        return f"{_part(expr[2], below, left)} {_SIGNS.get(expr[1], '?')} {_part(expr[3], below, right)}"
    if kind == "u":
        return f"{_SIGNS.get(expr[1], '')}{_part(expr[2], below, _rank(expr))}"
    if kind == "o":
        return f" {_SIGNS[expr[1]]} ".join([_part(v, below, _rank(expr) + 1) for v in expr[2]])
    if kind == "<":
        out = _part(expr[2][0], below, _COMPARED + 1)
        for sign, value in zip(expr[1], expr[2][1:]):
            out += f" {_SIGNS[sign]} {_part(value, below, _COMPARED + 1)}"
        return out
    if kind == "T":
        opening, closing = {"tuple": ("(", ")"), "list": ("[", "]"), "set": ("{", "}")}[expr[1]]
        inner = [_text(i, below) for i in expr[2]]
        comma = "," if expr[1] == "tuple" and len(inner) == 1 else ""
        return f"{opening}{', '.join(inner)}{comma}{closing}"
    if kind == "f":
        return "lambda"
    if kind == "*":
        return f"*{_text(expr[1], below)}"
    if kind == "?":
        return f"{_part(expr[2], below, 1)} if {_part(expr[1], below, 1)} else {_text(expr[3], below)}"
    if kind == ":":
        return f"{_text(expr[1], below)}:{_text(expr[2], below)}"
    return "..."
