"""Loops whose turns don't need each other: one function over an axis, its results collected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.rules.control_flow.array_work import call_work, values_in
from jaxaudit.rules.control_flow.python_loops import Turns, compiled_context, dependence, turns_of
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.events import Loop

if TYPE_CHECKING:
    from jaxaudit.source.flow import Flow
    from jaxaudit.source.program import Program

GATHERERS = frozenset(
    f"{module}.{name}"
    for module in ("jax.numpy", "numpy")
    for name in ["stack", "array", "asarray", "concatenate", "vstack", "hstack", "column_stack", "dstack"]
)
REDUCERS = frozenset({"builtins.sum", "jax.numpy.sum", "jax.numpy.mean", "builtins.max", "builtins.min"})


class GatheredResults(NamedTuple):
    """`how` the results are put together, the `call` made for each turn, what `axis` the loop runs over."""

    how: str
    call: v.Call | None
    name: str
    turns: Turns


def gathered_results(program: Program, loop: Loop) -> GatheredResults | None:
    """What an independent loop computes; None for recurrences, reductions of a running value, and loops over trees."""
    memo = loop.flow.function.memo
    key = ("gathered results", id(loop), program.keys[""])
    if key not in memo:
        memo[key] = _gathered(program, loop)
    found: GatheredResults | None = memo[key]
    return found


def _gathered(program: Program, loop: Loop) -> GatheredResults | None:
    if loop.kind == "while":
        return None
    if loop.kind == "comprehension":
        if loop.carried and dependence(program, loop).carried:
            return None
        how = how_gathered(program, loop)
    else:
        if not collects(loop):
            return None
        needs = dependence(program, loop)
        if needs.carried or not needs.gathered:
            return None
        ways = set(needs.gathered.values())
        if not ways <= {"set", "append"}:
            return None
        how = "set" if "set" in ways else "stacked" if stacked_later(program, loop) else "append"
    if how == "" or (how in ("list", "append") and compiled_context(program, loop.flow.function) is None):
        return None  # outside jit a list of results is a list of results
    if has_effects(program, loop):
        return None
    turns = turns_of(program, loop)
    if turns.sort == "":
        return None
    call = per_turn_call(program, loop)
    if call is None:
        return None
    return GatheredResults(how, call, name_of(program, call), turns)


def collects(loop: Loop) -> bool:
    """Whether anything in the body could gather results: `.append`, `.at[...].set`."""
    if any(_is_method(one.after, "set") for one in loop.carried.values()):
        return True
    return any(loop in call.loops and _is_method(call, "append") for call in loop.flow.calls if call.loops)


def _is_method(value: v.Value | None, name: str) -> bool:
    return value.__class__ is v.Call and value.func.__class__ is v.Attr and value.func.name == name


def stacked_later(program: Program, loop: Loop) -> bool:
    """Whether a list that the turns append to is made one array afterwards."""
    lists = [
        call.func.base for call in loop.flow.calls
        if loop in call.loops and call.func.__class__ is v.Attr and call.func.name == "append"
    ]  # fmt: skip
    return any(
        any(is_given(a, one) for a in call.args for one in lists)
        and (c.known_name(program, call.func) in GATHERERS or stacks_leaves(program, call))
        for call in loop.flow.calls
    )


def is_given(argument: v.Value, whole: v.Value) -> bool:
    """`f(parts)` and `f(*parts)`."""
    return argument is whole or (isinstance(argument, v.Star) and argument.value is whole)


def stacks_leaves(program: Program, call: v.Call) -> bool:
    """`jax.tree.map(lambda *leaves: jnp.stack(leaves), *parts)`."""
    if c.known_name(program, call.func) != "jax.tree.map" or len(call.args) < 2:
        return False
    return any(
        c.known_name(program, inner.func) in GATHERERS
        for target in c.targets(program, call.args[0])
        for inner in target.function.flow.calls
    )


def how_gathered(program: Program, loop: Loop) -> str:
    """What becomes of a comprehension: `jnp.stack([...])`, `sum(...)`, a plain list ("list"), "" for dicts and sets."""
    whole = loop.whole
    if whole is None or whole.kind not in ("ListComp", "GeneratorExp") or len(whole.loops) != 1:
        return ""
    for call in calls_with(loop.flow, whole):
        name = c.known_name(program, call.func)
        if stacks_leaves(program, call):
            return "stack"
        if name in GATHERERS:
            return name.rpartition(".")[2]
        if name in REDUCERS:
            return "sum"
        if name in (
            "builtins.any",
            "builtins.all",
            "builtins.dict",
            "builtins.set",
            "builtins.zip",
            "builtins.print",
        ):
            return ""
    return "list"


def calls_with(flow: Flow, wanted: v.Value) -> Iterator[v.Call]:
    """The calls that are given this very value, also as `*value`."""
    for call in flow.calls:
        for argument in call.args:
            if argument is wanted or (argument.__class__ is v.Star and argument.value is wanted):
                yield call
                break


def per_turn_call(program: Program, loop: Loop) -> v.Call | None:
    """The outermost call that is made with this turn's element."""
    best: v.Call | None = None
    for value in values_in(loop):
        if value.__class__ is not v.Call or (
            value.func.__class__ is v.Attr and value.func.name in ("append", "set", "add")
        ):
            continue
        if not uses_turn(value, loop):
            continue
        func = value.func
        if func.__class__ is v.Elem and func.loop is loop:
            return value  # `[m(x) for m in models]`
        work = call_work(program, value, 0)
        if work.operations and (best is None or value.order > best.order):
            best = value
    return best


def uses_turn(value: v.Value, loop: Loop, depth: int = 0) -> bool:
    if value.__class__ is v.Elem and value.loop is loop:
        return True
    if depth > 10 or value.__class__ in (v.Free, v.FunctionValue):
        return False
    return any(uses_turn(p, loop, depth + 1) for p in value.parts())


def name_of(program: Program, call: v.Call) -> str:
    name = c.known_name(program, call.func)
    if name is not None:
        return name.replace("jax.numpy.", "jnp.").replace("jax.", "jax.")
    for target in c.targets(program, call.func):
        return target.function.name
    func = call.func
    return func.name if func.__class__ is v.Attr else ""


def has_effects(program: Program, loop: Loop) -> bool:
    """Work that a `vmap` could not do: printing, files, plots, host numbers."""
    for call in loop.flow.calls:
        if loop not in call.loops:
            continue
        name = c.known_name(program, call.func)
        if name is not None and (
            name in ("builtins.print", "builtins.open", "builtins.float", "builtins.int", "builtins.input")
            or name.startswith(
                ("matplotlib.", "wandb.", "logging.", "os.", "time.", "pickle.", "json.", "jax.device_get")
            )
        ):
            return True
        if call.func.__class__ is v.Attr and call.func.name in (
            "item",
            "write",
            "block_until_ready",
            "tolist",
            "savefig",
        ):
            return True
    return False
