"""Where a function spends random keys: by drawing, by splitting, or by handing them to something that does."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import facts
from jaxaudit.source import values as v
from jaxaudit.source.flow import Loop
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.random_keys import (
    KEY_CONSUMERS,
    KEY_MAKERS,
    KEY_METHODS,
    KEY_NEUTRAL,
    KEYLESS_INITIALIZERS,
    KeyUse,
)
from jaxaudit.source.program import Function, Program


class Spent(NamedTuple):
    """One use of a key: `mark` tells which key it is, `how` is "draw", "split" or "fold" (then `data` tells with what).

    `by` is what uses it, in the words of the source; `sure` is False where it may not draw after all.
    """

    mark: Hashable
    value: v.Value
    call: v.Call
    expr: Any
    how: str
    by: str
    sure: bool
    data: Hashable = None

    @property
    def name(self) -> str:
        return facts.text(self.expr, 40) if self.expr is not None else "the key"

    @property
    def line(self) -> int:
        return facts.start(self.call.expr)[0]


def follow_key_users(program: Program) -> None:
    """Follows the units that name a sampler or a maker of keys."""
    if "key users" not in program.memo:
        program.memo["key users"] = True
        for module, unit in program.units_applying([*KEY_CONSUMERS, *KEY_MAKERS]):
            program.graph.link_unit(module, unit)


def spent_keys(program: Program, function: Function) -> list[Spent]:
    """Every use of a key in a function's own body, in order."""
    key = program.keys["spent keys"]
    found = function.memo.get(key)
    if found is None:
        function.memo[key] = []
        found = [one for call in function.flow.calls for one in _spent_by(program, call)]
        function.memo[key] = found
    return found


def spent_parameters(program: Program, function: Function) -> dict[str, Spent]:
    """The parameters of which a function spends the key that it is given."""
    out: dict[str, Spent] = {}
    for one in spent_keys(program, function):
        if isinstance(one.value, v.Param) and one.value.function is function and one.how != "fold":
            known = out.get(one.value.name)
            if known is None or (one.sure and not known.sure):
                out[one.value.name] = one._replace(sure=one.sure and not one.call.path)
    return out


def _spent_by(program: Program, call: v.Call) -> list[Spent]:
    if call.decorator:
        return []
    name = c.known_name(program, call.func)
    if name is not None:
        use = KEY_CONSUMERS.get(name)
        if use is not None:
            found = _at(program, call, use, name.rpartition(".")[2] if name.startswith("jax.random.") else name)
            return [found] if found is not None else []
        return []
    func = call.func
    if isinstance(func, v.Attr) and not c.targets(program, func):
        return _spent_by_method(program, call, func)
    out: list[Spent] = []
    for target in c.targets(program, func):
        if target.function in (call.flow.function,) or any(u.spec.kind == "shape" for u in target.chain):
            continue
        if not target.partials:
            bound = c.bind(call, target)
            for parameter, inner in spent_parameters(program, target.function).items():
                value = bound.get(parameter)
                if value is not None and value is not target.receiver:
                    expr = expression_of(call, target, parameter)
                    mark = mark_of(program, value)
                    out.append(Spent(mark, value, call, expr, inner.how, target.function.name, inner.sure))
        out += _closed_over(program, call, target.function)
    return out


def _closed_over(program: Program, call: v.Call, function: Function) -> list[Spent]:
    """A nested function that is called here spends keys of this scope."""
    out = []
    if function.parent is not None and function.parent is call.flow.function:
        for one in spent_keys(program, function):
            value = one.value
            if isinstance(value, v.Free) and value.home is call.flow and len(value.values()) == 1:
                mark = mark_of(program, value.values()[0])
                out.append(Spent(mark, value.values()[0], call, one.expr, one.how, function.name, one.sure))
    return out


def _spent_by_method(program: Program, call: v.Call, func: v.Attr) -> list[Spent]:
    for use in KEY_METHODS.get(func.name, ()):
        value = call.argument(use.position if use.position >= 0 else None, use.keyword or None)
        if value is not None and kind_of(program, value).what == "key":
            found = _at(program, call, use, f".{func.name}")
            return [found] if found is not None else []
    made = v.settle(func.base)
    if c.known_name(program, made) in KEYLESS_INITIALIZERS:
        return []
    return []


def _at(program: Program, call: v.Call, use: KeyUse, by: str) -> Spent | None:
    if use.use == "look":
        return None
    value = call.argument(use.position if use.position >= 0 else None, use.keyword or None)
    if value is None or isinstance(value, v.Const):
        return None
    expr = argument_expression(call, use.position, use.keyword)
    data: Hashable = None
    if use.use == "fold":
        other = call.argument(1, "data")
        data = None if other is None else mark_of(program, other)
    return Spent(mark_of(program, value), value, call, expr, use.use, by, use.sure, data)


def argument_expression(call: v.Call, position: int, keyword: str) -> Any:
    """The expression of an argument as written."""
    if call.expr is None or call.expr[0] != "c":
        return None
    for key, expr in call.expr[3]:
        if key == keyword and keyword:
            return expr
    if 0 <= position < len(call.expr[2]):
        return call.expr[2][position]
    return None


