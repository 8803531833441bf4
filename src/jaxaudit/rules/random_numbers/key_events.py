"""Where a function spends random keys: by drawing, by splitting, or by handing them to something that does."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple

from jaxaudit.rules.random_numbers.key_consumers import (
    EACH,
    MAPS,
    mapped,
    of_library,
    of_unknown,
    of_wrapped,
    own_samplers,
    repeated,
)
from jaxaudit.rules.random_numbers.key_origins import Origin, Steps, origin_of, store_step
from jaxaudit.rules.random_numbers.spent_key import Spent, called, expression_of, written_argument
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.flow import Flow
from jaxaudit.source.knowledge.higher_order import HIGHER_ORDER
from jaxaudit.source.knowledge.random_keys import (
    INITIALIZER_FACTORIES,
    KEY_CONSUMERS,
    KEY_KEYWORDS,
    KEY_MAKERS,
    KEY_METHODS,
    KEY_NAMES,
)
from jaxaudit.source.knowledge.transforms import Feed, Slot
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import single
from jaxaudit.source.scopes import Function, Module
from jaxaudit.source.structure import parameters_in

NO_DRAW = frozenset({"shape", "callback", "export"})
"""Under these nothing is drawn, or not here."""


class Needs(NamedTuple):
    """What a function spends of a key that it is given: which parameter, which part of it, how, and whether always."""

    parameter: str
    steps: Steps
    spent: Spent
    sure: bool


def functions_with_keys(program: Program) -> list[Function]:
    """Functions that use keys, and those that call them, as far as the program is followed."""
    found = program.memo.get("functions with keys")
    if found is None:
        found = program.memo["functions with keys"] = []
        graph = program.graph
        suspects = Suspects(program)
        for module, unit in program.units_applying([*KEY_CONSUMERS, *KEY_MAKERS, *INITIALIZER_FACTORIES]):
            graph.link_unit(module, unit)
            suspects.add_unit(module, unit)
        samplers = own_samplers(program)
        graph.link_words({"rngs", *samplers})
        suspects.add_words({*KEY_NAMES, *KEY_KEYWORDS, *KEY_METHODS, *samplers})
        for function in suspects:
            if spent_keys(program, function):
                found.append(function)
                if needs_of(program, function):
                    graph.callers(function)
                suspects.add_words({graph.word_of(function), *graph.words.get(function, ())})
        for function in found:
            function.memo.pop(program.keys["spent keys"], None)
            function.memo.pop(program.keys["needs"], None)
        found[:] = [function for function in suspects.done if spent_keys(program, function)]
    return found


class Suspects:
    """The followed functions that may spend keys: they write a word that says so, or the name of one that does.

    Iterating gives each of them once, those that are linked or come under suspicion meanwhile too.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.units: set[tuple[int, int]] = set()
        self.words: set[str] = set()
        self.done: dict[Function, None] = {}
        self.others: dict[tuple[int, int], list[Function]] = {}
        self.waiting: list[Function] = []

    def add_unit(self, module: Module, unit: int) -> None:
        self.units.add((id(module), unit))
        self.waiting += self.others.pop((id(module), unit), ())

    def add_words(self, words: set[str]) -> None:
        fresh = self.program.spellings(words - self.words)
        self.words |= words
        for word in fresh:
            for module, unit in self.program.index.get(word, ()):
                self.add_unit(module, unit)

    def __iter__(self) -> Iterator[Function]:
        linked = self.program.graph.linked_functions
        at = 0
        while at < len(linked) or self.waiting:
            if self.waiting:
                function = self.waiting.pop()
            else:
                function, at = linked[at], at + 1
                key = (id(function.module), function.unit)
                if key not in self.units:
                    self.others.setdefault(key, []).append(function)
                    continue
            if function not in self.done:
                self.done[function] = None
                yield function


def spent_keys(program: Program, function: Function) -> list[Spent]:
    """Every use of a key in a function's own body, in order."""
    key = program.keys["spent keys"]
    found = function.memo.get(key)
    if found is None:
        function.memo[key] = []
        found = [one for call in function.flow.calls for one in _spent_by(program, call)]
        function.memo[key] = found
        if found:
            program.graph.link_unit(function.module, function.unit)
    return found


