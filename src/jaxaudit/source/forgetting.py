"""Drops what was worked out about values before the callers were known."""

from __future__ import annotations

from jaxaudit.source import values as v


def forget(value: v.Value, depth: int = 0) -> None:
    """Drops what was worked out before the callers were known."""
    if value.memo:
        value.memo.clear()
    if value.__class__ is v.Call:
        value.transform = v.NOT_ASKED
    if depth < 6:
        for part in value.parts():
            if not isinstance(part, (v.FunctionValue, v.ClassValue, v.External, v.ModuleValue)):
                forget(part, depth + 1)
