"""The exception that ended the program, and the user's line that it came from."""

from __future__ import annotations

import sys

from jaxaudit_probe import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

LONGEST = 400


def last_error() -> dict[str, Any] | None:
    """What Python has just printed; None where no exception, or one that means "stop", ended the program."""
    raised = getattr(sys, "last_value", None)
    if not isinstance(raised, Exception):
        return None
    at, frame, step = None, None, raised.__traceback__
    while step is not None:
        if names.is_user(step.tb_frame.f_code.co_filename):
            frame = step.tb_frame
            code = frame.f_code
            function = getattr(code, "co_qualname", code.co_name)
            at = {"path": code.co_filename, "line": step.tb_lineno or 1, "function": function}
        step = step.tb_next
    try:
        text = str(raised)[:LONGEST]
    except Exception:
        text = ""
    kind = type(raised)
    held = _names_of_type(frame, text) if frame is not None else []
    return {"type": kind.__qualname__, "module": kind.__module__, "text": text, "at": at, "names": held}


def _names_of_type(frame: FrameType, text: str) -> list[str]:
    """Local names of the line that hold something of the type that the message names: `<class 'settings.Config'>`."""
    _, _, after = text.partition("<class '")
    wanted = after.partition("'>")[0]
    return [
        name
        for name, value in list(frame.f_locals.items())
        if wanted and name.isidentifier() and f"{type(value).__module__}.{type(value).__qualname__}" == wanted
    ][:3]
