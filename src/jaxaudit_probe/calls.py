"""How the arguments of each jitted function behave: at every call that reaches Python, and at calls that JAX's C++ cache
answers, by the hook that JAX calls after each of those.

That hook costs a microsecond or two a call, so it stands in a token bucket: a credit at the start, in which every call is
seen, then as many calls a second as cost a hundredth of the time. It takes itself out when the bucket is empty and a
daemon thread puts it back. What was not seen is estimated, and the record says how many calls were looked at.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable
from typing import Any

from jaxaudit_probe import names, private, snapshots
from jaxaudit_probe.call_records import Jitted, Record
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.dispatches import Dispatches, is_single
from jaxaudit_probe.frames import Site
from jaxaudit_probe.held_back import start_deaf

CREDIT = 20_000
"""Units that are there at the start; a call that is merely counted costs one."""
SHARE = 0.01
UNIT = 4e-6
"""Seconds that a unit stands for."""
TICK = 0.25
BURST = 64
CLOSE = 32
SPACING = 31
"""The first calls are all looked at closely, later on two neighbours of thirty-two."""
CLOSE_UNITS = 4

ArrayImpl = private.ArrayImpl
now = time.perf_counter


class Calls:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.records: dict[int, Record] = {}
        self.dispatches = Dispatches()
        self.functions: dict[int, Jitted] = {}
        self.on_hit: Callable[[Site, tuple[Any, ...], dict[str, Any]], None] | None = None
        self.on_tick: Callable[[float], None] | None = None
        self.on_look: Callable[[Any, tuple[Any, ...]], int] | None = None
        """Told of what was jitted at each call that is looked at closely; says how much work that was."""
        self.left = self.units = 0
        self.on = self.all = False
        self.spent = False
        """The credit of the start is; from then on calls cost what they take."""
        self.next: Any = None
        self.hook = self.hit  # one object: JAX is asked whether it is still there
        self.bank = 0.0
        self.armed = self.disarmed = now()
        self.seconds_off = 0.0
        self.stopped = threading.Event()
        self.filling = threading.RLock()
        """Held while the bucket is filled, so that nothing is filled that was stopped meanwhile."""

    # -- calls that reach Python ---------------------------------------------------------------------------------------

    def seen(self, site: Site, given: dict[str, Any], tracers: bool) -> None:
        if names.entry_kind(1) != "call":
            return
        record = self.record_of(site)
        self.dispatches.awaited = None
        record.entries += 1
        if tracers:
            record.tracers += 1
        else:
            record.note_caller(2)
        close = record.entries <= CLOSE or record.entries & SPACING < 2
        number = record.looked
        for name, value in given.items():
            parameter = record.parameter(name)
            if close or type(value) is not private.ArrayImpl:
                parameter.look(value, number)

    def record_of(self, site: Site) -> Record:
        found = self.records.get(site.id)
        if found is None:
            found = self.records[site.id] = Record(site)
        return found

    # -- calls that C++ answers ----------------------------------------------------------------------------------------

    def hit(self, fun: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        began = now() if self.spent else 0.0
        try:
            self.left -= 1
            known = self.functions.get(id(fun))
            if known is None or known.reference() is not fun:
                known = self.meet(fun, args, kwargs)
            known.hits = hits = known.hits + 1
            record = known.record
            if known.single:
                self.left -= self.dispatches.seen(known.single, 2)
            else:
                self.dispatches.awaited = None  # what passes until the next one is not its own time
            if record is not None:
                close = hits <= CLOSE or hits & SPACING < 2
                if known.filtered:
                    record = self.of_filtered(fun, known, args, kwargs, close or self.all)
                elif close:
                    self.look(known, record, args, kwargs)
                    if self.on_look is not None:
                        self.left -= self.on_look(fun.__wrapped__, args)
                else:
                    for i, value in enumerate(args):
                        if type(value) is not ArrayImpl:
                            record.parameter(known.named(i)).glance(value)
                    for name, value in kwargs.items():
                        record.parameter(name).glance(value)
                record.hits += 1
                record.note_caller(2)
                if record.spends_keys and self.on_hit is not None:
                    self.on_hit(record.site, args, kwargs)
                if self.all:
                    ran = self.observer.ran(record.site, args, kwargs, True)
                    if ran is not None:
                        self.observer.quietly(ran, out)
            if began:
                self.left -= int((now() - began) / UNIT)  # after long calls this code is cold, and slow
            if self.left <= 0:
                self.disarm()
        except Exception as fault:
            self.stop()
            self.observer.note(f"calls are no longer looked at: {type(fault).__name__}: {fault}")
        if self.next is not None:
            self.next(fun, args, kwargs, out)

    def meet(self, fun: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Jitted:
        number, functions = id(fun), self.functions

        def forget(gone: Any) -> None:
            if number in functions and functions[number].reference is gone:
                del functions[number]

        known = functions[number] = Jitted(fun, forget)
        target = getattr(fun, "__wrapped__", None)
        if target is None:
            return known
        site = self.observer.sites.of(target, None, args, kwargs)
        if site.user:
            known.record = self.record_of(site)
            known.filtered = site.wrapper == "filter_jit"
            known.positions, known.rest = _positions(target)
        elif is_single(site):
            known.single = site.name
        return known

    def look(self, known: Jitted, record: Record, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.left -= CLOSE_UNITS
        number = record.looked + 1
        for i, value in enumerate(args):
            record.parameter(known.named(i)).look(value, number)
        for name, value in kwargs.items():
            record.parameter(name).look(value, number)

    def of_filtered(
        self, fun: Any, known: Jitted, args: tuple[Any, ...], kwargs: dict[str, Any], close: bool
    ) -> Record:
        """`filter_jit` shares one jitted object between functions of one name: which it is stands in the arguments."""
        mark = id(args[2][0])
        record = known.inner.get(mark)
        if record is None or close:
            self.left -= 2 * CLOSE_UNITS
            callee = names.callee_of(fun.__wrapped__, args, kwargs, private.unflatten)
            if len(known.inner) > 1000:
                known.inner.clear()
            record = known.inner[mark] = self.record_of(self.observer.sites.of_callee(callee, None))
            for name, value in snapshots.bound(callee.target, callee.args, callee.kwargs).items():
                record.parameter(name).look(value, record.looked + 1)
            if self.on_look is not None:
                self.left -= self.on_look(callee.target, callee.args)
        return record

    # -- the bucket ----------------------------------------------------------------------------------------------------

    def arm(self, units: int) -> None:
        self.left = self.units = 1 << 60 if self.all else units
        current = private.get_post_hook()
        if current is self.hook:
            return
        self.next = current if getattr(current, "__func__", None) is not Calls.hit else None
        self.armed = now()
        self.seconds_off = self.armed - self.disarmed
        for known in list(self.functions.values()):
            known.at_arm = known.hits
        for record in list(self.records.values()):
            for parameter in record.parameters.values():
                parameter.number = -2  # the call before was not seen
        private.set_post_hook(self.hook)
        self.on = True

    def disarm(self) -> None:
        self.spent = True
        if self.on:
            self.on = False
            if private.get_post_hook() is self.hook:
                private.set_post_hook(self.next)
            self.count_unseen(now())

    def count_unseen(self, at: float) -> None:
        """While the hook was off, calls came as fast as they did afterwards, as far as one can tell."""
        seconds, off = at - self.armed, self.seconds_off
        self.disarmed = at
        if off > 1e-3 and seconds > 0:
            ours = min((self.units - self.left) * UNIT, seconds / 2)  # the hook itself slowed them down
            for known in list(self.functions.values()):
                known.a_second = (known.hits - known.at_arm) / (seconds - ours)
                for record in self.records_under(known):
                    record.estimated += known.a_second * off / len(self.records_under(known))
            self.dispatches.settle(seconds - ours, off)
        else:
            self.dispatches.settle(max(seconds, 1e-6), 0.0)
        self.seconds_off = 0.0

    @staticmethod
    def records_under(known: Jitted) -> list[Record]:
        records = list(known.inner.values()) if known.filtered else [known.record]
        return [record for record in records if record is not None]

    def renew(self) -> None:
        """Full again, as at the start: somebody begins to look."""
        self.spent = False
        self.dispatches.forget_rates()
        if self.on:
            self.units += CREDIT - self.left
            self.left = CREDIT
            return
        off = now() - self.disarmed
        for known in list(self.functions.values()):
            for record in self.records_under(known):
                record.estimated += known.a_second * off / len(self.records_under(known))
        self.arm(CREDIT)
        self.seconds_off = 0.0

    def refill(self, seconds: float) -> None:
        self.bank = min(self.bank + seconds * SHARE / UNIT, float(CREDIT))
        if self.all and private.get_post_hook() is self.hook:
            return
        if self.on and private.get_post_hook() is not self.hook:
            self.on = False  # the program put its own there, or took ours out
            self.disarmed = now()
        if self.on:
            self.left += int(self.bank)
            self.units += int(self.bank)
            self.bank = 0.0
        elif self.bank >= BURST:
            units, self.bank = int(self.bank), 0.0
            self.arm(units)

    def keep_filling(self) -> None:
        before = now()
        while not self.stopped.wait(TICK):
            at = now()
            with self.filling:
                if not self.stopped.is_set():
                    self.refill(at - before)
            if self.on_tick is not None:
                self.on_tick(at - before)
            before = at

    def start(self) -> None:
        private.fix_post_hook_threads()
        self.disarmed = now()
        self.arm(CREDIT)
        self.seconds_off = 0.0
        self.watch()

    def see_all(self) -> None:
        """Effect: the hook stays in, whatever that costs: for runs whose time nobody measures."""
        self.all = True
        self.arm(0)

    def watch(self) -> None:
        start_deaf(self.keep_filling)

    def stop(self) -> None:
        with self.filling:
            self.stopped.set()
            self.disarm()

    # -- telling -------------------------------------------------------------------------------------------------------

    def gone(self, site: Site, parameter: str) -> bool | None:
        record = self.records.get(site.id)
        found = record.parameters.get(parameter) if record is not None else None
        return found.gone if found is not None else None

    def totals(self) -> None:
        unseen: dict[int, float] = {}
        if not self.on:
            for known in list(self.functions.values()):
                for record in self.records_under(known):
                    share = known.a_second * (now() - self.disarmed) / len(self.records_under(known))
                    unseen[record.site.id] = unseen.get(record.site.id, 0.0) + share
        at = now()
        on_for, off_for = (max(at - self.armed, 1e-3), self.seconds_off) if self.on else (1.0, 0.0)
        self.dispatches.tell(
            self.observer.writer, on_for, off_for, 0.0 if self.on else min(at - self.disarmed, 2 * TICK)
        )
        for record in list(self.records.values()):
            if record.looked:
                self.observer.writer.put("calls", **record.fields(unseen.get(record.site.id, 0.0)))

    def forked(self) -> None:
        """In a forked child, which has none of our threads: its parent's counts are its parent's."""
        if self.stopped.is_set():
            return
        self.records.clear()
        self.dispatches.forked()
        self.functions.clear()
        self.stopped = threading.Event()
        self.filling = threading.RLock()
        self.watch()


def _positions(target: Any) -> tuple[tuple[str, ...], str]:
    """The names of positional parameters, and that of `*rest`."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return (), ""
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    rest = next((one.name for one in parameters if one.kind is inspect.Parameter.VAR_POSITIONAL), "")
    return tuple(one.name for one in parameters if one.kind in by_position), rest


_installed: list[Calls] = []


def install(observer: Observer) -> Calls:
    """Effect: JAX tells of calls that its cache answers, as long as the credit lasts and now and then afterwards."""
    if _installed:
        return _installed[0]
    calls = Calls(observer)
    observer.on_call.append(calls.seen)
    observer.writer.at_end(calls.totals)
    at_fork = getattr(observer.writer, "at_fork", None)
    if at_fork is not None:
        at_fork(calls.forked)
    calls.start()
    _installed.append(calls)
    return calls


def uninstall() -> None:
    """Effect: the hook is out, the thread ends."""
    while _installed:
        calls = _installed.pop()
        calls.stop()
        if calls.seen in calls.observer.on_call:
            calls.observer.on_call.remove(calls.seen)


def current() -> Calls | None:
    return _installed[-1] if _installed else None
