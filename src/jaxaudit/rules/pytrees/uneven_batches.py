"""Batches cut from an array whose length is no multiple of theirs: the last one is shorter."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.rules.pytrees.argument_kinds import alternatives
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.classes import classes_of, method_of
from jaxaudit.source.events import Loop
from jaxaudit.source.knowledge.contexts import PROGRESS
from jaxaudit.source.numbers import length_of, number
from jaxaudit.source.provenance import elements

if TYPE_CHECKING:
    from jaxaudit.source.callgraph import Edge
    from jaxaudit.source.flow import Flow
    from jaxaudit.source.program import Program
    from jaxaudit.source.sites import Site

DEEPEST = 8
SAME_ROWS = frozenset(
    {"asarray", "array", "ascontiguousarray", "copy", "device_put", "float32", "int32", "expand_dims"}
)
SAME_ROWS_METHODS = frozenset({"astype", "copy", "block_until_ready"})
_ARITHMETIC = frozenset({"Add", "Sub", "Mult", "Div", "FloorDiv", "Mod", "Pow", "MatMult", "USub"})
Given = dict[tuple[int, str], v.Value]
"""What parameters get in the call that is looked through."""


class Uneven(NamedTuple):
    """A parameter that gets `most` rows in each turn of a loop and `last` in the last one; `total` in all."""

    param: str
    edge: Edge
    loop: Loop
    most: int
    last: int
    total: int
    sure: bool


class Batch(NamedTuple):
    """One value that the loop hands over, and where it is cut: in the loop itself, or in a generator."""

    value: v.Value
    given: Given
    flow: Flow | None
    loop: Loop | None


def uneven_batches(program: Program, site: Site, edge: Edge) -> Iterator[Uneven]:
    """Traced parameters whose number of rows differs in the last turn."""
    traced = set(site.traced_parameters())
    for name, value in bind(edge.call, edge.target).items():
        if name not in traced:
            continue
        for option in alternatives(program, value)[:4] if isinstance(value, v.Param) else (value,):
            found = next((u for b in behind(program, option, {}) for u in _of_batch(program, edge, name, b)), None)
            if found is not None:
                yield found
                break


def behind(program: Program, value: v.Value, given: Given, depth: int = 0) -> Iterator[Batch]:
    """The values that an element of a loop stands for: what a generator yields, items of what is written out."""
    if depth > DEEPEST:
        return
    if isinstance(value, v.Item) and isinstance(value.index, v.Const) and type(value.index.value) is int:
        if isinstance(value.base, v.Elem) and _progress(program, value.base.iterable) == "enumerate":
            if value.index.value == 1:
                yield from _of_element(program, value.base, given, depth)
            return
        for batch in behind(program, value.base, given, depth + 1):
            whole = v.settle(batch.value)
            if isinstance(whole, v.Sequence) and value.index.value < len(whole.items):
                yield batch._replace(value=whole.items[value.index.value])
        if isinstance(value.base, (v.Elem, v.Item)):
            return
    if isinstance(value, v.Elem):
        yield from _of_element(program, value, given, depth)
        return
    yield Batch(value, given, value.flow, None)


def _of_element(program: Program, elem: v.Elem, given: Given, depth: int) -> Iterator[Batch]:
    source = v.settle(elem.iterable)
    while isinstance(source, v.Call) and source.args and _progress(program, source):
        source = v.settle(source.args[0])
    if isinstance(source, v.Call):
        name = c.known_name(program, source.func) or ""
        if name.endswith(".array_split") and name.startswith(("numpy.", "jax.numpy.")):
            yield Batch(source, given, source.flow, elem.loop)
            return
        for target in c.targets(program, source.func)[:2]:
            flow = target.function.flow
            if flow.yields and not target.chain:
                inner = {(id(target.function), name): one for name, one in bind(source, target).items()}
                for value in flow.yields[:4]:
                    yield Batch(value, {**given, **inner}, flow, elem.loop)
    for cls in classes_of(program, source)[:1]:
        method = method_of(program, cls, "__iter__")
        if method is not None:
            for value in method.flow.yields[:4]:
                yield Batch(value, given, method.flow, elem.loop)
    if isinstance(source, v.Call):
        return
    for one in elements(program, source)[:4]:
        yield from behind(program, one, given, depth + 1)


def _progress(program: Program, value: v.Value) -> str:
    """`enumerate(xs)`, `tqdm(xs)`: the same elements."""
    value = v.settle(value)
    name = (c.known_name(program, value.func) or "") if isinstance(value, v.Call) else ""
    return name.rpartition(".")[2] if PROGRESS.get(name) == 0 else ""


# -- the rows of the first turn and of the last ------------------------------------------------------------------------


def _of_batch(program: Program, edge: Edge, name: str, batch: Batch) -> Iterator[Uneven]:
    value, flow = batch.value, batch.flow
    if isinstance(value, v.Call) and batch.loop is not None and flow is not None:  # for part in np.array_split(x, 7)
        total = length_of(program, value.args[0]) if len(value.args) > 1 else None
        parts = number(program, value.args[1]) if len(value.args) > 1 else None
        if type(total) is int and type(parts) is int and 0 < parts < total and total % parts:
            sure = len(edge.call.path) <= len(batch.loop.path)
            yield Uneven(name, edge, batch.loop, total // parts + 1, total // parts, total, sure)
            return
    for counter in _counters(program, value, batch.given):
        turns = _turns(program, counter, batch.given)
        loop = batch.loop or counter.loop
        if turns is None or len(turns) < 2 or loop not in edge.call.loops:
            continue
        rows = Rows(program, counter, batch.given, turns)
        first, last = rows.of(value, turns[0]), rows.of(value, turns[-1])
        if first is None or last is None or first == last:
            continue
        guarded = len(edge.call.path) > len(loop.path) or (
            flow is not None and any(counter.loop in test.loops and test.kind != "while" for test in flow.tests)
        )
        yield Uneven(name, edge, loop, first, last, rows.total, not guarded and not rows.guessed)


def _counters(program: Program, value: v.Value, given: Given, depth: int = 0) -> list[v.Elem | v.Carried]:
    """The loop counters that a slice is made of."""
    if depth > DEEPEST:
        return []
    if isinstance(value, v.Elem):
        source = v.settle(value.iterable)
        while isinstance(source, v.Call) and source.args and _progress(program, source):
            source = v.settle(source.args[0])
        known = c.known_name(program, source.func) if isinstance(source, v.Call) else None
        return [value] if known == "builtins.range" else []
    if isinstance(value, v.Carried):
        return [value] if value.loop.test is not None else []
    if isinstance(value, v.Param):
        inner = given.get((id(value.function), value.name))
        return _counters(program, inner, given, depth + 1) if inner is not None else []
    if isinstance(value, v.Free):
        settled = v.settle(value)
        return _counters(program, settled, given, depth + 1) if settled is not value else []
    found: dict[int, v.Elem | v.Carried] = {}
    for part in value.parts() if isinstance(value, _MADE_OF) else ():
        for one in _counters(program, part, given, depth + 1):
            found[id(one)] = one
    return list(found.values())


_MADE_OF = (v.Item, v.Sequence, v.Mapping, v.Op, v.Call, v.Attr, v.Comprehension)


def _turns(program: Program, counter: v.Elem | v.Carried, given: Given) -> range | None:
    """What a counter takes: `range(0, n, b)`, or `while i < n: ...; i += b`."""
    if isinstance(counter, v.Carried):
        parts = _while(counter)
    else:
        source = v.settle(counter.iterable)
        while isinstance(source, v.Call) and c.known_name(program, source.func) != "builtins.range" and source.args:
            source = v.settle(source.args[0])
        parts = source.args if isinstance(source, v.Call) else ()
    rows = Rows(program, counter, given, range(0))
    known = [rows.number(part, None) for part in parts]
    if not known or any(type(k) is not int for k in known) or (len(known) == 3 and not known[2]):
        return None
    return range(*known)


def _while(counter: v.Carried) -> tuple[v.Value, ...]:
    test, after = counter.loop.test, counter.after
    if not isinstance(test, v.Op) or test.name != "Lt" or test.operands[0] is not counter or counter.before is None:
        return ()
    if not isinstance(after, v.Op) or after.name != "Add" or after.operands[0] is not counter:
        return ()
    return (counter.before, test.operands[1], after.operands[1])


class Rows:
    """How many rows a value has in one turn of the loop that its counter counts."""

    def __init__(self, program: Program, counter: v.Value, given: Given, turns: range) -> None:
        self.program = program
        self.counter = counter
        self.given = given
        self.turns = turns
        self.total = 0
        self.guessed = False
        """Whether the length of what is cut was taken from the loop's own bound."""

    def of(self, value: v.Value, turn: int, depth: int = 0) -> int | None:
        value = v.settle(value)
        if depth > DEEPEST:
            return None
        if isinstance(value, v.Param):
            inner = self.given.get((id(value.function), value.name))
            return None if inner is None else self.of(inner, turn, depth + 1)
        if isinstance(value, v.Item):
            return self._of_item(value, turn, depth)
        if isinstance(value, v.Call):
            return self._of_call(value, turn, depth)
        if isinstance(value, v.Op) and value.name in _ARITHMETIC:
            found = [self.of(one, turn, depth + 1) for one in value.operands]
            return next((one for one in found if one is not None), None)
        if isinstance(value, (v.Mapping, v.Sequence, v.Comprehension)) and getattr(value, "kind", "") != "slice":
            found = [self.of(one, turn, depth + 1) for one in value.parts()]
            return next((one for one in found if one is not None), None)
        return None

    def _of_item(self, item: v.Item, turn: int, depth: int) -> int | None:
        index = item.index
        if isinstance(index, v.Sequence) and index.kind == "tuple" and index.items:
            index = index.items[0]
        if not isinstance(index, v.Sequence) or index.kind != "slice":
            return None if isinstance(index, v.Const) else self.of(index, turn, depth + 1)
        bounds = [None if isinstance(p, v.Const) and p.value is None else self.number(p, turn) for p in index.items]
        told = [isinstance(p, v.Const) or type(b) is int for p, b in zip(index.items, bounds)]
        if not all(told) or bounds[2:] == [0]:
            return None
        length = self._length(item.base)
        if length is None:
            if self.turns.step < 2 or self.turns.start != 0:
                return None
            length, self.guessed = self.turns.stop, True
        self.total = length
        return len(range(*slice(*bounds).indices(length)))

    def _of_call(self, call: v.Call, turn: int, depth: int) -> int | None:
        name = c.known_name(self.program, call.func)
        if name is not None:
            module, _, short = name.rpartition(".")
            if name == "jax.tree.map" and call.args:
                inside = [r.value for t in c.targets(self.program, call.args[0]) for r in t.function.flow.returns]
                return self.of(inside[0], turn, depth + 1) if len(inside) == 1 else None
            if short == "take" and len(call.args) > 1 and module in ("numpy", "jax.numpy"):
                return self.of(call.args[1], turn, depth + 1)
            same = short in SAME_ROWS and module in ("numpy", "jax.numpy", "jax") and call.args
            return self.of(call.args[0], turn, depth + 1) if same else None
        if isinstance(call.func, v.Attr) and call.func.name in SAME_ROWS_METHODS:
            return self.of(call.func.base, turn, depth + 1)
        targets = c.targets(self.program, call.func)
        if len(targets) != 1 or targets[0].chain or len(targets[0].function.flow.returns) != 1:
            return None
        function = targets[0].function
        inner = {(id(function), name): one for name, one in bind(call, targets[0]).items()}
        outside, self.given = self.given, {**self.given, **inner}
        try:
            return self.of(function.flow.returns[0].value, turn, depth + 1)
        finally:
            self.given = outside

    def _length(self, value: v.Value) -> int | None:
        for _ in range(DEEPEST):
            if not isinstance(value, v.Param) or (id(value.function), value.name) not in self.given:
                break
            value = self.given[id(value.function), value.name]
        return length_of(self.program, value)

    def number(self, value: v.Value, turn: int | None, depth: int = 0) -> Any:
        """A number in this turn; None where it is not known."""
        value = v.settle(value)
        if value is self.counter:
            return turn
        if depth > DEEPEST:
            return None
        if isinstance(value, v.Param):
            inner = self.given.get((id(value.function), value.name))
            return number(self.program, value) if inner is None else self.number(inner, turn, depth + 1)
        if isinstance(value, v.Op) and len(value.operands) == 2:
            left, right = (self.number(one, turn, depth + 1) for one in value.operands)
            return _combined(value.name, left, right)
        if isinstance(value, v.Item) and isinstance(value.base, v.Attr) and value.base.name == "shape":
            first = isinstance(value.index, v.Const) and value.index.value == 0
            return self._length(value.base.base) if first else number(self.program, value)
        if isinstance(value, v.Call) and value.args:
            name = c.known_name(self.program, value.func)
            if name == "builtins.len":
                return self._length(value.args[0])
            if name in ("builtins.min", "builtins.int", "math.ceil", "numpy.ceil"):
                parts = [self.number(one, turn, depth + 1) for one in value.args]
                if any(type(p) not in (int, float) for p in parts):
                    return None
                return min(parts) if name == "builtins.min" else _WHOLE[name](parts[0])
        return number(self.program, value)


_WHOLE: dict[str, Callable[[float], int]] = {"builtins.int": int, "math.ceil": math.ceil, "numpy.ceil": math.ceil}


def _combined(operator: str, left: Any, right: Any) -> Any:
    if type(left) not in (int, float) or type(right) not in (int, float):
        return None
    if operator == "Add":
        return left + right
    if operator == "Sub":
        return left - right
    if operator == "Mult":
        return left * right
    if right and operator in ("FloorDiv", "Div", "Mod"):
        return {"FloorDiv": left // right, "Div": left / right, "Mod": left % right}[operator]
    return None