def expression_of(call: v.Call, target: c.Target, parameter: str) -> Any:
    names = [p.name for p in target.function.all_parameters if p.kind == "positional"]
    shift = 1 if target.receiver is not None else 0
    position = names.index(parameter) - shift if parameter in names else -1
    return argument_expression(call, position, parameter)


def mark_of(program: Program, value: v.Value, depth: int = 0) -> Hashable:
    """Which key a value is: equal marks are one key, however often it was read, indexed or passed through a container."""
    if depth > 12:
        return id(value)
    below = depth + 1
    if isinstance(value, v.Const):
        return ("constant", type(value.value).__name__, repr(value.value))
    if isinstance(value, v.Free):
        found = value.values()
        if len(found) == 1 and not isinstance(found[0], v.Free):
            return mark_of(program, found[0], below)
        return ("free", id(value.home), value.name)
    if isinstance(value, v.Attr):
        return ("attribute", mark_of(program, value.base, below), value.name)
    if isinstance(value, v.Elem):
        return ("each", mark_of(program, value.iterable, below), id(value.loop) if _is_range(program, value) else None)
    if isinstance(value, v.Item):
        element = _zipped(program, value)
        if element is not None:
            return ("each", mark_of(program, element, below), None)
        if isinstance(value.index, v.Const):
            return ("item", mark_of(program, value.base, below), repr(value.index.value))
        return ("item", mark_of(program, value.base, below), mark_of(program, value.index, below))
    if isinstance(value, v.Call) and c.known_name(program, value.func) in KEY_NEUTRAL and value.args:
        return mark_of(program, value.args[0], below)
    return id(value)


def _is_range(program: Program, elem: v.Elem) -> bool:
    source = v.settle(elem.iterable)
    return isinstance(source, v.Call) and c.known_name(program, source.func) == "builtins.range"


def _zipped(program: Program, item: v.Item) -> v.Value | None:
    """`for key, x in zip(keys, xs)`: the list that this name runs over."""
    if not isinstance(item.base, v.Elem) or not isinstance(item.index, v.Const):
        return None
    source = v.settle(item.base.iterable)
    if not isinstance(source, v.Call):
        return None
    name, index = c.known_name(program, source.func), item.index.value
    if name == "builtins.zip" and type(index) is int and 0 <= index < len(source.args):
        return source.args[index]
    if name == "builtins.enumerate" and index == 1 and source.args:
        return source.args[0]
    return None


def varies(program: Program, value: v.Value, loop: Loop, depth: int = 0) -> bool:
    """Whether a value may be another one in each turn of a loop."""
    if depth > 16:
        return True
    if isinstance(value, (v.Param, v.Const, v.External, v.FunctionValue)):
        return False
    if isinstance(value, v.Free):
        return any(varies(program, x, loop, depth + 1) for x in value.values())
    if isinstance(value, v.Elem):
        return value.loop is loop or varies(program, value.iterable, loop, depth + 1)
    if isinstance(value, v.Carried):
        return value.loop is loop or any(varies(program, x, loop, depth + 1) for x in value.parts())
    if isinstance(value, v.Call):
        if loop in value.loops:
            maker = c.known_name(program, value.func)
            if maker in KEY_MAKERS or maker in KEY_NEUTRAL or (maker or "").startswith("jax.random."):
                return any(varies(program, a, loop, depth + 1) for a in value.args)
            return True
        return False
    if isinstance(value, v.Attr):
        stored = any(s.kind == "attribute" and s.name == value.name and loop in s.loops for s in loop.flow.stores)
        return stored or varies(program, value.base, loop, depth + 1)
    if isinstance(value, v.Unknown):
        return True
    return any(varies(program, part, loop, depth + 1) for part in value.parts())


def exclude(first: v.Path, second: v.Path) -> bool:
    """Whether only one of two places is reached in one run of the function."""
    arms = dict(first)
    for branch, arm in second:
        if branch in arms and arms[branch] != arm:
            return True
        for other, other_arm in first:
            if other is not branch and _opposite(other, other_arm, branch, arm):
                return True
    return False


def _opposite(one: Any, one_arm: int, two: Any, two_arm: int) -> bool:
    """`if a: ...` and later `if not a: ...`, or `if a:` twice with different arms."""
    if one.test is None or two.test is None or one.kind not in ("if", "ifexp") or two.kind not in ("if", "ifexp"):
        return False
    first, negated_first = _plain_test(one.test)
    second, negated_second = _plain_test(two.test)
    same = first is second or (
        first.expr is not None
        and second.expr is not None
        and first.__class__ in (v.Attr, v.Op, v.Free, v.Param)
        and facts.text(first.expr, 400) == facts.text(second.expr, 400)
    )
    return same and ((one_arm == two_arm) if negated_first != negated_second else (one_arm != two_arm))


def _plain_test(test: v.Value) -> tuple[v.Value, bool]:
    negated = False
    while isinstance(test, v.Op) and test.name == "Not":
        test, negated = test.operands[0], not negated
    return test, negated
