"""One key in every turn of a loop, in every step of a scan, for every element of a vmap, or at every call."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jaxaudit.model import Note, Place
from jaxaudit.rules.control_flow.in_sight import surely_run
from jaxaudit.rules.random_numbers.alike_on_purpose import builds_others, is_jitter, is_timed
from jaxaudit.rules.random_numbers.key_consumers import is_key
from jaxaudit.rules.random_numbers.key_events import fed
from jaxaudit.rules.random_numbers.key_evidence import UNSEEN, is_direct_draw, step_in_sight, turn_in_sight
from jaxaudit.rules.random_numbers.key_folding import can_fold
from jaxaudit.rules.random_numbers.key_origins import DERIVES, Origin, Steps, at, key_varies, origin_of, varies
from jaxaudit.rules.random_numbers.key_pairs import EVALUATES, PICKS, TESTS, Told, exclude, said_so
from jaxaudit.rules.random_numbers.key_splitting import plain
from jaxaudit.rules.random_numbers.spent_key import Spent
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.callgraph import Handed
from jaxaudit.source.classes import all_fields, stores_on_self
from jaxaudit.source.events import Loop
from jaxaudit.source.knowledge.random_keys import KEY_MAKERS
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.structure import parameters_in

BEFORE_USE = ("__init__", "__post_init__", "setup", "__new__")
FITS = re.compile(r"(^|[_.])(fit|train)$", re.IGNORECASE)
EACH_LEAF = frozenset({"jax.tree.map", "jax.tree.map_with_path", "builtins.map"})


def used_in_each_turn(program: Program, spent: list[Spent]) -> Iterator[Told]:
    for one in spent:
        loop = repeated_in(program, one)
        if loop is None or follows_from(program, one.origin, loop) or is_last(one, loop) or one.renews:
            continue
        meant = said_so(program, one) or one.by in PICKS or EVALUATES.match(one.by) is not None
        meant = meant or EVALUATES.match(one.flow.function.name) is not None or by_seed(program, one.origin, loop)
        meant = meant or builds_others(one.call, loop) or is_jitter(program, one) or is_timed(program, one, loop)
        ends = len(one.path) > len(loop.path) and (leaves(one, loop) or asks_for_turn(program, one, loop))
        yield Told(
            one.mark,
            program.place(one.flow, one.shown),
            f"the key `{one.name}` is used again in every turn of the loop in line {loop.line}: `{one.by}` gives the same "
            f"random numbers each time",
            0.5 if meant else 0.6 if ends or not one.sure else 0.9 if turn_in_sight(program, one, loop) else UNSEEN,
            {"key": one.name, "second": one.by, "loop_line": loop.line},
            (Note(place_of(program, loop), "the loop"),),
            plain(one) and one.how != "fold" and loop.flow is one.call.flow,
        )


def repeated_in(program: Program, one: Spent) -> Loop | None:
    """The innermost loop that repeats the use while the key stays what it is."""
    for loop in reversed(one.call.loops):
        if lifetime.repeats((loop,)) is None:
            continue
        if key_varies(program, one.origin, loop):
            return None
        if one.how == "fold":
            other = one.call.argument(1, "data")
            if other is None or varies(program, other, loop):
                return None
        return loop
    return None


def follows_from(program: Program, origin: Origin, loop: Loop) -> bool:
    """A part of a key that is split anew in each turn: the split itself is what is told."""
    root = origin.root
    return isinstance(root, v.Call) and loop in root.loops and c.known_name(program, root.func) in DERIVES


def by_seed(program: Program, origin: Origin, loop: Loop) -> bool:
    """`PRNGKey(seed)` in each turn, of a seed that the caller chose: perhaps the same draw for each on purpose."""
    root = origin.root
    if not isinstance(root, v.Call) or loop not in root.loops or c.known_name(program, root.func) not in KEY_MAKERS:
        return False
    return bool(root.args) and isinstance(v.settle(root.args[0]), v.Param)


def is_last(one: Spent, loop: Loop) -> bool:
    """The turn that uses the key returns straight afterwards."""
    returns = one.call.flow.returns
    return any(loop in r.loops and r.path == one.path and r.order > one.call.order for r in returns)


def asks_for_turn(program: Program, one: Spent, loop: Loop) -> bool:
    """`if i < n - 1: ... else: draw`: perhaps one turn only."""
    tests = [branch.test for branch, _ in one.path[len(loop.path) :] if branch.test is not None]
    return any(isinstance(test, v.Op) and any(varies(program, o, loop) for o in test.operands) for test in tests)


def leaves(one: Spent, loop: Loop) -> bool:
    """Whether the turn that uses the key is the last: it stands in a branch that returns."""
    flow = one.call.flow
    return any(loop in r.loops and set(one.path) <= set(r.path) for r in flow.returns if r.order > one.call.order)


def place_of(program: Program, loop: Loop) -> Place:
    if loop.expr is not None:
        return program.place(loop.flow, loop.expr)
    return Place(loop.flow.function.module.path, loop.line, 1, loop.line, 1, loop.flow.function.qualname)


# -- steps and elements ------------------------------------------------------------------------------------------------


def used_in_each_step(program: Program, function: Function, spent: list[Spent]) -> Iterator[Told]:
    """A function that scan, fori_loop, vmap or tree.map runs many times: keys from around it, and a carry's own."""
    for handed in program.graph.handed.get(function, ()):
        what = many_times(program, handed)
        if not what:
            continue
        for one in spent:
            where = program.place(handed.call.flow, handed.call.expr)
            if closes_over(one, function):
                if one.how == "fold" and folds_with_own(program, one):
                    continue
                yield Told(
                    one.mark,
                    program.place(one.flow, one.shown),
                    f"the key `{one.name}` is used again in {what}: {said(function)} closes over it, so `{one.by}` "
                    f"gives the same random numbers each time",
                    0.4
                    if said_so(program, one) or one.by in PICKS
                    else 0.6
                    if not one.sure or fits(handed, one)
                    else 0.9
                    if step_in_sight(program, one, handed)
                    else UNSEEN,
                    {"key": one.name, "second": one.by, "transformation": named(handed), "fold": can_fold(handed, one)},
                    (Note(where, f"the {named(handed)}"),),
                    fixable=can_fold(handed, one),
                )
            elif one.how != "fold" and carried_on(program, function, handed, one):
                yield Told(
                    one.mark,
                    program.place(one.flow, one.shown),
                    f"the key `{one.name}` is used again in {what}: the carry hands it on as it is, so `{one.by}` gives "
                    f"the same random numbers each time",
                    0.9 if one.sure else 0.6,
                    {"key": one.name, "second": one.by, "transformation": named(handed)},
                    (Note(where, f"the {named(handed)}"),),
                )


