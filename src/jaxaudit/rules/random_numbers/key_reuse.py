"""A random key that is used twice, so that what should be independent is the same or correlated."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator

from jaxaudit.model import Finding, Note, Place
from jaxaudit.rules.random_numbers.key_events import (
    Spent,
    exclude,
    follow_key_users,
    mark_of,
    spent_keys,
    varies,
)
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.flow import Loop, Store
from jaxaudit.source.program import Function, Program

PICKS = frozenset({"choice", "permutation"})
"""Samplers that are given one key twice to pick the same rows of two arrays."""
KEEPS_ONE = frozenset({"jax.lax.select", "jax.numpy.where", "jax.lax.select_n"})
SAID = re.compile(r"#.*\bsame\b.*\b(rng|keys?|seed|noise|random|draws?)\b", re.IGNORECASE)


def match(program: Program) -> Iterator[Finding]:
    follow_key_users(program)
    for function in list(dict.fromkeys(program.graph.linked_functions)):
        if function.module.context:
            continue
        spent = list(spent_keys(program, function))
        if not spent:
            continue
        said: set[Hashable] = set()
        for finding, mark in (*used_twice(program, spent), *used_in_each_turn(program, spent)):
            if mark not in said:
                said.add(mark)
                yield finding
        for finding, mark in (
            *used_in_each_step(program, function, spent),
            *used_and_returned(program, function, spent),
        ):
            if mark not in said:
                said.add(mark)
                yield finding
        yield from kept_on_self(program, function, spent)


# -- the same key at two places ----------------------------------------------------------------------------------------


def used_twice(program: Program, spent: list[Spent]) -> Iterator[tuple[Finding, Hashable]]:
    by_mark: dict[Hashable, list[Spent]] = defaultdict(list)
    for one in spent:
        by_mark[one.mark].append(one)
    for mark, uses in by_mark.items():
        pair = first_pair(program, uses)
        if pair is not None:
            first, second = pair
            yield told_twice(program, first, second), mark


def first_pair(program: Program, uses: list[Spent]) -> tuple[Spent, Spent] | None:
    for index, second in enumerate(uses):
        for first in uses[:index]:
            if first.call is second.call and first.expr is second.expr:
                continue
            if clash(program, first, second):
                return first, second
    return None


def clash(program: Program, first: Spent, second: Spent) -> bool:
    if exclude(first.call.path, second.call.path) or rebound_between(program, first, second):
        return False
    if "fold" in (first.how, second.how):
        return first.how == second.how and first.data == second.data and first.data is not None
    return True


def rebound_between(program: Program, first: Spent, second: Spent) -> bool:
    """An attribute or item that is assigned between two reads of it is another key the second time."""
    value, flow = first.value, first.call.flow
    if flow is None or not isinstance(value, (v.Attr, v.Item)):
        return False
    for store in flow.stores:
        if first.call.order < store.order < second.call.order and stores_mark(program, store, first.mark):
            return True
    return isinstance(value, v.Attr) and any(
        first.call.order < call.order < second.call.order
        and isinstance(call.func, v.Attr)
        and call.func.base is value.base
        for call in flow.calls
    )


def stores_mark(program: Program, store: Store, mark: Hashable) -> bool:
    """Whether a write replaces the key that a mark stands for."""
    if store.base is None:
        return False
    base = mark_of(program, store.base)
    if store.kind == "attribute":
        return mark == ("attribute", base, store.name)
    index = store.name
    return isinstance(index, v.Const) and mark == ("item", base, repr(index.value))


def on_purpose(program: Program, first: Spent, second: Spent) -> bool:
    """The author says so beside it, picks the same rows of two arrays, or keeps only one of the two draws."""
    flow = second.call.flow
    assert flow is not None
    if first.by == second.by and first.by in PICKS and not isinstance(first.call.func, v.Attr):
        return True
    lines = program.lines(flow.function.module.path)
    for one in (first, second):
        if any(SAID.search(line) for line in lines[max(one.line - 4, 0) : one.line]):
            return True
    for call in flow.calls:
        name = c.known_name(program, call.func)
        if name in KEEPS_ONE and {first.call, second.call} <= set(call.args):
            return True
        if name == "builtins.print" and not {first.call, second.call}.isdisjoint(call.args):
            return True
    return "<lambda>" in (first.by, second.by) and first.by == second.by


def told_twice(program: Program, first: Spent, second: Spent) -> Finding:
    flow = second.call.flow
    assert flow is not None and first.call.flow is not None
    place = program.place(flow, second.expr if second.expr is not None else second.call.expr)
    sure = first.sure and second.sure
    deed = {"split": "splits", "draw": "draws from", "fold": "folds the same number into"}[second.how]
    before = {"split": "split", "draw": "drawn from", "fold": "folded with it"}[first.how]
    return RULE.found(
        place,
        f"the key `{second.name}` is used again: `{second.by}` {deed} it, although it was already {before} by `{first.by}` "
        f"in line {first.line}; the two are not independent",
        0.5 if on_purpose(program, first, second) else 0.9 if sure else 0.6,
        facts={"key": second.name, "first": first.by, "second": second.by, "first_line": first.line},
        notes=[Note(program.place(first.call.flow, first.expr or first.call.expr), "already used here")],
    )


# -- the same key in every turn ----------------------------------------------------------------------------------------


def used_in_each_turn(program: Program, spent: list[Spent]) -> Iterator[tuple[Finding, Hashable]]:
    for one in spent:
        loop = repeated_in(program, one)
        if loop is None or one.call.flow is None:
            continue
        place = program.place(one.call.flow, one.expr if one.expr is not None else one.call.expr)
        yield (
            RULE.found(
                place,
                f"the key `{one.name}` is used again in every turn of the loop in line {loop.line}: `{one.by}` gives the "
                f"same random numbers each time",
                0.9 if one.sure and not leaves(one, loop) else 0.6,
                facts={"key": one.name, "second": one.by, "loop_line": loop.line},
                notes=[Note(place_of(program, loop), "the loop")],
            ),
            one.mark,
        )


def repeated_in(program: Program, one: Spent) -> Loop | None:
    """The innermost loop that repeats the use while the key stays what it is."""
    for loop in reversed(one.call.loops):
        if lifetime.repeats((loop,)) is None:
            continue
        if varies(program, one.value, loop):
            return None
        if any(loop in store.loops and stores_mark(program, store, one.mark) for store in loop.flow.stores):
            return None
        if one.how == "fold":
            other = one.call.argument(1, "data")
            if other is None or varies(program, other, loop):
                return None
        return loop
    return None


def leaves(one: Spent, loop: Loop) -> bool:
    """Whether the use stands in a branch of the turn: it may be the turn that ends the loop."""
    return len(one.call.path) > len(loop.path)


def place_of(program: Program, loop: Loop) -> Place:
    if loop.expr is not None:
        return program.place(loop.flow, loop.expr)
    return Place(loop.flow.function.module.path, loop.line, 1, loop.line, 1, loop.flow.function.qualname)


# -- the same key in every step of a scan, for every element of a vmap -------------------------------------------------


def used_in_each_step(program: Program, function: Function, spent: list[Spent]) -> Iterator[tuple[Finding, Hashable]]:
    for handed in program.graph.handed.get(function, ()):
        use = handed.use
        if use is None or use.spec.kind not in ("loop", "vmap"):
            continue
        for one in spent:
            if not closes_over(one.value, function) or (one.how == "fold" and folds_with_own(one, function)):
                continue
            what = "every step" if use.spec.kind == "loop" else "every element"
            yield (
                RULE.found(
                    program.place(one.call.flow, one.expr if one.expr is not None else one.call.expr),
                    f"the key `{one.name}` is used again in {what} of `{use.short}`: `{function.name}` closes over it, so "
                    f"`{one.by}` gives the same random numbers each time",
                    0.9 if one.sure else 0.6,
                    facts={"key": one.name, "second": one.by, "transformation": use.short},
                    notes=[Note(program.place(handed.call.flow, handed.call.expr), f"the {use.short}")],
                ),
                one.mark,
            )


def closes_over(value: v.Value, function: Function) -> bool:
    """A key of an enclosing scope: the name itself, or an item of it by a constant index."""
    while isinstance(value, v.Item) and isinstance(value.index, v.Const):
        value = value.base
    return isinstance(value, v.Free) and value.home.function is not function


def folds_with_own(one: Spent, function: Function) -> bool:
    other = one.call.argument(1, "data")
    return other is not None and not isinstance(other, (v.Const, v.Free))


# -- a spent key that goes back to the caller --------------------------------------------------------------------------


def used_and_returned(program: Program, function: Function, spent: list[Spent]) -> Iterator[tuple[Finding, Hashable]]:
    for one in spent:
        if one.how == "fold" or one.call.flow is None:
            continue
        for returned in function.flow.returns:
            if exclude(one.call.path, returned.path) or returned.order < one.call.order:
                continue
            at = position_in(one.value, returned.value)
            if at is None:
                continue
            known = used_by_caller(program, function, at)
            yield (
                RULE.found(
                    program.place(one.call.flow, one.expr if one.expr is not None else one.call.expr),
                    f"the key `{one.name}` is already used by `{one.by}` and then returned, so whoever goes on with it "
                    f"uses it again",
                    (0.85 if known else 0.5) if one.sure else 0.4,
                    facts={"key": one.name, "second": one.by},
                    notes=[Note(program.place(function.flow, returned.expr), "returned here")] if returned.expr else [],
                ),
                one.mark,
            )
            break


def position_in(key: v.Value, returned: v.Value) -> int | None:
    """At which place of the returned tuple the key stands; -1 when it is all that is returned."""
    if returned is key:
        return -1
    if isinstance(returned, v.Sequence):
        for index, item in enumerate(returned.items):
            if item is key:
                return index
    return None


def used_by_caller(program: Program, function: Function, at: int) -> bool:
    """Whether a caller goes on with the returned key: carries it into the next call, or hands it on."""
    for edge in program.graph.callers(function):
        call, flow = edge.call, edge.call.flow
        for loop in flow.loops:
            if any(carried.after is call or taken(carried.after, call, at) for carried in loop.carried.values()):
                return True
        for other in flow.calls:
            if other.order > call.order and any(
                taken(a, call, at) for a in (*other.args, *[x for _, x in other.kwargs])
            ):
                return True
    return False


def taken(value: v.Value | None, call: v.Call, at: int) -> bool:
    if at < 0:
        return value is call
    return (
        isinstance(value, v.Item)
        and value.base is call
        and isinstance(value.index, v.Const)
        and value.index.value == at
    )


# -- a key that an object keeps and never renews -----------------------------------------------------------------------


def kept_on_self(program: Program, function: Function, spent: list[Spent]) -> Iterator[Finding]:
    if function.owner is None or function.name in ("__init__", "__post_init__", "setup"):
        return
    for one in spent:
        value = one.value
        if not isinstance(value, v.Attr) or not isinstance(value.base, v.Param) or one.how == "fold":
            continue
        if value.base.name != function.self_name or one.call.flow is None:
            continue
        if any(store.name == value.name for store in function.flow.stores):
            continue
        if [s for s in c.stores_on_self(function.owner, value.name) if s.augmented]:
            continue
        if not any(s for s in c.stores_on_self(function.owner, value.name)):
            continue
        often = lifetime.frequency(program, function)
        renewed = [
            method.name
            for method in function.owner.methods.values()
            if method.name not in ("__init__", "__post_init__", "setup")
            and any(store.name == value.name for store in method.flow.stores)
        ]
        yield RULE.found(
            program.place(one.call.flow, one.expr if one.expr is not None else one.call.expr),
            f"the key `{one.name}` is used again at each call of `{function.qualname}`: `{one.by}` gives the same random "
            f"numbers each time, because nothing renews `{one.name}`",
            0.85 if often.how == "many" and one.sure and not renewed else 0.4,
            facts={"key": one.name, "second": one.by},
        )


RULE = Rule(
    name="key-reuse",
    title="a random key is used twice",
    severity="error",
    dont="Draw twice from one key, or go on using a key after splitting it.",
    do="Split first (`key, sub = jax.random.split(key)`) and use each part once; in loops, `jax.random.fold_in(key, step)`.",
    why="A key is a value, not a generator: the same key gives the same numbers. Two normal draws from one key were equal to the "
    "last bit, and a two-stage sampler that used one key for both stages had variance 4.00 instead of 2.00 (10,000 draws, "
    "JAX 0.10.2). JAX's own check sees typed keys only; raw `PRNGKey` arrays pass it silently.",
    allowed="The same draw on purpose: common random numbers, a comparison of two samplers, a replay.",
    may_break="Every random number after the split changes, so results that were compared with saved ones change too.",
    sees=("source", "run"),
    needs=("random_keys",),
    examples=(
        Example(
            "two draws from one key",
            dont=Sample(
                """import jax

