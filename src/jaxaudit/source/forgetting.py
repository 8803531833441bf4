"""Drops what was worked out about values before the callers were known."""

from __future__ import annotations

from jaxaudit.source import values as v

DEEPEST = 6
"""So many values below each other are looked through."""
_KEPT = frozenset({v.FunctionValue, v.ClassValue, v.External, v.ModuleValue})
_MADE_OF_NOTHING = frozenset({v.Const, v.Param, v.Unknown})


def forget(value: v.Value, depth: int = 0) -> None:
    """Drops what was worked out before the callers were known."""
    if value.memo:
        value.memo.clear()
    if value.__class__ is v.Call:
        value.transform = v.NOT_ASKED
    if depth == DEEPEST:
        return
    for part in value.parts():
        kind = part.__class__
        if kind in _MADE_OF_NOTHING:
            if part.memo:
                part.memo.clear()
        elif kind not in _KEPT:
            forget(part, depth + 1)
