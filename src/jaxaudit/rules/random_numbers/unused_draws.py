"""Keys that are used where nothing of what is drawn is kept, or only what no other use keeps."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.rules.random_numbers.spent_key import Spent, comes_from
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.flow import Flow
from jaxaudit.source.knowledge.random_keys import TEMPLATES
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function

SHOWS = ("builtins.print", "matplotlib.", "builtins.open", "numpy.save", "wandb.", "logging.")


def is_thrown_away(program: Program, one: Spent) -> bool:
    """`params = from_bytes(model.init(key, x), data)`, or `step(params, key)` before the loop, its result not used."""
    flow = one.call.flow
    if one.inner is not None or one.how == "fold" or flow is None:
        return False
    if is_warm_up(program, one.call, flow):
        return True
    takers = [call for call in flow.calls if call is not one.call and any(holds(a, one.call) for a in given(call))]
    if not takers or any(holds(kept, one.call) for kept in kept_in(flow)):
        return False
    if all(c.known_name(program, call.func) in TEMPLATES for call in takers):
        return True
    return one.how == "split" and all(is_warm_up(program, call, flow) for call in takers)


def is_warm_up(program: Program, call: v.Call, flow: Flow) -> bool:
    """A statement whose result nobody takes, of a function whose result is taken elsewhere in the same body."""
    func = v.settle(call.func)
    others = [other for other in flow.calls if other is not call and v.settle(other.func) is func]
    if c.known_name(program, call.func) is not None or not (others or only_returns(program, call)):
        return False
    taken = used_values(flow)
    return id(call) not in taken and (not others or any(id(other) in taken for other in others))


def only_returns(program: Program, call: v.Call) -> bool:
    """A function of the project that gives its result back and leaves nothing else behind."""
    found = c.targets(program, call.func)
    return len(found) == 1 and not found[0].chain and leaves_nothing(program, found[0].function)


def leaves_nothing(program: Program, function: Function) -> bool:
    flow = function.flow
    if not flow.returns or flow.stores or function.name == "__init__":
        return False
    return all(
        c.known_name(program, call.func) is not None or id(call) in used_values(flow) for call in flow.calls
    ) and not any((c.known_name(program, call.func) or "").startswith(SHOWS) for call in flow.calls)


def take_apart(first: Spent, second: Spent) -> bool:
    """`split(key)[0]` and `split(key)[1]`: the same parts made twice, and each taken once."""
    if first.how != "split" or second.how != "split" or first.inner is not None or second.inner is not None:
        return False
    if first.call.flow is not second.call.flow or how_many(first.call) != how_many(second.call):
        return False
    one, other = items_taken(first.call.flow, first.call), items_taken(second.call.flow, second.call)
    return bool(one) and bool(other) and one.isdisjoint(other)


def keeps_one_value(call: v.Call, first: Spent, second: Spent) -> bool:
    """`where(test, f(draw), g(other))`: of two draws one is kept."""
    ones, others = ([comes_from(a, one.call) for a in call.args] for one in (first, second))
    return any(ones) and any(others) and not any(a and b for a, b in zip(ones, others))


def keeps_one_branch(program: Program, call: v.Call, first: Spent, second: Spent) -> bool:
    """`cond(test, lambda: draw, lambda: other)`: each branch takes one of two draws."""
    use = c.transform_of(program, call)
    if use is None or use.spec.kind != "branch":
        return False
    taken = [
        c.targets(program, value)[0].function.flow.frees for value, _ in use.functions if c.targets(program, value)
    ]
    ones, others = (
        [any(bind.name in frees and comes_from(bind.value, one.call) for bind in call.flow.binds) for frees in taken]
        for one in (first, second)
    )
    return any(ones) and any(others) and not any(a and b for a, b in zip(ones, others))


def how_many(call: v.Call) -> object:
    """The number of parts, where it is written."""
    given = call.argument(1, "num")
    return 2 if given is None else given.value if isinstance(given, v.Const) else given


def items_taken(flow: Flow, call: v.Call) -> set[object]:
    """By which constants a body takes items of a call's result; none where it takes anything else of it."""
    found: set[object] = set()
    for value in (*used_values(flow).values(), *flow.calls):
        if any(part is call for part in value.parts()):
            if not (isinstance(value, v.Item) and isinstance(value.index, v.Const)):
                return set()
            found.add(value.index.value)
    return found if all(bind.value is not call for bind in flow.binds) else set()


def used_values(flow: Flow) -> dict[int, v.Value]:
    """All values of a body that something else is made of, is bound to, or that leave it."""
    waiting = [part for call in flow.calls if not waits(call) for part in call.parts()]
    waiting += [*kept_in(flow), *[bind.value for bind in flow.binds]]
    waiting += [loop.iterable for loop in flow.loops if loop.iterable is not None]
    seen: dict[int, v.Value] = {}
    while waiting:
        value = waiting.pop()
        if id(value) not in seen:
            seen[id(value)] = value
            waiting += value.parts()
    return seen


def waits(call: v.Call) -> bool:
    """`out.block_until_ready()` takes nothing from what it waits for."""
    return call.func.__class__ is v.Attr and call.func.name == "block_until_ready"


def kept_in(flow: Flow) -> Iterator[v.Value]:
    """What leaves a body or decides something in it."""
    yield from (returned.value for returned in flow.returns)
    yield from (store.value for store in flow.stores)
    yield from (test.value for test in flow.tests)
    yield from flow.yields


def given(call: v.Call) -> list[v.Value]:
    return [*call.args, *[value for _, value in call.kwargs]]


def holds(value: v.Value, call: v.Call, depth: int = 0) -> bool:
    """The call's result, an item of it, or a name that may be bound to it."""
    if value is call:
        return True
    return depth < 4 and value.__class__ in (v.Item, v.Phi, v.Sequence) and any(
        holds(part, call, depth + 1) for part in value.parts()
    )  # fmt: skip
