"""Where a value comes from: names, items, loops, attributes and the project's own functions, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jaxaudit.source import arguments, calls, classes
from jaxaudit.source import values as v

if TYPE_CHECKING:
    from jaxaudit.source.program import Program


def single(program: Program, value: v.Value) -> v.Value:
    """The one value behind names and attributes, or the value itself when there may be several."""
    for _ in range(v.DEEPEST):
        if value.__class__ in _SINGLE:
            found = expand(program, value)
            if len(found) != 1:
                return value
            value = found[0]
        else:
            return value
    return value


_SINGLE = frozenset({v.Free, v.Imported, v.Phi, v.Left, v.Attr, v.Item})


def expand(program: Program, value: v.Value) -> tuple[v.Value, ...]:
    """One step towards where a value comes from: what the name, item or attribute may stand for. () at a root."""
    step = _STEPS.get(value.__class__)
    return () if step is None else step(program, value)


_STEPS: dict[type, Callable[[Program, Any], tuple[v.Value, ...]]] = {
    v.Free: lambda program, value: value.values(),
    v.Phi: lambda program, value: value.options,
    v.Carried: lambda program, value: value.parts(),
    v.Left: lambda program, value: value.parts(),
    v.Imported: lambda program, value: value.parts(),
    v.Attr: lambda program, value: classes.attribute_values(program, value),
    v.Item: lambda program, value: _item_values(program, value),
    v.Elem: lambda program, value: elements(program, value.iterable),
}


SPREADS = 3
"""So many dicts are followed that are spread into others; in a loop a dict may be spread into itself."""


def _item_values(program: Program, item: v.Item) -> tuple[v.Value, ...]:
    memo = item.memo
    if memo is None:
        memo = item.memo = {}
    key = program.keys["values"]
    known: tuple[v.Value, ...] | None = memo.get(key)
    if known is not None:
        return known
    memo[key] = ()
    index = item.index.value if isinstance(item.index, v.Const) else None
    out: list[v.Value] = []
    if isinstance(item.base, v.Elem):
        out += _item_of_element(program, item.base, index)
    else:
        for base in roots(program, item.base):
            out += _pick(program, base, index)
    memo[key] = known = tuple(out)
    return known


def _pick(program: Program, base: v.Value, index: object, depth: int = 0) -> list[v.Value]:
    if isinstance(base, v.Sequence):
        items = base.items
        if any(isinstance(i, v.Star) for i in items):
            return []
        if type(index) is int:
            return [items[index]] if -len(items) <= index < len(items) else []
        return list(items)
    if isinstance(base, v.Mapping):
        found = base.get(index) if index is not None else None
        if found is not None:
            return [found]
        parts = [x for k, x in base.pairs if k is None] if depth < SPREADS else []  # {**defaults, ...}
        inside = [one for x in parts for root in roots(program, x) for one in _pick(program, root, index, depth + 1)]
        return [*inside, *[x for k, x in base.pairs if k is not None and not isinstance(k, v.Const)]]
    if isinstance(base, v.Call) and type(index) is str:
        named = arguments.written_keywords(program, base).get(index)
        return [] if named is None else [named]
    if isinstance(base, v.Comprehension):
        return [base.element]
    return []


def _item_of_element(program: Program, elem: v.Elem, index: object) -> list[v.Value]:
    """`for a, b in zip(xs, ys)`, `enumerate(xs)`, `d.items()`, or a list of tuples."""
    source = v.settle(elem.iterable)
    if isinstance(source, v.Call) and type(index) is int:
        name = calls.known_name(program, source.func)
        args = source.args
        if name in ("builtins.zip", "itertools.product") and 0 <= index < len(args):
            return list(elements(program, args[index])) or [v.Elem(args[index], elem.loop, elem.expr, elem.flow)]
        if name == "builtins.enumerate" and args:
            if index == 1:
                return list(elements(program, args[0])) or [v.Elem(args[0], elem.loop, elem.expr, elem.flow)]
            return []
    out: list[v.Value] = []
    for element in elements(program, elem.iterable):
        for root in roots(program, element):
            out += _pick(program, root, index)
    return out


def elements(program: Program, iterable: v.Value) -> tuple[v.Value, ...]:
    """The values that a loop over this takes, where they are written out."""
    memo = iterable.memo
    if memo is None:
        memo = iterable.memo = {}
    key = program.keys["elements"]
    if key not in memo:
        memo[key] = ()
        memo[key] = tuple(_elements(program, iterable))
    return memo[key]


def _elements(program: Program, iterable: v.Value) -> list[v.Value]:
    out: list[v.Value] = []
    for root in roots(program, iterable):
        if isinstance(root, v.Sequence):
            out += [i for i in root.items if not isinstance(i, v.Star)]
        elif isinstance(root, v.Comprehension):
            out.append(root.element)
        elif isinstance(root, v.Mapping):
            out += [k for k, _ in root.pairs if k is not None]
        elif isinstance(root, v.Call):
            func = root.func
            name = calls.known_name(program, func)
            if name in ("builtins.list", "builtins.tuple", "builtins.sorted", "builtins.reversed") and root.args:
                out += elements(program, root.args[0])
            elif isinstance(func, v.Attr) and func.name in ("values", "keys"):
                for base in roots(program, func.base):
                    if isinstance(base, v.Mapping):
                        out += [x if func.name == "values" else k for k, x in base.pairs if k is not None]
    return out


def roots(program: Program, value: v.Value, depth: int = 0) -> tuple[v.Value, ...]:
    """Where a value comes from, names, items, attributes and the project's own functions followed; callers are not."""
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    key = program.keys["roots"]
    found: tuple[v.Value, ...] | None = memo.get(key)
    if found is not None:
        return found
    memo[key] = (value,)
    steps = expand(program, value)
    if not steps and isinstance(value, v.Call):
        steps = returned(program, value)
    if not steps or depth > v.DEEPEST:
        if depth > v.DEEPEST:
            del memo[key]
        return (value,)
    out: dict[int, v.Value] = {}
    for step in steps:
        for root in roots(program, step, depth + 1):
            out[id(root)] = root
    memo[key] = found = tuple(out.values())
    return found


def returned(program: Program, call: v.Call) -> tuple[v.Value, ...]:
    """What a call of the project's own untransformed function may return, as that function sees it."""
    out: list[v.Value] = []
    for target in calls.targets(program, call.func):
        if target.function.name == "__init__" or any(u.spec.wraps and u.spec.kind != "jit" for u in target.chain):
            return ()
        if target.function.is_async or target.function.flow.yields or target.skipped:
            return ()  # Flax's `apply` may return changed variables beside the result
        out += [r.value for r in target.function.flow.returns]
    return tuple(out)
