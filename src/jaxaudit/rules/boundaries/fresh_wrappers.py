"""Jitted wrappers that are built again and again: what jit-in-loop and jit-per-call look at."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.model import Place
from jaxaudit.rules.boundaries.turn_needs import own_program_for, own_program_from_arguments
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import text
from jaxaudit.source.knowledge.host import CLOCKS
from jaxaudit.source.knowledge.transforms import IDENTITIES
from jaxaudit.source.lifetime import Frequency, Identity
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function

STAGED = frozenset({"lower", "trace", "eval_shape", "clear_cache"})


class FreshWrapper(NamedTuple):
    """One jit whose compiled programs are thrown away: in a `loop`, or in a function that runs again (`frequency`).

    `factory` is the call in the loop that builds it, where another function does. `fate`: what becomes of the wrapper
    in the scope that makes it: "called", "staged", "kept", "returned", "passed" or "unused". `varies`: a name that the
    wrapped function takes from the loop and that is no array, so that each turn may need a program of its own.
    """

    use: c.TransformUse
    place: Place
    identity: Identity
    value: v.Value
    loop: Loop | None
    loop_place: Place
    frequency: Frequency
    fate: str
    varies: str = ""
    factory: v.Call | None = None

    @property
    def what(self) -> str:
        body = self.body
        if body and self.identity.what == "lambda":
            return f"the lambda of `{body}`"
        return self.identity.what or "a new function"

    @property
    def body(self) -> str:
        """What a lambda computes, as it is written."""
        function = self.function
        if function is None or function.name != "<lambda>":
            return ""
        written = next((r.value.expr for r in function.flow.returns if r.value.expr is not None), None)
        return text(written, 40) if written is not None else ""

    @property
    def function(self) -> Function | None:
        return next((target.function for target in c.targets(self.use.flow.program, self.value)), None)

    @property
    def named_plainly(self) -> str:
        function = self.function
        if function is not None:
            return function.name
        inner = innermost(self.value)
        return text(inner.expr) if inner.expr is not None else getattr(inner, "name", "") or "the function"

    @property
    def named(self) -> str:
        function = self.function
        if function is not None and function.name != "<lambda>":
            written = innermost(self.value)
            if function.parent is not None and written.__class__ is v.Free:
                return f"`{written.name}`"  # what a decorator made of it has a name of the decorator's own
            return f"`{function.name}`"
        if function is not None:
            return "the lambda"
        return f"`{text(self.value.expr)}`"


def innermost(value: v.Value) -> v.Value:
    while isinstance(value, v.Call) and value.args:
        value = value.args[0]
    return value


def fresh_wrappers(program: Program) -> list[FreshWrapper]:
    """Every jit, outside a trace, of a callable that is a new object each time and thereby compiles again."""
    found = program.memo.get("fresh_wrappers")
    if found is None:
        found = program.memo["fresh_wrappers"] = list(_fresh_wrappers(program))
    return found


def _fresh_wrappers(program: Program) -> Iterator[FreshWrapper]:
    for use in list(program.graph.uses):
        if use.spec.kind not in ("jit", "pmap") or not use.spec.wraps or not use.functions:
            continue
        flow = use.call.flow
        assert flow is not None
        if program.tracing.context(flow.function) is not None:
            continue
        if flow.function.module.context and not flow.returns:
            continue
        value = use.functions[0][0]
        found = lifetime.identity(program, value, use.flow.function)
        loop = lifetime.repeats(use.call.loops)
        if loop is not None and not is_made_in(value, loop) and found.how in ("fresh", "here"):
            loop = None  # the same object in each turn, though a new one in each call of the function around
        if loop is not None and found.how == "same" and is_defined_in(value, loop):
            found = Identity("fresh", found.what.replace("module-level", "nested"), value)
        elif found.how == "here" and loop is None:
            continue
        if not compiles_again(use, found):
            continue
        place = program.place(flow, use.call.expr)
        often = lifetime.frequency(program, flow.function)
        fate = fate_of(program, use.call, loop)
        if flow.function.module.context:  # a sibling that was only read: what counts is who calls its factories
            if fate == "returned" and loop is None:
                yield from _by_factory(program, FreshWrapper(use, place, found, value, None, place, often, fate))
            continue
        if fate == "returned" and is_property(program, flow.function):
            fate = "called"  # whoever reads `obj.step` calls it: `obj.step(x)` builds it and calls it
        if loop is not None:
            varies = own_program_for(program, value, loop)
            yield FreshWrapper(use, place, found, value, loop, place_of_loop(program, loop), often, fate, varies)
            continue
        if fate == "returned":
            yield from _by_factory(program, FreshWrapper(use, place, found, value, None, place, often, fate))
        if often.how in ("many", "few", "unknown"):
            yield FreshWrapper(use, place, found, value, None, place, often, fate)


def is_property(program: Program, function: Function) -> bool:
    bound = function.bound
    return isinstance(bound, v.Call) and bound.decorator and c.known_name(program, bound.func) == "builtins.property"


def _by_factory(program: Program, fresh: FreshWrapper) -> Iterator[FreshWrapper]:
    """The calls in loops of a function that returns the wrapper which it builds."""
    maker = fresh.use.flow.function
    for edge in program.graph.callers(maker):
        call = edge.call
        loop = lifetime.repeats(call.loops)
        if loop is None or call.flow is None or program.tracing.context(edge.caller) is not None:
            continue
        if edge.caller.module.context or edge.target.chain or lifetime.is_cached(program, maker):
            continue
        fate = fate_of(program, call, loop)
        varies = own_program_from_arguments(program, call, edge.target, loop)
        place = program.place(call.flow, call.expr)
        yield fresh._replace(
            place=place, loop=loop, loop_place=place_of_loop(program, loop), fate=fate, varies=varies, factory=call
        )


def is_made_in(value: v.Value, loop: Loop) -> bool:
    """Whether the callable is a new object in each turn: a call, `def` or lambda that stands inside the loop."""
    value = v.settle(value)
    if isinstance(value, v.Call):
        return loop in value.loops
    return is_defined_in(value, loop)


def is_defined_in(value: v.Value, loop: Loop) -> bool:
    """A `def` inside a loop of the module's body: a new function in each turn."""
    value = v.settle(value)
    if not isinstance(value, v.FunctionValue) or value.flow is not loop.flow:
        return False
    return loop.line <= value.function.first_line <= loop.end_line