key = jax.random.key(0)
mean = jax.random.normal(key, (3,))
noise = jax.random.normal(key, (3,))  # fault
""",
                shows="bool((mean == noise).all())",
            ),
            do=Sample(
                """import jax

key, noise_key = jax.random.split(jax.random.key(0))
mean = jax.random.normal(key, (3,))
noise = jax.random.normal(noise_key, (3,))
""",
                shows="not bool((mean == noise).all())",
            ),
        ),
        Example(
            "the same key in every turn",
            dont=Sample(
                """import jax


def walk(key, steps):
    draws = []
    for _ in range(steps):
        draws.append(jax.random.normal(key))  # fault
    return draws


first, second = walk(jax.random.PRNGKey(0), 2)
""",
                shows="float(first) == float(second)",
            ),
            do=Sample(
                """import jax


def walk(key, steps):
    draws = []
    for step in range(steps):
        draws.append(jax.random.normal(jax.random.fold_in(key, step)))
    return draws


first, second = walk(jax.random.PRNGKey(0), 2)
""",
                shows="float(first) != float(second)",
            ),
        ),
        Example(
            "a helper spends the key that its caller uses again",
            dont=Sample(
                """import jax


def jump(key, shape):
    return jax.random.bernoulli(key, 0.5, shape)


@jax.jit
def path(key):
    noise = jax.random.normal(key, (4,))
    return noise + jump(key, (4,))  # fault