def needs_of(program: Program, function: Function) -> list[Needs]:
    """Which keys of its parameters a function spends without renewing them where they are kept."""
    key = program.keys["needs"]
    found = function.memo.get(key)
    if found is None:
        function.memo[key] = []
        known: dict[Hashable, Needs] = {}
        for one in spent_keys(program, function):
            root = one.origin.root
            if not isinstance(root, v.Param) or root.function is not function or one.how == "fold":
                continue
            sure = one.sure and always(function, one.path) and not is_choice(program, one.call)
            before = known.get(one.mark)
            if before is None or (sure and not before.sure):
                renews = one.renews or renewed(program, function, one.origin)
                known[one.mark] = Needs(root.name, one.origin.steps, one._replace(renews=renews), sure)
        found = function.memo[key] = list(known.values())
    return found


def is_choice(program: Program, call: v.Call) -> bool:
    """`cond(test, draw, keep, key)`: the branch that draws may be the one that is not taken."""
    use = c.transform_of(program, call)
    return use is not None and use.spec.kind == "branch"


def outside_needs(program: Program, function: Function) -> list[Spent]:
    """Keys of an enclosing scope that a function spends."""
    return [
        one._replace(renews=one.renews or renewed(program, function, one.origin))
        for one in spent_keys(program, function)
        if one.how != "fold" and one.origin.home is not None and one.origin.home is not function.flow
        and not isinstance(one.origin.root, v.Free)
    ]  # fmt: skip


def renewed(program: Program, function: Function, origin: Origin) -> bool:
    """`self.key, sub = split(self.key)`: the object holds a new key afterwards."""
    for store in function.flow.stores if origin.steps else ():
        if store.base is not None and store_step(store) in origin.steps:
            base = origin_of(program, store.base)
            if base.root is origin.root and (*base.steps, store_step(store)) == origin.steps[: len(base.steps) + 1]:
                return True
    return False


def always(function: Function, path: v.Path) -> bool:
    """Whether every run that comes to the function's end takes this path."""
    if not path:
        return True
    returns = function.flow.returns
    return bool(returns) and set(path) <= set(returns[-1].path)


# -- one call ----------------------------------------------------------------------------------------------------------


def _spent_by(program: Program, call: v.Call) -> Iterator[Spent]:
    if call.decorator:
        return
    func = call.func
    name = c.known_name(program, func)
    if name is not None:
        use = KEY_CONSUMERS.get(name)
        if use is not None:
            yield from of_library(program, call, use, name.rpartition(".")[2])
            return
        transform = c.transform_of(program, call)
        if transform is not None:
            if not transform.spec.wraps and transform.spec.kind not in NO_DRAW:
                yield from _handed(program, call, transform.functions, transform.spec.feeds, transform.spec.kind)
        elif name in HIGHER_ORDER:
            slots, feeds = HIGHER_ORDER[name]
            given = [(call.argument(s.position if s.position >= 0 else None, s.keyword or None), s) for s in slots]
            yield from _handed(program, call, tuple([(f, s) for f, s in given if f is not None]), feeds, "map")
        return
    made = single(program, func)
    if isinstance(made, v.Call):
        known = of_wrapped(program, call, made)
        if known is not None:
            yield from known
            return
    targets = c.targets(program, func)
    if not targets:
        yield from of_unknown(program, call)
        return
    yield from _of_targets(program, call, targets)
    if isinstance(func, v.Attr) and func.name == "apply" and any(target.skipped for target in targets):
        yield from of_unknown(program, call)  # Flax: `rngs=` is no parameter of `__call__`, but feeds what it draws


def _of_targets(program: Program, call: v.Call, targets: tuple[c.Target, ...]) -> Iterator[Spent]:
    found: dict[Hashable, list[Spent]] = {}
    for target in targets:
        if any(use.spec.kind in NO_DRAW for use in target.chain):
            continue
        for one in (*_of_parameters(program, call, target), *_of_closure(program, call, target)):
            found.setdefault((one.mark, one.same), []).append(one)
    for spent in found.values():
        yield spent[0] if len(spent) >= len(targets) else spent[0]._replace(sure=False)


