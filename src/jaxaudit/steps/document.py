"""The finished check as a JSON document (`docs/schema/jaxaudit-1.schema.json`): all that a report will ever ask for."""

import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from jaxaudit import __version__
from jaxaudit.model import Finding, Place, Unread
from jaxaudit.steps.selection import Rules

Lines = Callable[[str], Sequence[str]]

SCHEMA = "jaxaudit/1"
LONGEST_LINE = 400
"""A longer source line is cut around its place: a record needs to show it, not to hold a generated file."""
MOST_LINES = 8


def environment(configuration: Path | None = None) -> dict[str, Any]:
    """What `check` ran on and what governed it. JAX is not asked: check never imports it."""
    return {
        "tool": __version__,
        "python": platform.python_version(),
        "platform": sys.platform,
        "configuration": shown(str(configuration)) if configuration else None,
    }


def finding_entry(finding: Finding, lines: Lines) -> dict[str, Any]:
    """One entry of `findings`, with the source lines that a report shows."""
    return {
        "rule": finding.rule,
        "title": finding.title,
        "message": finding.message,
        "severity": finding.severity,
        "confidence": round(finding.confidence, 3),
        "source": finding.source,
        **_place(finding.place, lines),
        "facts": plain(finding.facts),
        "notes": [{"text": note.text, **_place(note.place, lines)} for note in finding.notes],
        "help": finding.help,
        "needs": list(finding.needs),
        "fingerprint": finding.fingerprint,
        "fix": None
        if finding.fix is None
        else {"applicability": finding.fix.applicability, "title": finding.fix.title, "diff": finding.fix.diff},
    }


def _place(place: Place, lines: Lines) -> dict[str, Any]:
    return {
        "path": shown(place.path),
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "function": place.function,
        "cell": None,
        "snippet": _snippet(place, lines(place.path)),
    }


def _snippet(place: Place, lines: Sequence[str]) -> list[dict[str, Any]]:
    """The lines of the place (the first ones of a long range); those that are missing are left out."""
    last = min(max(place.line, place.end_line), place.line + MOST_LINES - 1, len(lines))
    return [_cut(number, lines[number - 1], place) for number in range(max(1, place.line), last + 1)]


def _cut(number: int, line: str, place: Place) -> dict[str, Any]:
    text = line.rstrip("\r\n")
    start = 0
    if len(text) > LONGEST_LINE:
        wanted = place.column - 1 if number == place.line else 0
        start = max(0, min(wanted - LONGEST_LINE // 4, len(text) - LONGEST_LINE))
    return {"line": number, "text": text[start : start + LONGEST_LINE], "offset": start}


def rule_entries(names: Iterable[str], rules: Rules) -> dict[str, dict[str, Any]]:
    """What a report says of each rule that has a finding."""
    return {
        name: {
            "title": rules[name].title,
            "family": rules[name].family,
            "severity": rules[name].severity,
            "why": rules[name].why,
            "do": rules[name].do,
        }
        for name in sorted(set(names))
        if name in rules
    }


def function_entries(functions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The inventory, its paths as the reader writes them."""
    return [
        plain({**one, "path": shown(one["path"])})
        | {"callers": [{**caller, "path": shown(caller["path"])} for caller in one["callers"]]}
        for one in functions
    ]


def unread_entries(unread: Iterable[Unread]) -> list[dict[str, Any]]:
    return [
        {"path": shown(entry.path), "reason": entry.reason} | ({"cell": entry.cell} if entry.cell else {})
        for entry in unread
    ]


def summary(news: Sequence[Finding], counts: Mapping[str, int]) -> dict[str, int]:
    """How many there are of each kind; `counts` adds what only the caller knows."""
    certain = [finding.severity for finding in news if finding.certain]
    return {
        "errors": certain.count("error"),
        "warnings": certain.count("warning"),
        "infos": certain.count("info"),
        "unsure": len(news) - len(certain),
        **counts,
    }


def plain(value: Any) -> Any:
    """The value as JSON can hold it: other things as their text."""
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if value is None or isinstance(value, (str, bool, int)) or (isinstance(value, float) and isfinite(value)):
        return value
    return str(value)


def shown(path: str) -> str:
    """The path from the working directory where it lies under it, with forward slashes."""
    here = os.path.join(os.getcwd(), "")
    inside = path.removeprefix(here) if os.path.isabs(path) else os.path.normpath(path)
    return inside.replace(os.sep, "/")