path(jax.random.key(1))
""",
                shows="path(jax.random.key(1)).shape == (4,)",
            ),
            do=Sample(
                """import jax


def jump(key, shape):
    return jax.random.bernoulli(key, 0.5, shape)


@jax.jit
def path(key):
    noise_key, jump_key = jax.random.split(key)
    noise = jax.random.normal(noise_key, (4,))
    return noise + jump(jump_key, (4,))


path(jax.random.key(1))
""",
                shows="path(jax.random.key(1)).shape == (4,)",
            ),
        ),
        Example(
            "a scan body closes over the key",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def simulate(key, x):
    def step(x, _):
        noise = jax.random.normal(key)  # fault
        return x + noise, noise

    return jax.lax.scan(step, x, None, length=3)[1]


noise = simulate(jax.random.key(0), jnp.zeros(()))
""",
                shows="len(set(noise.tolist())) == 1",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def simulate(key, x):
    def step(x, step_key):
        noise = jax.random.normal(step_key)
        return x + noise, noise

    return jax.lax.scan(step, x, jax.random.split(key, 3))[1]


noise = simulate(jax.random.key(0), jnp.zeros(()))
""",
                shows="len(set(noise.tolist())) == 3",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax


def draw(key, symmetric):
    if symmetric:
        return jax.random.normal(key)
    return jax.random.uniform(key)


key = jax.random.key(0)
for _ in range(3):
    key, sub = jax.random.split(key)
    draw(sub, True)
"""
        ),
    ),
    match=match,
)