def _of_parameters(program: Program, call: v.Call, target: c.Target) -> Iterator[Spent]:
    bound = bind(call, target)
    chosen = isinstance(v.settle(call.func), v.Param)
    for needs in needs_of(program, target.function):
        value = bound.get(needs.parameter)
        if value is None or value is target.receiver or isinstance(value, (v.Const, v.FunctionValue)):
            continue
        spread = next((use for use in target.chain if use.spec.kind in MAPS), None)
        expr = expression_of(call, target, needs.parameter)
        if expr is None and target.partials:
            expr = value.expr
        steps, same = needs.steps, ""
        if spread is not None:
            if by_position(call, value) is None or mapped(program, spread, by_position(call, value) or 0):
                steps = (EACH, *steps)
                same = "element" if repeated(program, value) else ""
            else:
                same = f"element of `{spread.short}`"
        origin = origin_of(program, value, steps)
        by = called(call) or target.function.name
        sure = needs.sure and not chosen
        sure = sure and not any(value in partial.parts() for partial in target.partials)
        renews = needs.spent.renews
        yield Spent(origin, call, expr, needs.spent.how, by, sure, call.path, None, None, needs.steps, same, renews)


def by_position(call: v.Call, value: v.Value) -> int | None:
    return next((index for index, argument in enumerate(call.args) if argument is value), None)


def _of_closure(program: Program, call: v.Call, target: c.Target) -> Iterator[Spent]:
    """A function that is called here spends keys of this scope, of one around it, or of the scope that made it."""
    flow = call.flow
    here: Function | None = flow.function
    around: list[Flow] = [flow.function.module.flow]
    while here is not None:
        around.append(here.flow)
        here = here.parent
    for one in outside_needs(program, target.function):
        home = one.origin.home
        origin = one.origin
        if home not in around:
            made = single(program, call.func)
            outer = c.targets(program, made.func) if isinstance(made, v.Call) else ()
            root = origin.root
            if len(outer) != 1 or not isinstance(root, v.Param) or outer[0].function is not root.function:
                continue
            given = bind(made, outer[0]).get(root.name)  # type: ignore[arg-type]
            if given is None:
                continue
            origin = origin_of(program, given, origin.steps)
        inner = one.inner or (one.call.flow, one.expr)
        sure = one.sure and always(target.function, one.path) and not picks_by_argument(program, target, one)
        yield Spent(origin, call, None, one.how, one.by, sure, call.path, None, inner, one.within, "", one.renews)


def picks_by_argument(program: Program, target: c.Target, one: Spent) -> bool:
    """`keys[i]` with an `i` that each call hands over: perhaps another key each time."""
    return any(
        isinstance(step.index, v.Value)
        and any(parameter.function is target.function for parameter in parameters_in(program, step.index))
        for step in one.origin.steps
    )


# -- functions that are handed over ------------------------------------------------------------------------------------


def _handed(
    program: Program, call: v.Call, functions: tuple[tuple[v.Value, Slot], ...], feeds: tuple[Feed, ...], kind: str
) -> Iterator[Spent]:
    """`scan(body, carry, xs)`, `cond(test, f, g, key)`, `tree.map(f, tree)`: what the functions spend is spent here."""
    found: dict[Hashable, Spent] = {}
    for value, slot in functions:
        if slot.host:
            continue
        for target in c.targets(program, value):
            for needs in needs_of(program, target.function):
                given = fed(call, target, feeds, needs.parameter)
                if given is None:
                    continue
                argument, steps = given
                if isinstance(argument, (v.Const, v.FunctionValue)):
                    continue
                origin = origin_of(program, argument, (*steps, *needs.steps))
                same = "element" if steps and repeated(program, argument) else ""
                one = Spent(
                    origin, call, written_argument(call, argument), needs.spent.how, needs.spent.by, needs.sure,
                    call.path, None, None, needs.steps, same,
                )  # fmt: skip
                found.setdefault(one.mark, one)
            for one in _of_closure(program, call, target):
                found.setdefault(one.mark, one if kind != "branch" else one._replace(sure=one.sure))
    yield from found.values()


def fed(call: v.Call, target: c.Target, feeds: tuple[Feed, ...], parameter: str) -> tuple[v.Value, Steps] | None:
    """Which argument of the call a parameter of the handed function gets, and whether one item of it at a time."""
    names = [p.name for p in target.function.all_parameters if p.kind == "positional"]
    names = names[(1 if target.receiver is not None else 0) + sum([len(p.args) - 1 for p in target.partials]) :]
    if parameter not in names:
        return None
    index = names.index(parameter)
    for number, feed in enumerate(feeds):
        if feed.how == "operands" and index >= number:
            argument = call.argument(feed.position + index - number, feed.keyword or None)
        elif number == index:
            argument = call.argument(feed.position if feed.position >= 0 else None, feed.keyword or None)
        else:
            continue
        return (argument, (EACH,) if feed.how == "element" else ()) if argument is not None else None
    return None
