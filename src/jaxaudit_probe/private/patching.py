"""What of JAX is replaced, what is put back, and what this version does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jax._src import source_info_util, traceback_util

from jaxaudit_probe import stand_ins

missing: list[str] = []

_patched: list[tuple[Any, str, Any]] = []


def replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> bool:
    """Puts a wrapper in the place of an attribute; False, and a word in `missing`, where there is none."""
    original = getattr(owner, name, None)
    if original is None:
        return False
    _patched.append((owner, name, owner.__dict__.get(name, original) if isinstance(owner, type) else original))
    setattr(owner, name, stand_ins.like(original, wrap(original)))
    return True


def restore() -> None:
    """Puts everything back as it was, the last change first."""
    while _patched:
        owner, name, original = _patched.pop()
        setattr(owner, name, original)


def leave_out_of_tracebacks(start: str) -> None:
    """Frames of files whose names start like this are JAX's own business: they appear in no traceback and in no location of a program."""
    for module in (traceback_util, source_info_util):
        register = getattr(module, "register_exclusion", None)
        if register is not None:
            register(start)
