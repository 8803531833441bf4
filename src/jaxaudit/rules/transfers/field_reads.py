"""Reads of an object's field after a call: `self.field`, which each read names anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxaudit.rules.transfers.donations import STILL_READABLE, excludes
from jaxaudit.source import values as v
from jaxaudit.source.facts import start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxaudit.source.flow import Flow

MOST = 200


def field_read_later(call: v.Call, field: v.Attr) -> v.Attr | None:
    """The first read of the same field below the call, on a path that the call is on too, while nothing may have
    rebound it: no store to it, and no method of the object in between."""
    flow = call.flow
    if flow is None or call.expr is None or not isinstance(field.base, v.Param) or field.expr is None:
        return None
    ends = rebound(flow, call, field)
    for later in flow.calls:
        if later.order <= call.order or excludes(call.path, later.path) or later.loops != call.loops:
            continue
        if later.order > ends:
            return None
        for read in fields_read(later):
            if read.base is field.base and read.name == field.name and start(read.expr) > start(call.expr):
                return read
        if touches(later, field.base):
            return None
    return None


def rebound(flow: Flow, call: v.Call, field: v.Attr) -> int:
    """From where on the field is something else: a store to it, on whatever path."""
    orders = [s.order for s in flow.stores if s.order > call.order and s.base is field.base and s.name == field.name]
    return min(orders, default=1 << 60)


def touches(call: v.Call, owner: v.Value) -> bool:
    """Whether a call may change the object: its own method, or a function that it is handed to."""
    arguments = [*call.args, *[x for _, x in call.kwargs]]
    return any(a is owner for a in arguments) or (isinstance(call.func, v.Attr) and call.func.base is owner)


def fields_read(call: v.Call) -> Iterator[v.Attr]:
    """Fields in what a call is handed, not those behind other calls or behind `.shape`."""
    waiting = [*call.args, *[x for _, x in call.kwargs]]
    for _ in range(MOST):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, v.Attr) and value.expr is not None:
            if value.name not in STILL_READABLE:
                yield value
                waiting.append(value.base)
        elif not isinstance(value, v.Call | v.Phi | v.Carried | v.Left | v.FunctionValue | v.Param):
            waiting += value.parts()
