"""What of JAX is replaced, what is put back, and what this version does not have."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from jax._src import source_info_util, traceback_util

from jaxaudit_probe import stand_ins

missing: list[str] = []

_undone: list[Callable[[], None]] = []
"""What puts everything back."""


def replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> bool:
    """Puts a wrapper in the place of an attribute; False, and a word in `missing`, where there is none."""
    original = getattr(owner, name, None)
    if original is None:
        return False
    before = owner.__dict__.get(name, original) if isinstance(owner, type) else original
    _undone.append(functools.partial(setattr, owner, name, before))
    setattr(owner, name, stand_ins.like(original, wrap(original)))
    return True


def replace_entry(table: dict[Any, Any], key: Any, wrap: Callable[[Any], Any]) -> bool:
    """The same for what JAX looks up in a table."""
    original = table.get(key)
    if original is None:
        return False
    _undone.append(functools.partial(table.__setitem__, key, original))
    table[key] = stand_ins.like(original, wrap(original))
    return True


def restore() -> None:
    """Puts everything back as it was, the last change first."""
    while _undone:
        _undone.pop()()


def leave_out_of_tracebacks(start: str) -> None:
    """Frames of files whose names start like this are JAX's own business: they appear in no traceback and in no location of a program."""
    for module in (traceback_util, source_info_util):
        register = getattr(module, "register_exclusion", None)
        if register is not None:
            register(start)
