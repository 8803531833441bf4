"""Places where the host asks for a device value: conversions, output, tests; and what the answer is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import text
from jaxaudit.source.flow import Flow
from jaxaudit.source.knowledge.array_values import HOST_RESULTS
from jaxaudit.source.knowledge.host import OUTPUT, SYNC_BUILTINS, SYNC_FUNCTIONS, SYNC_METHODS, SYNC_MODULES

if TYPE_CHECKING:
    from jaxaudit.source.program import Program

LOGGING_METHODS = frozenset(
    {
        "info", "debug", "warning", "log", "write", "set_postfix", "set_description", "add_scalar", "set_postfix_str",
        "log_metrics", "log_metric", "scalar", "scalars", "write_scalars", "update", "report", "print", "writerow",
    }
)  # fmt: skip
COLLECTING_METHODS = frozenset({"append", "extend", "add", "appendleft"})
SHOWS = OUTPUT | {"builtins.str", "builtins.repr", "builtins.format", "wandb.log", "mlflow.log_metric"}
_METHODS = {"block_until_ready": "wait", "tolist": "array", "__array__": "array"}
WAITS = frozenset({"jax.block_until_ready", "jax.effects_barrier"})
NUMBERS = frozenset({"builtins.float", "builtins.int", "builtins.bool", "builtins.complex"})
_HOLDING = (v.Op, v.Text, v.Sequence, v.Mapping)


class Fetch(NamedTuple):
    """One place where `value` is asked for; `how` is "number", "array", "wait", "shown" or "tested".

    `result` is the converted value where there is one: what is done with it says whether it could wait.
    """

    value: v.Value
    how: str
    word: str
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]
    flow: Flow
    result: v.Value | None = None


def fetches(program: Program, flow: Flow) -> Iterator[Fetch]:
    for call in flow.calls:
        yield from _of_call(program, call, flow)
    for test in flow.tests:
        if test.kind in ("if", "while"):
            yield Fetch(test.value, "tested", test.kind, test.expr, test.path, test.loops, flow)


def _of_call(program: Program, call: v.Call, flow: Flow) -> Iterator[Fetch]:
    name = c.known_name(program, call.func)
    if name is None:
        func = call.func
        if not isinstance(func, v.Attr):
            return
        if func.name in SYNC_METHODS:
            yield Fetch(
                func.base,
                _METHODS.get(func.name, "number"),
                f".{func.name}()",
                call.expr,
                call.path,
                call.loops,
                flow,
                call,
            )
        elif (func.name in LOGGING_METHODS or func.name == "format") and not c.targets(program, func):
            yield from _shown(call, f".{func.name}()", flow)
        return
    if name in WAITS:
        for value in call.args[:1]:
            yield Fetch(value, "wait", short(name), call.expr, call.path, call.loops, flow, call)
    elif name in SHOWS:
        yield from _shown(call, f"{short(name)}()", flow)
    elif name in NUMBERS:
        for value in call.args[:1]:
            yield Fetch(value, "number", f"{short(name)}()", call.expr, call.path, call.loops, flow, call)
    elif fetches_array(name):
        for value in call.args[:2]:
            yield Fetch(value, "array", short(name), call.expr, call.path, call.loops, flow, call)


def fetches_array(name: str) -> bool:
    if name in HOST_RESULTS or name in SYNC_BUILTINS or name.startswith(("jax.numpy.", "equinox.")):
        return False
    return name in SYNC_FUNCTIONS or name.startswith(SYNC_MODULES)


def short(name: str) -> str:
    return name.replace("builtins.", "").replace("numpy.", "np.", 1) if not name.startswith("jax.") else name


def _shown(call: v.Call, word: str, flow: Flow) -> Iterator[Fetch]:
    for argument in (*call.args, *[x for _, x in call.kwargs]):
        for value in within(argument):
            yield Fetch(value, "shown", word, call.expr, call.path, call.loops, flow)


def within(value: v.Value, depth: int = 0) -> Iterator[v.Value]:
    """What an argument shows: the pieces of an f-string, the values of a dict, the right side of `%`."""
    if depth < 4 and isinstance(value, v.Text | v.Sequence | v.Mapping):
        for part in value.parts():
            yield from within(part, depth + 1)
    elif isinstance(value, v.Op) and value.name == "Mod" and isinstance(value.operands[0], v.Const):
        yield from within(value.operands[1], depth + 1)
    elif isinstance(value, v.Call) and isinstance(value.func, v.Attr) and value.func.name == "format":
        return
    else:
        yield value


def purpose(fetch: Fetch) -> str:
    """What a fetched value is for: "collected", "shown", "kept" (summed, stored), "tested", "used" by other calls."""
    if fetch.how == "shown":
        return "shown"
    if fetch.how == "tested":
        return "tested"
    if fetch.result is None or fetch.how == "wait":
        return "kept"
    found = {_of_consumer(call) for call in fetch.flow.calls if call is not fetch.result and takes(call, fetch.result)}
    if any(holds(test.value, fetch.result) for test in fetch.flow.tests):
        return "tested"
    for word in ("used", "collected", "shown"):
        if word in found:
            return word
    return "kept"


def taken_by(fetch: Fetch) -> str:
    """The call that the fetched value is for, as it is written: `print`, `losses.append`; "" where it is only kept."""
    if fetch.result is None:
        return ""
    takers = [call for call in fetch.flow.calls if call is not fetch.result and takes(call, fetch.result)]
    shown = [call for call in takers if _of_consumer(call) in ("shown", "collected")]
    return text(shown[0].expr[1], 30) if shown and shown[0].expr is not None and shown[0].expr[0] == "c" else ""


def _of_consumer(call: v.Call) -> str:
    func = call.func
    if isinstance(func, v.External):
        if func.name in SHOWS or func.name.startswith(("builtins.round", "logging.", "builtins.print")):
            return "shown"
        return "collected" if func.name in NUMBERS or func.name.startswith(("math.is", "numpy.is")) else "used"
    if isinstance(func, v.Attr):
        if func.name in COLLECTING_METHODS:
            return "collected"
        if func.name in LOGGING_METHODS or func.name == "format":
            return "shown"
    return "used"


def takes(call: v.Call, value: v.Value) -> bool:
    if isinstance(call.func, v.Attr) and call.func.base is value:
        return True
    return any(holds(a, value) for a in (*call.args, *[x for _, x in call.kwargs]))


def holds(whole: v.Value, value: v.Value, depth: int = 0) -> bool:
    if whole is value:
        return True
    if depth > 5 or not isinstance(whole, (*_HOLDING, v.Item, v.Attr, v.Star)):
        return False
    return any(holds(p, value, depth + 1) for p in whole.parts())
