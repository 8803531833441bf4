"""Which paths a `.gitignore` leaves out, by git's own rules.

The patterns of one file become two regular expressions, so that asking about a path costs a microsecond however many
patterns there are.
"""

import re
from collections.abc import Iterable


class IgnoreRules:
    """The patterns of one file. Paths are given relative to its folder, with slashes, none at the end."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._groups = _groups([rule for line in lines if (rule := _rule(line)) is not None])

    def __bool__(self) -> bool:
        return bool(self._groups)

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """True: left out; False: expressly kept; None: no pattern speaks of it. The last pattern that does decides."""
        subject = path + "/" if is_folder else path
        for ignored, pattern in self._groups:
            if pattern.match(subject):
                return ignored
        return None


def _groups(rules: list[tuple[bool, str]]) -> list[tuple[bool, re.Pattern[str]]]:
    """Neighbours of one kind joined to one expression, the last first."""
    groups: list[tuple[bool, list[str]]] = []
    for ignored, expression in reversed(rules):
        if groups and groups[-1][0] == ignored:
            groups[-1][1].append(expression)
        else:
            groups.append((ignored, [expression]))
    return [(ignored, re.compile("|".join(f"(?:{one})" for one in parts), re.DOTALL)) for ignored, parts in groups]


def _rule(line: str) -> tuple[bool, str] | None:
    """One line as (is left out, expression), or None when it says nothing or can never match."""
    line = _without_trailing_spaces(line.rstrip("\r\n"))
    if not line or line.startswith("#"):
        return None
    ignored = not line.startswith("!")
    pattern = line if ignored else line[1:]
    folders_only = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    anchored = "/" in pattern
    pattern = pattern.removeprefix("/")
    if not pattern:
        return None
    try:
        expression = ("" if anchored else "(?:.*/)?") + _translate(pattern) + ("/" if folders_only else "/?") + r"\Z"
        re.compile(expression, re.DOTALL)
    except (re.error, RecursionError, OverflowError):
        return None
    return ignored, expression


def _without_trailing_spaces(line: str) -> str:
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    return line


def _translate(pattern: str) -> str:
    parts = []
    position = 0
    while position < len(pattern):
        if pattern.startswith("**/", position) and (position == 0 or pattern[position - 1] == "/"):
            parts.append("(?:.*/)?")
            position += 3
        elif pattern[position:] == "**" and position and pattern[position - 1] == "/":
            parts.append(".+")
            position += 2
        elif pattern[position] == "*":
            while pattern.startswith("*", position):
                position += 1
            parts.append("[^/]*")
        elif pattern[position] == "?":
            parts.append("[^/]")
            position += 1
        elif pattern[position] == "[":
            text, position = _character_class(pattern, position)
            parts.append(text)
        else:
            if pattern[position] == "\\":
                position += 1
                if position == len(pattern):
                    raise re.error("a backslash at the end matches nothing")
            parts.append(re.escape(pattern[position]))
            position += 1
    return "".join(parts)


def _character_class(pattern: str, start: int) -> tuple[str, int]:
    """`[a-z]`, `[!a-z]`, `[[:digit:]]` as an expression that never matches a slash, and where it ends."""
    position = start + 1
    negated = pattern[position : position + 1] in ("!", "^")
    position += negated
    first = position
    parts = []
    while position < len(pattern) and (pattern[position] != "]" or position == first):
        if pattern.startswith("[:", position) and (end := pattern.find(":]", position)) > 0:
            parts.append(_CLASSES.get(pattern[position + 2 : end], ""))
            position = end + 2
            continue
        if pattern[position] == "\\":
            position += 1
        if position < len(pattern):
            char = pattern[position]
            ranged = char == "-" and first < position < len(pattern) - 1 and pattern[position + 1] != "]"
            parts.append("-" if ranged else re.escape(char) if char != "-" else r"\-")
            position += 1
    if position >= len(pattern):
        raise re.error("an unclosed bracket matches nothing")
    return f"(?!/)[{'^' if negated else ''}{''.join(parts)}]", position + 1


_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t\\n\\r\\f\\v",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}
