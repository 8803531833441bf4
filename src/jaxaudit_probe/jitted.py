"""Which functions the user's lines hand to `jit` and its like, whether or not they are ever called.

A line for each definition, when it is first wrapped; that a wrapper was never called shows when the record is read.
"""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

from jaxaudit_probe import names, private, stand_ins
from jaxaudit_probe.compiles import Observer

MOST = 10_000
WRAPPERS = {
    (os.path.join("equinox", "_jit.py"), "filter_jit"): ("filter_jit", "fun"),
    (os.path.join("transforms", "compilation.py"), "jit"): ("nnx.jit", ""),
}
"""Libraries' own wrappers: (file, function), the word for them, and the local name that holds the user's function where
they hand JAX another one.
"""
OWN = frozenset(
    os.path.join(private.PACKAGE, "_src", f"{name}.py") for name in ("api", "pjit", "pmap", "traceback_util")
)
"""JAX's files that stand between a call of `jit` and the hook."""
INSIDE = frozenset({*(file for file, _ in WRAPPERS), os.path.join("equinox", "_compile_utils.py")})
"""Files that stand between a library's wrapper and JAX."""


class Jitted:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.known: set[tuple[str, int, str]] = set()

    def made(self, fun: Any, wrapper: str) -> None:
        """Effect: one line, where a line of the user's wrapped a definition that was not wrapped before."""
        found = who_wraps(sys._getframe(3), fun, wrapper)
        if found is None or len(self.known) >= MOST:
            return
        frame, fun, wrapper = found
        base = names.function_of(fun)
        code = names.code_of(base)
        if code is None or code.co_filename.startswith(private.PACKAGE):
            return
        key = (code.co_filename, code.co_firstlineno, names.name_of(fun, base))
        at = names.at_of(frame)
        if key in self.known or at is None:
            return
        self.known.add(key)
        path, line, name = key
        self.observer.writer.put("jitted", name=name, path=path, line=line, wrapper=wrapper, at=at._asdict())

    def totals(self) -> None:
        """Effect: says that calls were run without `jit`, where they are: then nothing is known of them."""
        if self.known and private.jit_is_off():
            self.observer.writer.put("jitted", off=True)


def who_wraps(frame: FrameType | None, fun: Any, wrapper: str) -> tuple[FrameType, Any, str] | None:
    """The user's frame that called `jit`, by itself or through a library's wrapper that is known; None for others."""
    while frame is not None:
        code = frame.f_code
        if names.is_user(code.co_filename):
            return frame, fun, wrapper
        short = os.sep.join(code.co_filename.split(os.sep)[-2:])
        library = WRAPPERS.get((short, code.co_name))
        if library is not None:
            wrapper = library[0]
            fun = frame.f_locals.get(library[1], fun)
        elif code.co_filename not in OWN and short not in INSIDE and code.co_filename[:1] != "<":
            return None
        frame = frame.f_back
    return None


def install(observer: Observer) -> None:
    jitted = Jitted(observer)

    def wrapping(original: Any, wrapper: str) -> Any:
        def made(fun: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                answer = original(fun, *args, **kwargs)
            except BaseException as error:
                stand_ins.passing(error)
                raise
            observer.quietly(jitted.made, fun, wrapper)
            return answer

        return made

    private.hook_wrapping(wrapping)
    observer.writer.at_end(jitted.totals)


def uninstall() -> None:
    """The hooks go with `private.restore`."""
