"""One key at two places that one run comes past."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

from jaxaudit.model import Note, Place
from jaxaudit.rules.random_numbers.key_evidence import UNSEEN, pair_in_sight, written_arguments
from jaxaudit.rules.random_numbers.key_origins import Origin, written_between
from jaxaudit.rules.random_numbers.key_splitting import in_one_block, needed_later
from jaxaudit.rules.random_numbers.spent_key import Spent, comes_from
from jaxaudit.rules.random_numbers.unused_draws import is_thrown_away, keeps_one_branch, keeps_one_value, take_apart
from jaxaudit.source import calls as c
from jaxaudit.source import facts
from jaxaudit.source import values as v
from jaxaudit.source.events import Branch
from jaxaudit.source.knowledge.random_keys import KEY_MAKERS
from jaxaudit.source.program import Program

PICKS = frozenset({"choice", "permutation"})
"""Samplers that are given one key twice to pick the same rows of two arrays."""
KEEPS_ONE = frozenset({"jax.lax.select", "jax.numpy.where", "jax.lax.select_n"})
SAID = re.compile(
    r"#.*(\b(same|shared?|reus\w*|common|identical|matching)\b.*\b(rng|keys?|seeds?|noise|random|draws?|numbers|sample)"
    r"|correlated|antithetic|on purpose|deliberate|intention)",
    re.IGNORECASE,
)
TESTS = re.compile(r"_*test", re.IGNORECASE)
EVALUATES = re.compile(r".*(^|_|\.)(eval|evaluate|evaluation|validate|validation)(_|\.|$)", re.IGNORECASE)
"""What is to give the same result each time it is asked."""
UNDOES = re.compile(
    r"(^|_|\.)(inverse(?!_?(gamma|wishart|gaussian))|undo|decode|decrypt|unrotate|unshuffle)(_|\.|$)", re.IGNORECASE
)
"""What takes back what was done with the same key: `inverse_rotation(x, key)`."""
MAKES_ANEW = re.compile(r"(^|_)(re_?)?init\w*_(weight|linear|layer|bias|kernel|conv)", re.IGNORECASE)
NAMED_COMMON = re.compile(r"(^|_)(common|shared|same|crn|fixed|dummy)(_|$)", re.IGNORECASE)


class Told(NamedTuple):
    """What is to be said of one key."""

    mark: Hashable
    place: Place
    message: str
    confidence: float
    facts: Mapping[str, Any]
    notes: tuple[Note, ...] = ()
    fixable: bool = False


def used_twice(program: Program, spent: list[Spent]) -> Iterator[Told]:
    by_mark: dict[Hashable, list[Spent]] = defaultdict(list)
    for one in spent:
        by_mark[one.mark].append(one)
    for uses in by_mark.values():
        pair = first_pair(program, uses)
        if pair is not None:
            yield told(program, *pair, uses)
    yield from same_seed(program, spent)


def first_pair(program: Program, uses: list[Spent]) -> tuple[Spent, Spent] | None:
    """The first two uses that clash; a pair that is certain before one that is not."""
    found: tuple[Spent, Spent] | None = None
    for index, second in enumerate(uses):
        for first in uses[:index]:
            if first.call is not second.call and clash(program, first, second):
                if any(only_shows_shapes(one) or is_thrown_away(program, one) for one in (first, second)):
                    continue
                if first.sure and second.sure:
                    return first, second
                found = found or (first, second)
    return found


def clash(program: Program, first: Spent, second: Spent) -> bool:
    if first.renews or exclude(first.path, second.path) or in_other_turns(first, second) or is_dead_split(first):
        return False
    if take_apart(first, second):
        return False
    if written_between(program, first.origin, first.call.flow, first.call.order, second.call.order, None):
        return False
    if "fold" in (first.how, second.how):
        return first.how == second.how and first.data == second.data and first.data is not None
    return True


def is_dead_split(first: Spent) -> bool:
    """`key, _ = split(key)` of which nothing is used: as if the key had never been split."""
    call = first.call
    if first.how != "split" or first.inner is not None:
        return False
    flow = call.flow
    bound = any(
        bind.value is call or (isinstance(bind.value, v.Item) and bind.value.base is call) for bind in flow.binds
    )
    return bound and not any(comes_from(use.value, call) for use in flow.uses)


def in_other_turns(first: Spent, second: Spent) -> bool:
    """Items by an index that a loop counts: two loops may count over different ones."""
    for step in first.origin.steps:
        if isinstance(step.index, v.Elem) and step.index.loop not in second.call.loops:
            return True
    return False


def on_purpose(program: Program, first: Spent, second: Spent) -> bool:
    """The author says so, picks the same rows of two arrays, keeps one of the two draws, or only needs shapes."""
    if said_so(program, first) or said_so(program, second) or (first.by == second.by and first.by in PICKS):
        return True
    if (UNDOES.search(first.by) is None) != (UNDOES.search(second.by) is None):
        return True
    for call in second.call.flow.calls:
        name = c.known_name(program, call.func)
        if name in KEEPS_ONE and keeps_one_value(call, first, second):
            return True
        if keeps_one_branch(program, call, first, second):
            return True
        if name == "builtins.print" and not {first.call, second.call}.isdisjoint(call.args):
            return True
    return (
        is_example(first, second) or is_example(second, first) or is_copy(first, second) or is_made_anew(first, second)
    )


def is_copy(first: Spent, second: Spent) -> bool:
    """`target = net.init(key, x)` as `params = net.init(key, x)` before it: the same parameters are wanted."""
    return first.by == second.by and first.by.endswith(".init") and (
        written_arguments(first.call) == written_arguments(second.call)
    )  # fmt: skip


def is_made_anew(first: Spent, second: Spent) -> bool:
    """`reinit(Linear(key=key), key)`: what was drawn first is drawn over."""
    return MAKES_ANEW.search(second.by) is not None and any(comes_from(a, first.call) for a in second.call.args)


def said_so(program: Program, one: Spent) -> bool:
    """A name or a comment says that the key is shared, where it is used or where it is made; or it is a test's own."""
    if NAMED_COMMON.search(one.name) or TESTS.match(one.flow.function.name):
        return True
    lines = program.text_of(one.flow.function.module.path)
    at = [one.line]
    root = one.origin.root
    if root.expr is not None and root.flow is not None and root.flow.function.module is one.flow.function.module:
        at.append(facts.start(root.expr)[0])
    return any(SAID.search(line) for end in at for line in lines[max(end - 4, 0) : end + 1])