def said(function: Function) -> str:
    return "the lambda" if function.name == "<lambda>" else f"`{function.name}`"


def fits(handed: Handed, one: Spent) -> bool:
    """Models that are trained apart, each on data of its own, may start alike."""
    return handed.use is not None and handed.use.spec.kind == "vmap" and FITS.search(one.by) is not None


def named(handed: Handed) -> str:
    if handed.use is not None:
        return handed.use.short
    expr = handed.call.expr
    return str(expr[1][2]) if expr is not None and expr[0] == "c" and expr[1][0] == "." else "map"


def many_times(program: Program, handed: Handed) -> str:
    if handed.use is None:
        known = c.known_name(program, handed.call.func)
        return f"every leaf of `{named(handed)}`" if known in EACH_LEAF else ""
    if handed.use.spec.kind == "loop":
        return f"every step of `{handed.use.short}`"
    return f"every element of `{handed.use.short}`" if handed.use.spec.kind == "vmap" else ""


def closes_over(one: Spent, function: Function) -> bool:
    """A key of an enclosing scope, whichever item of it; an item by an index of the function's own is another each time."""
    home = one.origin.home
    if home is None or home is function.flow or not encloses(home.function, function):
        return False
    return all(step.index is None and step.loop is None for step in one.origin.steps)


def encloses(outer: Function, inner: Function) -> bool:
    here = inner.parent
    while here is not None:
        if here is outer:
            return True
        here = here.parent
    return outer.is_module


def folds_with_own(program: Program, one: Spent) -> bool:
    """Whether the folded number differs between the steps: anything of the function's own."""
    other = one.call.argument(1, "data")
    if other is None:
        return False
    function = one.call.flow.function
    if any(parameter.function is function for parameter in parameters_in(program, other)):
        return True
    if any(call is not one.call and one.call in call.args for call in one.call.flow.calls):
        return True  # `fold_in(fold_in(key, lane), step)`: the outer one tells the steps apart
    origin = origin_of(program, other)
    return not isinstance(origin.root, v.Const) and origin.home is one.call.flow


