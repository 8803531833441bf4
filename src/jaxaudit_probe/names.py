"""Whose code it is and what it is called: the user's function behind what JAX was handed, the user's line of a call."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
import types
from typing import Any, NamedTuple

from jaxaudit_probe import stand_ins


class At(NamedTuple):
    """A line of the user's."""

    path: str
    line: int
    function: str


class Callee(NamedTuple):
    """What a jitted call runs: the function as its author knows it, and the arguments as its author passed them."""

    target: Any
    base: Any
    wrapper: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inside: Any = None
    """The callable object around it, where that holds arrays of its own (a module with `__call__`)."""


HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
OURS = (HERE, stand_ins.NOWHERE)
"""How the files of our own code begin."""
PROJECT = tuple(path + os.sep for path in os.environ.get("JAXAUDIT_PROJECT", "").split(os.pathsep) if path)
"""Folders that are the user's wherever they are installed."""
_STANDARD = tuple({os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib")})
_KNOWN: dict[str, bool] = {}


def is_user(path: str) -> bool:
    """Whether a file is the user's: neither installed nor Python's nor ours."""
    known = _KNOWN.get(path)
    if known is None:
        known = _KNOWN[path] = _is_user(path)
    return known


def _is_user(path: str) -> bool:
    if path.startswith("<"):
        return path in ("<stdin>", "<string>") or path.startswith("<ipython")
    if path.startswith(HERE):
        return False
    if PROJECT and path.startswith(PROJECT):
        return True
    if is_installed(path):
        return False
    return not os.path.realpath(path).startswith(_STANDARD)


def is_installed(path: str) -> bool:
    """Whether a file lies where packages are installed."""
    parts = path.replace("\\", "/").split("/")
    return "site-packages" in parts or "dist-packages" in parts


def user_frame(depth: int = 1) -> types.FrameType | None:
    """The innermost frame of the user's."""
    frame: types.FrameType | None = sys._getframe(depth)
    while frame is not None and not is_user(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def at_of(frame: types.FrameType | None) -> At | None:
    if frame is None:
        return None
    code = frame.f_code
    return At(code.co_filename, frame.f_lineno or code.co_firstlineno, getattr(code, "co_qualname", code.co_name))


def shown(path: str, line: int) -> str:
    """A place as it would be written from the working directory."""
    try:
        here = os.getcwd() + os.sep
    except OSError:
        return f"{path}:{line}"
    return f"{path.removeprefix(here)}:{line}"


_ENTRIES = {
    "cache_miss": "call", "jit_trace": "lower", "jit_lower": "lower", "trace": "lower", "lower": "lower",
    "jit_eval_shape": "eval_shape", "eval_shape": "eval_shape", "make_jaxpr_f": "make_jaxpr",
}  # fmt: skip


def entry_kind(depth: int = 1) -> str:
    """How JAX was asked: by a call, or by `.lower()`, `eval_shape`, `make_jaxpr`."""
    frame: types.FrameType | None = sys._getframe(depth)
    kind = "call"
    for _ in range(14):
        if frame is None or is_user(frame.f_code.co_filename):
            break
        name = frame.f_code.co_name
        kind = _ENTRIES.get(name, kind)
        if name == "cache_miss":
            break
        frame = frame.f_back
    return kind


def function_of(value: Any) -> Any:
    """The plain function inside partials, bound methods, `functools.wraps` and libraries' wrapper objects."""
    for _ in range(20):
        if isinstance(value, functools.partial):
            value = value.func
        elif isinstance(value, types.MethodType):
            value = value.__func__
        elif isinstance(value, type):
            return value
        elif (inner := getattr(value, "__wrapped__", None)) is not None or (
            not hasattr(value, "__code__") and (inner := _held_by_library(value)) is not None
        ):
            value = inner
        else:
            return value
    return value


_HOLDS = ("_fun", "fun", "func", "fn", "f", "_f")


def _held_by_library(value: Any) -> Any:
    """The function in a wrapper object of a library: `filter_grad(f)`, `JitFn(f)`."""
    file = getattr(sys.modules.get(type(value).__module__), "__file__", None) or ""
    if not file or is_user(file):
        return None
    held = getattr(value, "__dict__", None) or {}
    return next((held[name] for name in _HOLDS if callable(held.get(name))), None)


def code_of(function: Any) -> types.CodeType | None:
    """The code that a callable runs, that of `__call__` for an object."""
    code = getattr(function, "__code__", None)
    if code is None and not isinstance(function, type):
        code = getattr(getattr(type(function), "__call__", None), "__code__", None)  # noqa: B004
    return code if isinstance(code, types.CodeType) else None


def name_of(target: Any, base: Any) -> str:
    for value in (base, target):
        name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
        if isinstance(name, str):
            return name
    return type(base).__qualname__ + ".__call__"


def callee_of(fun: Any, args: tuple[Any, ...], kwargs: dict[str, Any], unflatten: Any) -> Callee:
    """What was handed to `jit`, seen through the libraries that wrap it."""
    if getattr(fun, "_apply_primitive", False):
        return Callee(fun, fun, "eager", args, kwargs)
    filtered = _filtered(fun, args, unflatten)
    if filtered is not None:
        target, args, kwargs = filtered
        return Callee(target, function_of(target), "filter_jit", args, kwargs, _module_in(target))
    base = function_of(fun)
    mapped = _mapped(base)
    if mapped is not None:
        return Callee(mapped, function_of(mapped), "pmap", args, kwargs)
    wrapper = "jit"
    if not hasattr(fun, "__code__") and "nnx" in type(fun).__module__:
        wrapper = "nnx.jit"
    return Callee(fun, base, wrapper, args, kwargs, _module_in(fun))


def _module_in(target: Any) -> Any:
    """The object whose method or `__call__` runs."""
    while isinstance(target, functools.partial):
        target = target.func
    if isinstance(target, types.MethodType):
        return target.__self__
    return None if hasattr(target, "__code__") or isinstance(target, type) else target


def _filtered(fun: Any, args: tuple[Any, ...], unflatten: Any) -> tuple[Any, tuple[Any, ...], dict[str, Any]] | None:
    """`eqx.filter_jit` hands JAX (donated, kept, static) parts: the user's function, arguments and keywords again."""
    code = getattr(fun, "__code__", None)
    if code is None or code.co_name != "fun_wrapped" or len(args) != 3:
        return None
    if not (
        isinstance(args[2], tuple) and len(args[2]) == 3 and isinstance(args[0], dict) and isinstance(args[1], dict)
    ):
        return None
    dynamic = {**args[0], **args[1]}
    if not {"fun", "first", "rest"} <= set(dynamic):
        return None

    def joined(name: str, static: Any) -> Any:
        leaves, tree = static
        return unflatten(tree, [known if known is not None else kept for known, kept in zip(dynamic[name], leaves)])

    target = joined("fun", args[2][0])
    first = joined("first", args[2][1])
    rest, keywords = joined("rest", args[2][2])
    return target, (first, *rest)[:-1], keywords


def _mapped(base: Any) -> Any:
    """The user's function under `pmap`, which is a `jit` of a function of JAX's own since 0.8."""
    code = getattr(base, "__code__", None)
    if code is not None and os.path.basename(code.co_filename) == "pmap.py" and "fun" in code.co_freevars:
        cell = base.__closure__[code.co_freevars.index("fun")].cell_contents
        return getattr(cell, "f", None)
    owner = getattr(base, "__self__", None)
    if type(owner).__name__ == "WrappedFun" and getattr(base, "__name__", "") == "call_wrapped":
        return getattr(owner, "f", None)
    return None