def is_example(drawn: Spent, init: Spent) -> bool:
    """`x = normal(key, shape)` and `model.init(key, x)`: the draw only shows the input's shape."""
    return init.by.endswith(("init", "init_with_output")) and any(comes_from(a, drawn.call) for a in init.call.args)


SHAPES_ONLY = frozenset({"init", "init_with_output", "eval_shape", "filter_eval_shape", "tabulate"})
MOST_PARTS = 400


def only_shows_shapes(one: Spent) -> bool:
    """`obs = space.sample(key)` of which nothing leaves the function but what `model.init(key, obs)` makes of its shape."""
    call, flow = one.call, one.flow
    if one.how == "fold" or one.inner is not None or call.flow is not flow or flow.function.is_module:
        return False
    if one.how == "split" and called_last(call) == "split":
        return False
    names = {bind.name for bind in flow.binds if comes_from(bind.value, call)}
    if not names or any(name in names for nested in flow.function.module.functions if nested.parent is flow.function
                        for name in nested.flow.frees):  # fmt: skip
        return False
    kept = [*[r.value for r in flow.returns], *[store.value for store in flow.stores]]
    kept += [test.value for test in flow.tests]
    waiting, seen, shown = kept, {0}, False
    while waiting:
        value = waiting.pop()
        if value is call or len(seen) > MOST_PARTS:
            return False
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, v.Call) and called_last(value) in SHAPES_ONLY:
            shown = shown or any(comes_from(part, call) for part in value.args)
            continue
        waiting += value.parts()
    return shown


def called_last(call: v.Call) -> str:
    func = call.func
    return func.name if isinstance(func, v.Attr) else ""


def told(program: Program, first: Spent, second: Spent, uses: list[Spent]) -> Told:
    deed = {"split": "splits", "draw": "draws from", "fold": "folds the same number into"}[second.how]
    before = {"split": "split", "draw": "drawn from", "fold": "folded with it"}[first.how]
    later = [u for u in uses if after(u, second)]
    mended = [u for u in later if in_one_block(second, u)]
    others = [u for u in later if u not in mended]
    notes = [Note(program.place(first.flow, first.shown), "already used here")]
    notes += [Note(program.place(u.flow, u.shown), "and again here") for u in (*mended, *others)[: max(len(mended), 3)]]
    where = f"in line {first.line}" if first.flow.function.module is second.flow.function.module else "before"
    sure = first.sure and second.sure
    same = " (the very same numbers, where the shapes agree)" if first.by == second.by and second.how == "draw" else ""
    fixable = in_one_block(first, second)
    return Told(
        second.mark,
        program.place(second.flow, second.shown),
        f"the key `{second.name}` is used again: `{second.by}` {deed} it, although it was already {before} by "
        f"`{first.by}` {where}; the two are not independent{same}",
        0.5 if on_purpose(program, first, second) else 0.6 if not sure
        else UNSEEN if starts_apart(first, second) or not pair_in_sight(program, first, second) else 0.9,
        {
            "key": second.name, "first": first.by, "second": second.by, "first_line": first.line,
            "lines": [u.line for u in (first, second, *later)], "by": [u.by for u in (first, second, *mended)],
            "more": len(mended), "kept": fixable and needed_later((mended or [second])[-1]),
        },
        tuple(notes),
        fixable,
    )  # fmt: skip


