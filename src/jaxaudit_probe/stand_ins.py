"""What stands in for a function of JAX's: to whoever asks it looks like the original, and where things fail it was not there.

A call to a stand-in is one more frame of Python's while it runs. Nobody should notice: its own entry in the traceback of an
error that passes through is taken out again, and `warnings` does not count it when a warning names the line of a caller.
"""

from __future__ import annotations

import functools
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FunctionType
    from typing import Any, TypeVar

    Function = TypeVar("Function")

NOWHERE = "<jaxaudit_probe>"
FILE = NOWHERE + "/uncounted like importlib._bootstrap"
"""The file of their code. `warnings` leaves frames out of its count by the two words; the brackets, as in `<string>`, tell
coverage tools and the like that there is no file to look for.
"""


def like(original: Any, stand_in: Any) -> Any:
    """Effect: the stand-in has the original's name, signature and documentation, and is not counted in stack levels."""
    if stand_in is not original and hasattr(stand_in, "__code__"):
        uncounted(stand_in)
        named = [name for name in functools.WRAPPER_ASSIGNMENTS if isinstance(getattr(original, name, None), str)]
        functools.update_wrapper(stand_in, original, named)  # native functions may have no name
    return stand_in


def uncounted(function: Function) -> Function:
    """Effect: frames of this function do not shift the line that a warning names by `stacklevel`."""
    python: FunctionType = function  # type: ignore[assignment]
    python.__code__ = python.__code__.replace(co_filename=FILE)
    return function


def passing(error: BaseException) -> None:
    """Effect: the traceback no longer shows the function that calls this and then raises the error again, with a bare
    `raise`. Before Python 3.11 that very `raise` puts it back.
    """
    shown = error.__traceback__
    if shown is not None and shown.tb_frame is sys._getframe(1):
        BaseException.with_traceback(error, shown.tb_next)  # an error of the user's may forbid to set attributes
