"""The places outside a function that tracing it can read or change, through the user's functions that it calls."""

from __future__ import annotations

import builtins
import time
import types
import weakref
from ast import literal_eval
from collections.abc import Callable
from typing import Any, NamedTuple

from jaxaudit_probe import code_uses, names
from jaxaudit_probe.code_uses import Use

MOST_FUNCTIONS = 120
MOST_PLACES = 60
MISSING: Any = object()
CLOCKS = {
    getattr(time, name) for name in ("time", "perf_counter", "monotonic", "process_time", "time_ns", "perf_counter_ns")
}
DRAWERS = frozenset(
    {("numpy.random.mtrand", "RandomState"), ("numpy.random._generator", "Generator"), ("random", "Random")}
)
NO_DRAWS = frozenset(
    {"seed", "get_state", "set_state", "getstate", "setstate", "bit_generator", "default_rng", "RandomState"}
)


class Place(NamedTuple):
    """One chain of names in one function, which is held weakly."""

    use: Use
    code: types.CodeType
    function: Callable[[], Any]
    owner: Callable[[], Any]
    """The object behind the first parameter, where that is no argument that is traced."""
    stores_items: bool
    key: tuple[int, str]

    def get(self) -> Any:
        return chain(self.use, self.function(), self.owner())


class Effect(NamedTuple):
    """A call that acts on the world, or reads of it: "print", "clock" or "draw"."""

    what: str
    use: Use
    code: types.CodeType


class Survey:
    def __init__(self) -> None:
        self.places: list[Place] = []
        self.effects: list[Effect] = []
        self.calls: dict[types.CodeType, list[tuple[types.CodeType, int]]] = {}
        """From a function's code to the code and the offset of those who name it."""
        self.codes: set[types.CodeType] = set()


def nothing() -> Any:
    return None


def survey(function: Any, owner: Any) -> Survey:
    """What a function of the user's names, and what those that it calls name."""
    found = Survey()
    _into(found, function, owner)
    return found


def _into(found: Survey, function: types.FunctionType, owner: Any) -> None:
    if function.__code__ in found.codes or len(found.codes) >= MOST_FUNCTIONS:
        return
    try:
        held = weakref.ref(owner) if owner is not None else nothing
    except TypeError:
        held, owner = nothing, None
    top = function.__code__
    first = top.co_varnames[0] if top.co_argcount else ""
    for code, own in _codes(top):
        found.codes.add(code)
        if code is not top:
            found.calls.setdefault(code, []).append((top, -1))
        known = code_uses.read(code)
        for use in known.uses:
            if use.root == "cell" and use.name not in own:
                continue  # a variable of the function inside
            if use.root == "cell" and use.name not in top.co_freevars:
                if use.name != first:
                    continue  # a variable of the function itself
                use = use._replace(root="first")
            elif use.root == "first" and code is not top:
                continue
            if use.root == "first" and (owner is None or not use.steps):
                continue
            _look(found, use, code, function, owner, held, known.stores_items)


def _codes(top: types.CodeType) -> list[tuple[types.CodeType, frozenset[str]]]:
    """The code and those of the functions written inside it, with the cells that are the outermost one's."""
    found = [(top, frozenset((*top.co_cellvars, *top.co_freevars)))]
    for code, own in found:  # it grows meanwhile
        inner = [one for one in code.co_consts if isinstance(one, types.CodeType)]
        found += [(one, own.intersection(one.co_freevars)) for one in inner]
    return found


def _look(found: Survey, use: Use, code: types.CodeType, function: Any, owner: Any, held: Any, stores: bool) -> None:
    value = root_of(use, function, owner)
    steps = 0
    whose: Any = None
    for step in use.steps:
        if is_drawer(value) and step not in NO_DRAWS:
            found.effects.append(Effect("draw", use, code))
            return
        below = member(value, step)
        if below is MISSING and not isinstance(value, types.ModuleType):
            below = method(value, step)
            if below is not MISSING:
                whose, value = value, below
                break
        if below is MISSING or (below is None and steps + 1 < len(use.steps)):
            break
        value = below
        steps += 1
    if value is builtins.print:
        found.effects.append(Effect("print", use, code))
    elif callable(value) and getattr(value, "__hash__", None) is not None and _is_clock(value):
        found.effects.append(Effect("clock", use, code))
    elif getattr(value, "__self__", None) is not None and is_drawer(value.__self__) and use.steps[-1:] != ("seed",):
        found.effects.append(Effect("draw", use, code))
    else:
        plain = names.function_of(value) if callable(value) else None
        if isinstance(plain, types.FunctionType) and names.is_user(plain.__code__.co_filename):
            found.calls.setdefault(plain.__code__, []).append((code, use.offset))
            bound = value.__self__ if isinstance(value, types.MethodType) else whose
            _into(found, plain, bound)
    if whose is not None:
        value = whose
    if value is MISSING or len(found.places) >= MOST_PLACES or _is_tool(value) or _is_of_library(use, function, owner):
        return
    named = use._replace(steps=use.steps[:steps])
    if use.root != "first" or steps:
        key = (id(owner) if use.root == "first" else id(function), str(named))
        found.places.append(Place(named, code, weakref.ref(function), held, stores, key))


def _is_clock(value: Any) -> bool:
    try:
        return value in CLOCKS
    except Exception:
        return False


def _is_of_library(use: Use, function: Any, owner: Any) -> bool:
    """Whether it is a name in a module that is not the user's."""
    value = root_of(use, function, owner)
    return isinstance(value, types.ModuleType) and not names.is_user(getattr(value, "__file__", None) or "<")


def _is_tool(value: Any) -> bool:
    return isinstance(value, (types.ModuleType, type)) or callable(value)


def is_drawer(value: Any) -> bool:
    return (type(value).__module__, type(value).__qualname__) in DRAWERS


def root_of(use: Use, function: Any, owner: Any) -> Any:
    if function is None:
        return MISSING
    if use.root == "first":
        return MISSING if owner is None else owner
    if use.root == "global":
        return function.__globals__.get(use.name, getattr(builtins, use.name, MISSING))
    try:
        return function.__closure__[function.__code__.co_freevars.index(use.name)].cell_contents
    except (ValueError, TypeError, IndexError):
        return MISSING


def chain(use: Use, function: Any, owner: Any) -> Any:
    value = root_of(use, function, owner)
    for step in use.steps:
        if value is MISSING:
            return MISSING
        value = member(value, step)
    return value


def member(value: Any, step: str) -> Any:
    """What an object holds under a name, without running anything of the user's."""
    if step.startswith("["):
        if type(value) not in (dict, list, tuple):
            return MISSING
        try:
            return value[literal_eval(step[1:-1])]
        except (KeyError, IndexError, TypeError):
            return MISSING
    if isinstance(value, types.ModuleType):
        return vars(value).get(step, MISSING)
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        held = {}
    if step in held:
        return held[step]
    for kind in type(value).__mro__:
        if step in kind.__dict__:
            found = kind.__dict__[step]
            if isinstance(found, types.MemberDescriptorType):
                try:
                    return found.__get__(value)
                except AttributeError:
                    return MISSING
            return MISSING if hasattr(type(found), "__get__") or hasattr(type(found), "__set__") else found
    return MISSING


def method(value: Any, step: str) -> Any:
    """The plain function of a method that the user wrote."""
    for kind in type(value).__mro__:
        found = kind.__dict__.get(step, MISSING)
        if found is not MISSING:
            return found if isinstance(found, types.FunctionType) else MISSING
    return MISSING
