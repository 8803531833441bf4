"""Loops that a program runs outside jit, and how many small programs one turn of them dispatches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.rules.control_flow.array_work import ARRAY_LIBRARIES, CONVERSIONS, is_arithmetic, values_in, values_of
from jaxaudit.rules.control_flow.in_sight import is_imported
from jaxaudit.rules.control_flow.running import runs_eagerly
from jaxaudit.rules.transfers.turn_guards import guard, is_timed
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.contexts import is_test_path
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.array_values import HOST_RESULTS
from jaxaudit.source.knowledge.eager_work import FUNCTIONS, METHODS
from jaxaudit.source.numbers import length_of
from jaxaudit.source.provenance import roots

if TYPE_CHECKING:
    from jaxaudit.source.events import Loop
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function, Module

LEAST_OPERATIONS = 8
"""So many operations are worth a jit around them: about 0.2 ms of dispatching."""
LEAST_TURNS = 4
LEAST_IN_ALL = 160
"""Operations of all turns: 20 turns of 8."""
DEEPEST = 5
STAGED = frozenset({"jit", "pmap", "loop", "branch", "shard_map", "export", "solver"})
"""One program, whatever is in it."""
WORDS = frozenset(
    {
        f"jax.numpy.{word}"
        for word in ("sin", "cos", "exp", "log", "sqrt", "tanh", "dot", "sum", "mean", "where", "stack")
    }
    | {"jax.random.normal", "jax.random.uniform", *FUNCTIONS}
)
"""What the units of a script that is worth following write, one of these at the least."""


class EagerLoop(NamedTuple):
    """A loop, the `operations` of one turn, the call that does most of them, and how many turns there are."""

    loop: Loop
    operations: int
    most: v.Call | None
    share: int
    turns: int | None


def eager_loops(program: Program) -> Iterator[EagerLoop]:
    """Loops of scripts, each of which does much small array work in a turn; of nested loops the inner."""
    for module, unit in program.units_applying(WORDS):
        if is_script(program, module):
            program.graph.link_unit(module, unit)
            for number in range(len(module.units)):
                program.graph.link_unit(module, number)
    for function in list(program.graph.linked_functions):
        module = function.module
        if module.context or not is_script(program, module):
            continue
        if not any(loop.kind != "comprehension" for loop in function.flow.loops) or not runs_eagerly(program, function):
            continue
        told: list[Loop] = []
        for loop in sorted(function.flow.loops, key=lambda one: -len(one.outer)):
            if loop.kind == "comprehension" or any(loop in inner.outer for inner in told) or is_timed(program, loop):
                continue
            found = judged(program, loop)
            if found is not None:
                told.append(loop)
                yield found


def is_script(program: Program, module: Module) -> bool:
    return not is_imported(program, module) and not is_test_path(module.path)


def judged(program: Program, loop: Loop) -> EagerLoop | None:
    turns = length_of(program, loop.iterable) if loop.iterable is not None else None
    if turns is not None and turns < LEAST_TURNS:
        return None
    total, most, share = 0, None, 0
    for value in values_in(loop):
        if value.__class__ is v.Call:
            if guard(program, value.path, loop.path):
                continue
            done = of_call(program, value, 0)
            if done > share:
                most, share = value, done
            total += done
        elif is_arithmetic(value) and _is_of_jax(program, value):
            total += 1
    enough = total >= LEAST_OPERATIONS and (turns is None or total * turns >= LEAST_IN_ALL)
    return EagerLoop(loop, total, most, share, turns) if enough else None


def _is_of_jax(program: Program, value: v.Value) -> bool:
    kind = kind_of(program, value)
    return kind.is_array and kind.library == "jax"


def of_call(program: Program, call: v.Call, depth: int) -> int:
    """How many operations a call dispatches one by one."""
    if call.decorator:
        return 0
    use = c.transform_of(program, call)
    if use is not None:
        return 0 if use.spec.wraps else 1
    name = c.known_name(program, call.func)
    if name is not None:
        if name in FUNCTIONS:
            return FUNCTIONS[name]
        return int(name.startswith(ARRAY_LIBRARIES) and name not in HOST_RESULTS and name not in CONVERSIONS)
    targets = c.targets(program, call.func)
    if targets:
        target = targets[0]
        if any(one.spec.kind in STAGED for one in target.chain):
            return 1
        return of_function(program, target.function, depth + 1)
    return of_method(program, call)


def of_method(program: Program, call: v.Call) -> int:
    if call.func.__class__ is not v.Attr:
        return 0
    for root in roots(program, call.func.base)[:3]:
        made = c.known_name(program, root.func) if root.__class__ is v.Call else None
        for (maker, method), operations in METHODS.items():
            if made is not None and made.startswith(maker) and method == call.func.name:
                return operations
    return 0


def of_function(program: Program, function: Function, depth: int) -> int:
    """One run of a body outside jit."""
    found = function.memo.get("eager operations")
    if found is None:
        function.memo["eager operations"] = 0
        found = 0
        if depth <= DEEPEST:
            for value in list(values_of(function.flow)):
                if value.__class__ is v.Call:
                    found += of_call(program, value, depth) if not guard(program, value.path, ()) else 0
                elif is_arithmetic(value) and _is_of_jax(program, value):
                    found += 1
        function.memo["eager operations"] = found
    return int(found)