def carried_on(program: Program, function: Function, handed: Handed, one: Spent) -> bool:
    """Whether a loop's body spends a key of its carry and hands it on unchanged."""
    root = one.origin.root
    if (
        handed.use is None
        or handed.use.spec.kind != "loop"
        or not isinstance(root, v.Param)
        or root.function is not function
    ):
        return False
    back = returned_carry(handed, root.name)
    if back is None or not function.flow.returns:
        return False
    for returned in function.flow.returns:
        value: v.Value = returned.value
        origin = origin_of(program, value, (*back, *one.origin.steps))
        if origin.mark != one.mark or exclude(returned.path, one.path):
            return False
    return True


def returned_carry(handed: Handed, parameter: str) -> Steps | None:
    """Where in the body's result the next value of a carry stands: `(0,)` for scan's pair."""
    carries = [feed for feed in handed.feeds if feed.how == "carry"]
    if len(carries) != 1:
        return None
    given = fed(handed.call, handed.target, handed.feeds, parameter)
    first = handed.call.argument(carries[0].position, carries[0].keyword or None)
    if given is None or first is None or given[0] is not first or given[1]:
        return None
    return (at(0),) if handed.use is not None and handed.use.short == "scan" else ()


# -- calls -------------------------------------------------------------------------------------------------------------


def same_for_all(program: Program, spent: list[Spent]) -> Iterator[Told]:
    """One call that runs for many elements and gives each the same key."""
    for one in spent:
        if one.same:
            stacked = one.same == "element"
            yield Told(
                ("same", one.mark),
                program.place(one.flow, one.shown),
                f"the key `{one.name}` is used again for every {one.same}: `{one.by}` gives each the same random numbers"
                + (", because the same key is repeated" if stacked else ", because this argument is not mapped"),
                (UNSEEN if stacked else 0.6) if one.sure and not said_so(program, one) else 0.5,
                {"key": one.name, "second": one.by, "transformation": one.same.partition("`")[2].rstrip("`")},
            )


def same_on_each_shard(program: Program, function: Function, spent: list[Spent]) -> Iterator[Told]:
    """A function under `shard_map` that every device hands the same key (`P()`), and that asks for no number of its shard."""
    keys = {one.origin.root.name: one for one in reversed(spent) if _is_own_key(function, one)}
    if not keys or any(c.known_name(program, call.func) == "jax.lax.axis_index" for call in function.flow.calls):
        return
    positions = [parameter.name for parameter in function.all_parameters]
    for handed in program.graph.handed.get(function, ()):
        specs = handed.use.option("in_specs") if handed.use is not None and handed.use.short == "shard_map" else None
        listed = v.settle(specs) if specs is not None else None
        for name, spec in zip(positions, listed.items if isinstance(listed, v.Sequence) else (), strict=False):
            if name in keys and _is_replicated(program, spec):
                one = keys[name]
                yield Told(
                    ("shards", function, name),
                    program.place(one.flow, one.shown),
                    f"the key `{name}` is the same on every device (`P()` among the `in_specs` of `shard_map`): `{one.by}` gives each "
                    "shard the same random numbers",
                    0.5,
                    {"key": name, "second": one.by, "transformation": "shard_map"},
                )


def _is_own_key(function: Function, one: Spent) -> bool:
    root = one.origin.root
    return isinstance(root, v.Param) and root.function is function and not one.origin.steps and one.how != "fold"


def _is_replicated(program: Program, spec: v.Value) -> bool:
    made = v.settle(spec)
    return (
        isinstance(made, v.Call)
        and c.known_name(program, made.func) == "jax.sharding.PartitionSpec"
        and not (made.args or made.kwargs)
    )


