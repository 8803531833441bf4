"""Errors of JAX's that ended a trace, whether the program died of them or went on: the user's line, and what the function
that was being traced had been handed.
"""

from __future__ import annotations

import functools
import threading
import types
from typing import Any

import jax

from jaxaudit_probe import errors, names, private, snapshots
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Frame

LONGEST = 1500
MOST = 100
MOST_CALLERS = 20
MOST_ARGUMENTS = 64
OF_JAX = ("jax.errors", jax.errors.JAXTypeError.__module__)
SAYS = (
    "Shapes must be 1D sequences of concrete values",
    "Slice entries must be static integers",
    "Array slice indices must have static",
    "Error interpreting argument to",
    "is not a valid JAX type",
    "Non-hashable static arguments are not supported",
)
"""Words of JAX's in errors of Python's own types."""
PLAIN = {bool: "bool", int: "int", float: "float", complex: "complex", str: "str", type(None): "None"}


class Raised:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.told: dict[tuple[str, str, int], int] = {}
        self.local = threading.local()

    def passed(self, error: BaseException, frame: Frame, outermost: bool) -> None:
        """At the innermost call that it leaves its arguments are still there; at the outermost it is known to escape."""
        inner: tuple[int, Frame | None, dict[str, str]] | None = getattr(self.local, "inner", None)
        if inner is None or inner[0] != id(error):
            if not is_of_jax(error):
                return
            inner = self.local.inner = (id(error), None, {})
        if inner[1] is None and frame.kind == "call" and frame.site is not None:
            kept = Frame("call", frame.site)
            inner = self.local.inner = (id(error), kept, arguments(frame))
        if outermost:
            self.local.inner = None
            self.tell(error, inner[1], inner[2])

    def tell(self, error: BaseException, call: Frame | None, given: dict[str, str]) -> None:
        caller = names.user_frame(4)
        at = errors.place_in(error.__traceback__) or names.at_of(caller)
        if at is None:
            return
        kind = type(error)
        key = (kind.__qualname__, at.path, at.line)
        self.told[key] = self.told.get(key, 0) + 1
        if self.told[key] > 1 or len(self.told) > MOST:
            return
        site = call.site if call is not None else None
        self.observer.writer.put(
            "raised", type=kind.__qualname__, module=kind.__module__, text=str(error)[:LONGEST], at=at._asdict(),
            site=site.id if site is not None and site.user else None, arguments=given, callers=callers(caller),
        )  # fmt: skip


def is_of_jax(error: BaseException) -> bool:
    if type(error).__module__ in OF_JAX:
        return True
    if not isinstance(error, (TypeError, IndexError, ValueError)):
        return False
    text = str(error)
    return any(words in text for words in SAYS)


def arguments(call: Frame) -> dict[str, str]:
    """What came for each parameter, or for each leaf of it, in a word."""
    callee = names.callee_of(call.fun, call.args, call.kwargs, private.unflatten)
    out: dict[str, str] = {}
    for name, value in snapshots.bound(callee.target, callee.args, callee.kwargs).items():
        try:
            leaves = private.structure_of(value)
        except Exception:
            leaves = None
        for path, leaf in [("", value)] if leaves is None else leaves[:MOST_ARGUMENTS]:
            if len(out) < MOST_ARGUMENTS:
                out[name + path] = word(leaf)
    return out


def word(value: Any) -> str:
    if private.is_tracer(value):
        return "tracer"
    if type(value) in PLAIN:
        return PLAIN[type(value)]
    if private.is_array(value):
        return "array"
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return "array" if value.shape else "number"
    return f"{type(value).__module__}.{type(value).__qualname__}"


def callers(frame: types.FrameType | None) -> list[dict[str, Any]]:
    """The user's frames outside the trace, innermost first: one of them may be waiting for the error."""
    found: list[dict[str, Any]] = []
    while frame is not None and len(found) < MOST_CALLERS:
        if names.is_user(frame.f_code.co_filename):
            found.append({"path": frame.f_code.co_filename, "line": frame.f_lineno or 1})
        frame = frame.f_back
    return found


def install(observer: Observer) -> None:
    """Effect: errors of JAX's that leave a trace are told."""
    observer.on_error = functools.partial(Raised.passed, Raised(observer))


def uninstall() -> None:
    """Nothing is kept here."""
