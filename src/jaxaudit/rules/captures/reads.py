"""What a function reads: each name with the attributes and items that follow it, and what takes the value."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.source import values as v
from jaxaudit.source.knowledge.array_values import STATIC_ATTRIBUTES
from jaxaudit.source.scopes import Function


class Read(NamedTuple):
    """`model.layers[0].weight` handed to `call`: base `model` (a Free, Param or class), steps from the base outwards.

    `how`: "argument", "called" (the last step is then often a method), "iterated" by a Python loop, or "operand".
    """

    base: v.Value
    steps: tuple[v.Value, ...]
    call: v.Call | None
    how: str

    @property
    def whole(self) -> v.Value:
        return self.steps[-1] if self.steps else self.base


def reads(function: Function) -> tuple[Read, ...]:
    """Everything that a function reads of parameters and of names around it, shapes and dtypes left out."""
    found = function.memo.get("captures.reads")
    if found is None:
        found = function.memo["captures.reads"] = tuple(_Reader().of(function))
    return found


class _Reader:
    def __init__(self) -> None:
        self.seen: set[tuple[int, int]] = set()

    def of(self, function: Function) -> Iterator[Read]:
        flow = function.flow
        for call in flow.calls:
            if call.decorator:
                continue
            yield from self.visit(call.func, call, "called")
            for value in call.args:
                yield from self.visit(value, call, "argument")
            for _, value in call.kwargs:
                yield from self.visit(value, call, "argument")
        for returned in flow.returns:
            yield from self.visit(returned.value, None, "operand")
        for store in flow.stores:
            yield from self.visit(store.value, None, "operand")
        for value in flow.yields:
            yield from self.visit(value, None, "operand")
        for loop in flow.loops:
            if loop.iterable is not None:
                yield from self.visit(loop.iterable, None, "iterated")

    def visit(self, value: v.Value, call: v.Call | None, how: str) -> Iterator[Read]:
        waiting = [(value, how)]
        while waiting:
            value, how = waiting.pop()
            kind = value.__class__
            if kind in _ENDS:
                continue
            key = (id(value), id(call) if how != "operand" else 0)
            if key in self.seen:
                continue
            self.seen.add(key)
            if kind is v.Free or kind is v.Param:
                yield Read(value, (), call, how)
            elif kind is v.Attr or kind is v.Item:
                steps: list[v.Value] = []
                base = value
                while base.__class__ in (v.Attr, v.Item):
                    if base.__class__ is v.Attr and base.name in STATIC_ATTRIBUTES:
                        steps.clear()  # x.shape[0]: what stands before is not read as a value
                        base = _NOTHING
                        break
                    if base.__class__ is v.Item:
                        waiting.append((base.index, "operand"))
                    steps.append(base)
                    base = base.base
                if base.__class__ in (v.Free, v.Param, v.ClassValue):
                    yield Read(base, tuple(reversed(steps)), call, how)
                elif base is not _NOTHING:
                    waiting.append((base, "operand"))
            else:
                inner = how if kind in _PASSES else "operand"
                waiting += [(part, inner) for part in value.parts()]


_NOTHING = v.Unknown()
_ENDS = frozenset({v.Call, v.FunctionValue, v.ClassValue, v.External, v.ModuleValue, v.Const, v.Unknown})
_PASSES = frozenset({v.Star, v.Phi, v.Carried, v.Left, v.Sequence, v.Mapping})
