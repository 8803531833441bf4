"""The exception that ended the program, and the user's line that it came from."""

from __future__ import annotations

import linecache
import re
import sys

from jaxaudit_probe import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any

LONGEST = 1500
MOST_LEAVES = 1000
UNHASHABLE = "Non-hashable static arguments"
_OF_TYPE = re.compile(r"of type <class '([^']+)'>, (.*)", re.DOTALL)
SHOWN_WHOLE = (list, dict, set, bytearray)
"""What JAX's message shows as its author wrote it."""
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


def last_error() -> dict[str, Any] | None:
    """What Python has just printed; None where no exception, or one that means "stop", ended the program."""
    raised = getattr(sys, "last_value", None)
    if not isinstance(raised, Exception):
        return None
    last = _last_of_users(raised.__traceback__)
    frame = last.tb_frame if last is not None else None
    at = place_in(raised.__traceback__)
    try:
        text = str(raised)[:LONGEST]
    except Exception:
        text = ""
    kind = type(raised)
    held = _names_of_type(frame, text) if frame is not None else []
    if frame is not None and at is not None and "deleted" in text:
        held = _names_of_deleted(frame, at.line)
    if last is not None and UNHASHABLE in text:
        held = _handed_over(last, text) or held
    where = at._asdict() if at is not None else None
    return {"type": kind.__qualname__, "module": kind.__module__, "text": text, "at": where, "names": held}


def place_in(step: TracebackType | None) -> names.At | None:
    """The user's innermost line that an exception came through."""
    last = _last_of_users(step)
    if last is None:
        return None
    code = last.tb_frame.f_code
    return names.At(code.co_filename, last.tb_lineno or 1, getattr(code, "co_qualname", code.co_name))


def _last_of_users(step: TracebackType | None) -> TracebackType | None:
    last = None
    while step is not None:
        if names.is_user(step.tb_frame.f_code.co_filename):
            last = step
        step = step.tb_next
    return last


def _names_of_type(frame: FrameType, text: str) -> list[str]:
    """Local names of the line that hold something of the type that the message names: `<class 'settings.Config'>`."""
    _, _, after = text.partition("<class '")
    wanted = after.partition("'>")[0]
    return [
        name
        for name, value in list(frame.f_locals.items())
        if wanted and name.isidentifier() and f"{type(value).__module__}.{type(value).__qualname__}" == wanted
    ][:3]


def _handed_over(last: TracebackType, text: str) -> list[str]:
    """What the call of that line hands over of the type, and where it can be told with the content, that the message
    names: `sizes`, or the parameter's name where there is no other (`**options`).
    """
    import ast

    from jaxaudit_probe import call_paths

    told = _OF_TYPE.search(text)
    call = call_paths.call_at(last.tb_frame.f_code, last.tb_lasti)
    if told is None or call is None:
        return []
    given: list[tuple[str, Any]] = []
    for argument in (*call.args, *call.keywords):
        value = argument.value if isinstance(argument, ast.keyword) else argument
        held = _value(last.tb_frame, ast.unparse(value).split("."))
        if isinstance(argument, ast.keyword) and argument.arg is None:
            given += list(held.items()) if type(held) is dict else []
        elif isinstance(value, (ast.Name, ast.Attribute)):
            given.append((ast.unparse(value), held))
    return [name for name, value in given if _is_the_one(value, *told.groups())][:3]


def _is_the_one(value: Any, kind: str, shown: str) -> bool:
    module, name = type(value).__module__, type(value).__qualname__
    whole = name if module == "builtins" else f"{module}.{name}"
    return whole == kind and (type(value) not in SHOWN_WHOLE or repr(value)[:LONGEST] in shown)


def _names_of_deleted(frame: FrameType, line: int) -> list[str]:
    """What the line reads whose arrays are gone: `state`, `self.params`."""
    jax = sys.modules.get("jax")
    found: list[str] = []
    for word in dict.fromkeys(_DOTTED.findall(linecache.getline(frame.f_code.co_filename, line))):
        parts = word.split(".")
        for count in range(len(parts), 0, -1):
            name = ".".join(parts[:count])
            leaves = jax.tree_util.tree_leaves(_value(frame, parts[:count])) if jax is not None else []
            if name not in found and any(_is_deleted(leaf) for leaf in leaves[:MOST_LEAVES]):
                found.append(name)
                break
    return found[:3]


def _value(frame: FrameType, parts: list[str]) -> Any:
    """What a dotted name holds, looked up without running any code of the program's."""
    scope = frame.f_locals if parts[0] in frame.f_locals else frame.f_globals
    value = scope.get(parts[0])
    for part in parts[1:]:
        value = getattr(value, "__dict__", {}).get(part)
    return value


def _is_deleted(leaf: Any) -> bool:
    ask = getattr(leaf, "is_deleted", None) if type(leaf).__module__.startswith("jax") else None
    return bool(ask is not None and ask())