def kept_on_self(program: Program, function: Function, spent: list[Spent]) -> Iterator[Told]:
    """A method draws from a key that its object keeps, and nothing renews it."""
    cls = function.owner
    if cls is None or function.name in BEFORE_USE or function.self_name is None:
        return
    for one in spent:
        root, steps = one.origin.root, one.origin.steps
        if not isinstance(root, v.Param) or root.name != function.self_name or one.how == "fold" or not steps:
            continue
        name = str(steps[0].mark[0]).removeprefix(".") if isinstance(steps[0].mark, tuple) else ""
        stores = stores_on_self(cls, name)
        if any(store in stores for store in function.flow.stores) or any(store.augmented for store in stores):
            continue
        if not stores and name not in all_fields(program, cls):
            continue
        if TESTS.match(function.name) or not (one.sure or any(is_key(program, store.value) for store in stores)):
            continue
        often = lifetime.frequency(program, function)
        renewed = [
            m for m in cls.methods.values() if m.name not in BEFORE_USE and any(s.name == name for s in m.flow.stores)
        ]
        certain = (
            often.how == "many"
            and often.loop is not None
            and one.sure
            and is_direct_draw(program, one)
            and stores
            and not renewed
            and not replaced(program, often, name)
            and surely_run(program, function)  # a library's may be seeded to do the same each time
        )
        notes: tuple[Note, ...] = ()
        if often.call is not None and often.call.expr is not None:
            notes = (Note(program.place(often.call.flow, often.call.expr), "called here"),)
        yield Told(
            one.mark,
            program.place(one.flow, one.shown),
            f"the key `{one.name}` is used again at each call of `{function.qualname}`: `{one.by}` gives the same random "
            f"numbers each time, because nothing renews `{one.name}`",
            0.85 if certain else 0.4,
            {"key": one.name, "second": one.by},
            notes,
        )


def replaced(program: Program, often: lifetime.Frequency, name: str) -> bool:
    """Whether whoever calls the method gives the object a new key from outside."""
    if often.call is None:
        return False
    func = often.call.func
    made = v.settle(func)
    kept = isinstance(func, v.Attr) or (isinstance(made, v.Call) and often.loop not in made.loops)
    return any(store.name == name for store in often.call.flow.stores) or not kept


def kept_elsewhere(program: Program, function: Function, spent: list[Spent]) -> Iterator[Told]:
    """A key that a module or a default keeps: each call of the function draws the same."""
    for one in spent:
        if one.how == "fold" or one.inner is not None or function.is_module:
            continue
        made = constant(program, one.origin, function)
        if made is None:
            continue
        by_default = isinstance(one.origin.root, v.Param)
        often = without_argument(program, function, one.origin.root) if by_default else how_often(program, function)
        if not often:
            continue
        kept = "its default" if by_default else "made once for the module"
        yield Told(
            one.mark,
            program.place(one.flow, one.shown),
            f"the key `{one.name}` is used again at each call of `{function.name}`: it is {kept}, so `{one.by}` gives the "
            f"same random numbers each time",
            0.85
            if often == "many" and is_direct_draw(program, one) and not by_default and not one.name.isupper()
            else 0.4,
            {"key": one.name, "second": one.by, "function": function.qualname},
            (Note(program.place(made.flow, made.expr), "made here"),) if made.expr is not None else (),
        )


def constant(program: Program, origin: Origin, function: Function) -> v.Call | None:
    """The call that makes a module's own key, or the key that is a parameter's default."""
    root: v.Value = origin.root
    if isinstance(root, v.Param) and root.function is function and not origin.steps:
        parameter = function.parameter(root.name)
        if parameter is None or parameter.default is None:
            return None
        root = v.settle((function.parent or function.module.function).flow.detached(parameter.default))
    elif root.flow is None or not root.flow.function.is_module:
        return None
    while isinstance(root, v.Call) and c.known_name(program, root.func) == "jax.random.split" and root.args:
        root = v.settle(root.args[0])
    return root if isinstance(root, v.Call) and c.known_name(program, root.func) in KEY_MAKERS else None


def how_often(program: Program, function: Function) -> str:
    """ "many" in a loop or at several places, "unknown" where nobody is seen to call it."""
    found = lifetime.frequency(program, function)
    if found.how == "many" and found.loop is None:
        return "unknown"  # an optimiser that is handed an objective wants the same numbers at each call
    return "" if found.how in ("once", "cached") else "many" if found.how in ("many", "few") else "unknown"


def without_argument(program: Program, function: Function, root: v.Value) -> str:
    """How often the function is called without the key."""
    assert isinstance(root, v.Param)
    left_out = [e.call for e in program.graph.callers(function) if root.name not in bind(e.call, e.target)]
    if len(left_out) > 1 or any(lifetime.repeats(call.loops) is not None for call in left_out):
        return "many"
    if left_out and lifetime.frequency(program, left_out[0].flow.function).how == "many":
        return "many"
    return "unknown" if not program.graph.callers(function) else ""