def compiles_again(use: c.TransformUse, found: Identity) -> bool:
    """By the table of how each wrapper's cache tells functions apart, measured."""
    row = IDENTITIES.get(use.spec.identity)
    if row is None:
        return False
    if found.how == "bound":
        return bool(row.method)
    if found.how == "same":
        return bool(row.function) and use.spec.identity == "nnx_jit"
    return found.how in ("fresh", "here") and bool(row.fresh)


def fate_of(program: Program, made: v.Call, loop: Loop | None) -> str:
    """What becomes of a wrapper where it is made (in the same turn of the loop)."""
    flow = made.flow
    assert flow is not None
    fate = "unused"
    for call in flow.calls:
        if call is made or (loop is not None and loop not in call.loops):
            continue
        func = v.settle(call.func)
        if func is made:
            return "called"
        if isinstance(func, v.Attr) and func.base is made:
            fate = "staged" if func.name in STAGED else "called"
        elif any(value is made for value in (*call.args, *[value for _, value in call.kwargs])):
            is_store = isinstance(func, v.Attr) and func.name in ("append", "add", "setdefault", "insert")
            if not is_store and calls_what_it_gets(program, call, made):
                return "called"
            fate = "kept" if is_store else "passed" if fate == "unused" else fate
    if fate != "unused":
        return fate
    if any(_holds(store.value, made) for store in flow.stores):
        return "kept"
    if any(_holds(returned.value, made) for returned in flow.returns):
        return "returned"
    return "kept" if loop is not None and _in_comprehension(made) else fate


def calls_what_it_gets(program: Program, call: v.Call, made: v.Value, depth: int = 0) -> bool:
    """`minimise(jitted, x)`: a function of the project that calls the parameter in which it gets the wrapper."""
    for target in c.targets(program, call.func):
        if target.chain or program.tracing.context(target.function) is not None:
            continue
        for name, value in bind(call, target).items():
            if value is made and _calls_parameter(program, target.function, name, depth):
                return True
    return False


def _calls_parameter(program: Program, function: Function, name: str, depth: int) -> bool:
    for call in function.flow.calls:
        func = v.settle(call.func)
        if isinstance(func, v.Param) and func.function is function and func.name == name and not call.path:
            return True
        for value in call.args:
            own = v.settle(value)
            if depth < 2 and isinstance(own, v.Param) and own.function is function and own.name == name:
                if calls_what_it_gets(program, call, value, depth + 1):
                    return True
    return False


def is_handed_to_a_clock(program: Program, fresh: FreshWrapper) -> bool:
    """`benchmark(jitted, x)`: a function that times what it is handed."""
    return any(
        c.known_name(program, inner.func) in CLOCKS
        for call in fresh.use.flow.calls
        if any(value is fresh.use.call for value in call.args) and call is not fresh.use.call
        for target in c.targets(program, call.func)
        for inner in target.function.flow.calls
    )


def _holds(value: v.Value, made: v.Call, depth: int = 0) -> bool:
    if value is made:
        return True
    inner = isinstance(value, v.Sequence | v.Mapping | v.Comprehension | v.Phi | v.Call) and depth < 3
    return inner and any(_holds(part, made, depth + 1) for part in value.parts())


def _in_comprehension(made: v.Call) -> bool:
    return bool(made.loops) and made.loops[-1].kind == "comprehension"


def place_of_loop(program: Program, loop: Loop) -> Place:
    if loop.expr is not None:
        return program.place(loop.flow, loop.expr)
    return Place(loop.flow.function.module.path, loop.line, 1, loop.line, 1, loop.flow.function.qualname)
