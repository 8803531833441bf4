"""Loops and calls that may want the same random numbers each time."""

from __future__ import annotations

from jaxaudit.rules.control_flow.in_sight import surely_run
from jaxaudit.rules.random_numbers.spent_key import Spent
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.events import Loop
from jaxaudit.source.knowledge.host import CLOCKS
from jaxaudit.source.knowledge.random_keys import KEY_MAKERS
from jaxaudit.source.program import Program


def builds_others(call: v.Call, loop: Loop) -> bool:
    """`{name: Model(layer=fn, key=key) for name, fn in layers.items()}`: other models, which may start alike."""
    given = (*call.args, *[value for _, value in call.kwargs])
    return any(takes_turn(value, loop) and comes_from_functions(value) for value in given)


def comes_from_functions(value: v.Value, depth: int = 0) -> bool:
    """Out of a list or dict of functions."""
    value = v.settle(value)
    if value.__class__ in (v.Mapping, v.Sequence):
        return any(v.settle(part).__class__ is v.FunctionValue for part in value.parts())
    return depth < 5 and any(comes_from_functions(part, depth + 1) for part in value.parts())


def takes_turn(value: v.Value, loop: Loop, depth: int = 0) -> bool:
    if isinstance(value, v.Elem):
        return value.loop is loop
    return depth < 4 and any(takes_turn(part, loop, depth + 1) for part in value.parts())


def is_jitter(program: Program, one: Spent) -> bool:
    """A key that a traced function of a library makes of a constant: the same numbers in each call are what it wants."""
    root = one.origin.root
    while isinstance(root, v.Call | v.Item) and not (isinstance(root, v.Call) and is_made(program, root)):
        root = root.base if isinstance(root, v.Item) else root.args[0] if root.args else v.Unknown()
    if not isinstance(root, v.Call) or not root.args or not isinstance(root.args[0], v.Const) or root.flow is None:
        return False
    home = root.flow.function
    return program.tracing.jitted_context(home) is not None and not surely_run(program, home)


def is_timed(program: Program, one: Spent, loop: Loop) -> bool:
    """A key of a constant seed in a loop that reads the clock: data for a measurement."""
    root = one.origin.root
    if not isinstance(root, v.Call) or not is_made(program, root) or loop not in root.loops:
        return False
    return any(loop in call.loops and c.known_name(program, call.func) in CLOCKS for call in one.call.flow.calls)


def is_made(program: Program, call: v.Call) -> bool:
    return c.known_name(program, call.func) in KEY_MAKERS
