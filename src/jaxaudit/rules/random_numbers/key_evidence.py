"""How much of a key's second use stands in sight: what decides whether `key-reuse` is certain or a suspicion."""

from __future__ import annotations

from jaxaudit.rules.random_numbers.key_consumers import is_transformed
from jaxaudit.rules.random_numbers.spent_key import Spent
from jaxaudit.source import calls as c
from jaxaudit.source import facts
from jaxaudit.source import values as v
from jaxaudit.source.callgraph import Handed
from jaxaudit.source.events import Loop
from jaxaudit.source.knowledge.higher_order import HIGHER_ORDER
from jaxaudit.source.knowledge.random_keys import KEY_CONSUMERS
from jaxaudit.source.program import Program

UNSEEN = 0.7
"""The most that is believed where a helper, a branch or an object stands between the key and its second use."""


def is_direct(program: Program, one: Spent) -> bool:
    """`jax.random` itself, a layer of a library, or a network that a library made is given the key where it is told."""
    func = one.call.func
    if one.inner is not None:
        return False
    if c.known_name(program, func) in KEY_CONSUMERS:
        return True
    return isinstance(func, v.Attr) and func.name == "apply" and is_transformed(program, func.base, func.name)


def is_direct_draw(program: Program, one: Spent) -> bool:
    return one.how == "draw" and one.sure and is_direct(program, one)


def pair_in_sight(program: Program, first: Spent, second: Spent) -> bool:
    """One way through one body comes past both uses, and what they do is seen: at least one is the library's own, or
    helpers draw both times. (A helper that splits may be given one key on purpose, to do the same again; a loop of JAX that
    is handed the key may only need the shape of what was drawn before.)
    """
    if first.flow is not second.flow or not follows(first.path, second.path):
        return False
    if any(is_handed_over(program, one) for one in (first, second)):
        return False
    if is_direct(program, first) or is_direct(program, second):
        return True
    if not all(is_followed(program, one) for one in (first, second)):
        return False
    if is_again(first, second):
        return False  # the same call again: a copy is wanted
    if first.flow.function.name == "__init__":
        return True
    return first.how == second.how == "draw" and not first.flow.function.is_module


def is_handed_over(program: Program, one: Spent) -> bool:
    """The key goes into `scan`, `cond` or `vmap`, together with the function that spends it."""
    return one.inner is None and (
        c.transform_of(program, one.call) is not None or c.known_name(program, one.call.func) in HIGHER_ORDER
    )


def is_again(first: Spent, second: Spent) -> bool:
    """`target = build(dims, key)` after `params = build(dims, key)`, of the very same values."""
    if first.by != second.by or written_arguments(first.call) != written_arguments(second.call):
        return False
    return all(
        v.settle(one) is v.settle(other) or one.__class__ not in (v.Call, v.Op)
        for one, other in zip(first.call.args, second.call.args)
    )


def written_arguments(call: v.Call) -> list[str]:
    expr = call.expr if call.expr is not None and call.expr[0] == "c" else None
    return [facts.text(one, 400) for one in expr[2]] if expr is not None else []


def follows(first: v.Path, second: v.Path) -> bool:
    """Whether every way to the second place comes past the first."""
    return second[: len(first)] == first


def is_followed(program: Program, one: Spent) -> bool:
    """A function of the project whose body was read."""
    return (
        one.inner is None and c.known_name(program, one.call.func) is None and bool(c.targets(program, one.call.func))
    )


def turn_in_sight(program: Program, one: Spent, loop: Loop) -> bool:
    """A draw that stands in the loop itself, or a step whose result is what the next turn starts from: each turn then
    adds the same numbers. Other loops may be over models, trials or methods, which may start alike.
    """
    if one.how != "draw" or one.inner is not None or loop.flow is not one.call.flow:
        return False
    return is_direct(program, one) or (is_followed(program, one) and is_carried(one.call, loop))


def is_carried(call: v.Call, loop: Loop) -> bool:
    """`x = step(key, x)`: a call that takes what it gave in the turn before."""
    given = (*call.args, *[value for _, value in call.kwargs])
    return any(isinstance(value, v.Carried) and value.loop is loop for value in given)


def step_in_sight(program: Program, one: Spent, handed: Handed) -> bool:
    """A draw in the very body that a loop of JAX runs; elements of a vmap may be meant to share their noise."""
    return is_direct_draw(program, one) and (handed.use is None or handed.use.spec.kind == "loop")
