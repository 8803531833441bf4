"""One use of a key, and the words in which the source writes it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from jaxaudit.rules.random_numbers.key_origins import Origin, Step, Steps
from jaxaudit.source import calls as c
from jaxaudit.source import facts
from jaxaudit.source import values as v
from jaxaudit.source.flow import Flow


def written_item(expr: Any, step: Step) -> Any:
    """The `b` of `(a, b, c)[1]`; None where which item it is does not stand there."""
    mark = step.mark[1] if isinstance(step.mark, tuple) and len(step.mark) > 1 and step.index is None else ""
    items = expr[2]
    if not isinstance(mark, str) or not mark.isdigit() or int(mark) >= len(items) or any(i[0] == "*" for i in items):
        return None
    return items[int(mark)]


class Spent(NamedTuple):
    """One use of a key: `origin` tells which key it is, `how` is "draw", "split" or "fold" (then `data` tells with what).

    `by` is what uses it, in the words of the source; `sure` is False where it may not draw after all. `path` is where it
    stands, `inner` the expression (and its scope) where a nested function draws from a key of this scope. `same` says that
    one call makes many equal draws, and of what; `renews` that the place which holds the key has a new one afterwards.
    """

    origin: Origin
    call: v.Call
    expr: Any
    how: str
    by: str
    sure: bool
    path: v.Path
    data: Hashable = None
    inner: tuple[Flow, Any] | None = None
    within: Steps = ()
    same: str = ""
    renews: bool = False

    @property
    def mark(self) -> Hashable:
        return self.origin.mark

    @property
    def name(self) -> str:
        """The key in the words of the source."""
        expr = self.inner[1] if self.inner is not None else self.expr
        if expr is None:
            return "the key"
        steps = self.within
        while steps and expr[0] == "T" and (item := written_item(expr, steps[0])) is not None:
            expr, steps = item, steps[1:]
        shown = facts.text(expr, 40)
        for step in steps:
            if isinstance(step.mark, tuple):
                shown += step.mark[0] if len(step.mark) == 1 else f"[{step.mark[1] if step.index is None else '...'}]"
        return shown

    @property
    def flow(self) -> Flow:
        return self.inner[0] if self.inner is not None else self.call.flow

    @property
    def shown(self) -> Any:
        """The expression to point at."""
        expr = self.inner[1] if self.inner is not None else self.expr
        return expr if expr is not None else self.call.expr

    @property
    def line(self) -> int:
        return facts.start(self.shown)[0]


def comes_from(value: v.Value, call: v.Call, depth: int = 0) -> bool:
    if value is call:
        return True
    return depth < 8 and any(comes_from(part, call, depth + 1) for part in value.parts())


def called(call: v.Call) -> str:
    """What a call calls, as it is written: `self.noise`, `sample`."""
    expr = call.expr[1] if call.expr is not None and call.expr[0] == "c" else None
    return facts.text(expr, 30) if expr is not None and expr[0] in ("n", ".") else ""


def written_argument(call: v.Call, value: v.Value) -> Any:
    """The expression of an argument as written, found by its value."""
    if call.expr is None or call.expr[0] != "c":
        return None
    for argument, expr in zip(call.args, call.expr[2]):
        if argument is value:
            return expr
    for (_, argument), (_, expr) in zip(call.kwargs, call.expr[3]):
        if argument is value:
            return expr
    return None


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
    shift = (1 if target.receiver is not None else 0) + sum([len(p.args) - 1 for p in target.partials])
    position = names.index(parameter) - shift if parameter in names else -1
    return argument_expression(call, position, parameter)