def starts_apart(first: Spent, second: Spent) -> bool:
    """Weights that are drawn with a key that serves something else too: half of what was read of these was meant, or did no
    harm (a target network, a model that is only measured, weights that are loaded later). Layers of one object are none.
    """
    starts = [one for one in (first, second) if makes_weights(one.by)]
    in_one_object = len(starts) == 2 and first.flow is second.flow and first.flow.function.name == "__init__"
    return bool(starts) and not in_one_object


def makes_weights(by: str) -> bool:
    """`MLP`, `net.init`, `init_params`."""
    name = by.rstrip("()").rpartition(".")[2]
    return name[:1].isupper() or "init" in name.split("_") or name.startswith("initial")


def after(one: Spent, second: Spent) -> bool:
    return one.call.order > second.call.order and one.shown is not second.shown and not exclude(one.path, second.path)


def same_seed(program: Program, spent: list[Spent]) -> Iterator[Told]:
    """`PRNGKey(0)` made twice in one function and drawn from both times."""
    by_seed: dict[Hashable, list[tuple[v.Call, Spent]]] = defaultdict(list)
    for one in spent:
        made = maker(program, one.origin)
        if made is not None and isinstance(made.args[0], v.Const):
            by_seed[made.args[0].value].append((made, one))
    for seed, uses in by_seed.items():
        first = uses[0]
        for made, second in uses[1:]:
            if made is first[0] or exclude(first[1].path, second.path) or first[1].how != second.how:
                continue
            yield Told(
                ("seed", seed),
                program.place(made.flow, made.expr),
                f"`{facts.text(made.expr)}` makes the key of line {facts.start(first[0].expr)[0]} again: `{second.by}` and "
                f"`{first[1].by}` are not independent, as the same seed is already used",
                0.5,
                {"key": facts.text(made.expr), "first": first[1].by, "second": second.by},
                (Note(program.place(first[0].flow, first[0].expr), "already made here"),),
            )
            break


def maker(program: Program, origin: Origin) -> v.Call | None:
    """The call that makes the key from a seed, splits of it left out."""
    root = origin.root
    if origin.steps or not isinstance(root, v.Call) or not root.args:
        return None
    return root if c.known_name(program, root.func) in KEY_MAKERS else None


# -- branches ----------------------------------------------------------------------------------------------------------


def exclude(first: v.Path, second: v.Path) -> bool:
    """Whether only one of two places is reached in one run of the function."""
    arms = dict(first)
    for branch, arm in second:
        if branch in arms and arms[branch] != arm:
            return True
        for other, other_arm in first:
            if other is not branch and opposite(other, other_arm, branch, arm):
                return True
    return False


def opposite(one: Any, one_arm: int, two: Any, two_arm: int) -> bool:
    """`if a: ...` and later `if not a: ...`, `if a:` twice with different arms, or `x == 1` and `x == 2`."""
    if one.test is None or two.test is None or one.kind not in ("if", "ifexp") or two.kind not in ("if", "ifexp"):
        return False
    for this, arm, other, other_arm in ((one, one_arm, two, two_arm), (two, two_arm, one, one_arm)):
        if isinstance(this.test, v.Op) and (this.test.name, arm) in (("And", 0), ("Or", 1)):
            return any(opposite(Branch("if", part, 0), arm, other, other_arm) for part in this.test.operands)
    if one_arm == two_arm == 0 and other_constant(one.test, two.test):
        return True
    first, negated_first = plain_test(one.test)
    second, negated_second = plain_test(two.test)
    same = first is second or (
        first.expr is not None
        and second.expr is not None
        and first.__class__ in (v.Attr, v.Op, v.Free, v.Param)
        and facts.text(first.expr, 400) == facts.text(second.expr, 400)
    )
    return same and ((one_arm == two_arm) if negated_first != negated_second else (one_arm != two_arm))


def other_constant(one: v.Value, two: v.Value) -> bool:
    """`kind == "a"` and `kind == "b"`."""
    if not isinstance(one, v.Op) or not isinstance(two, v.Op) or (one.name, two.name) != ("Eq", "Eq"):
        return False
    left, right = one.operands, two.operands
    return (
        isinstance(left[1], v.Const)
        and isinstance(right[1], v.Const)
        and left[1].value != right[1].value
        and (left[0] is right[0] or facts.text(left[0].expr, 400) == facts.text(right[0].expr, 400))
    )


def plain_test(test: v.Value) -> tuple[v.Value, bool]:
    """A test without its `not`; `is not None` is the opposite of `is None`."""
    negated = False
    while isinstance(test, v.Op) and test.name == "Not":
        test, negated = test.operands[0], not negated
    if isinstance(test, v.Op) and test.name == "IsNot":
        return v.Op("Is", test.operands, test.expr, test.flow), not negated
    return test, negated
