"""The ends of a process that Python can see, each of them said in the record before it happens."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys

from jaxaudit_probe import writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def at_exit() -> None:
    """For `atexit`: the program has ended by itself, its own `atexit` functions included."""
    raised = getattr(sys, "last_value", None)
    if isinstance(raised, Exception):  # for Ctrl-C nothing may be evaluated: Python would forget how it ends
        _tell_error()
    if isinstance(raised, KeyboardInterrupt):
        _finish(f"signal {int(_signal.SIGINT)}")
    else:
        _finish("exit" if raised is None else "exception")


def _tell_error() -> None:
    """Effect: the record says which exception ended the program, where it said so to the user."""
    known = writer.current()
    if known is None:
        return
    try:
        from jaxaudit_probe import errors

        error = errors.last_error()
    except Exception as fault:
        known.put("note", text=f"the exception that ended the program could not be read: {fault!r}")
        return
    if error is not None:
        known.put("error", **error)


def watch() -> None:
    """Effect: `os._exit` and `os.exec*` announce the end; otherwise they stay as they are."""
    os._exit = _announced(os._exit, lambda: "fork-child" if _is_child() else "os._exit")
    for name in ("execv", "execve"):  # all others of `os.exec*` call these
        plain = getattr(os, name)
        announced = _announced(plain, lambda: "exec")
        setattr(os, name, announced)
        for possible in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
            if plain in possible:
                possible.add(announced)


def _announced(plain: Callable[..., Any], how: Callable[[], str]) -> Callable[..., Any]:
    from functools import wraps

    @wraps(plain)
    def announced(*args: Any, **kwargs: Any) -> Any:
        _finish(how())
        try:
            return plain(*args, **kwargs)
        finally:
            _resume()

    return announced


def _finish(how: str) -> None:
    known = writer.current()
    if known is not None:
        known.finish(how)


def _resume() -> None:
    known = writer.current()
    if known is not None:
        known.resume()


def _is_child() -> bool:
    known = writer.current()
    return known is not None and known.is_child
