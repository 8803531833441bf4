"""Where the host waits for the device: reads of device arrays, with the user's line, how often, and how long it waited.

Reads go through `_value`, waits through `block_until_ready`; on Python 3.12 and newer NumPy's own access to an array's
memory is seen as well. Totals are kept for each line; a line stands in a loop if its code, or that of a caller, does.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from types import CodeType, FrameType, ModuleType
from typing import Any

from jaxaudit_probe import call_paths, calls, names, private, stand_ins
from jaxaudit_probe.call_paths import Frames
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.deleted import Deleted

MARKERS = frozenset({(os.path.join("equinox", "_jit.py"), "_call")})
"""Libraries' own waits that only look for errors: (file, function)."""
WORDS = {
    "__float__": "float", "__int__": "int", "__bool__": "bool", "__index__": "index", "__complex__": "complex",
    "__array__": "np.asarray", "__repr__": "print", "__str__": "print", "__format__": "print", "__reduce__": "pickle",
    "__hash__": "hash", "tobytes": "tobytes", "tolist": "tolist", "item": "item", "_device_get": "device_get",
    "__iter__": "iteration", "__contains__": "in",
}  # fmt: skip
"""JAX's functions by the words with which people call them."""
PATHS_KEPT = 2
EXACT = 2_000
"""Reads that are all looked at; afterwards one of eight on average, which stands for those before it."""
STRIDE = 15

now = time.perf_counter


Called = dict[CodeType, list[tuple[int, int]]]
"""By code of the user's: the offsets of calls in it from which jitted functions were called, and about how often."""


class Sync:
    """One line and one way of reading there."""

    __slots__ = ("blocked", "bytes", "code", "count", "exact", "getting", "how", "offset", "paths", "seconds", "via")

    def __init__(self, code: CodeType, offset: int, how: str, via: str) -> None:
        self.code = code
        self.via = via
        """The library that read, on its own account: a loop of the user's around it is not to blame."""
        self.offset = offset
        self.how = how
        self.count = self.blocked = self.bytes = 0
        self.seconds = 0.0
        self.exact = True
        self.getting: tuple[int, bool] = (0, False)
        """The `device_get` that read last, and whether the host waited in it: one call reads many arrays at once."""
        self.paths: list[Frames] = []

    def add(self, weight: int, waits: bool, getting: int) -> None:
        """One more read, or `weight`; each `device_get` is one, and as such waits at most once."""
        again, waited = (getting and self.getting[0] == getting), self.getting[1]
        self.count += 0 if again else weight
        self.blocked += weight if waits and not (again and waited) else 0
        self.getting = (getting, waits or bool(again and waited))

    def fields(self, called: Called) -> dict[str, Any]:
        at = call_paths.at(self.code, self.offset)
        own = call_paths.is_loop_of(self.code, self.offset) if not self.via else None
        outer = None if own is not None or self.via else self.loop_of_a_caller()
        loop = {"path": at.path, "line": own} if own is not None else outer
        dispatching = self.dispatching(called) if loop is not None else None
        loop, calls = dispatching or (loop, 0)
        return {
            **at._asdict(), "how": self.how, "count": self.count, "blocked": self.blocked,
            "seconds": round(self.seconds, 6), "bytes": self.bytes, "loop": self.count > 1 and own is not None,
            "in_loop_of": loop, "value": call_paths.value_read(self.code, self.offset, self.how), "via": self.via,
            "exact": self.exact, "calls": calls,
        }  # fmt: skip

    def dispatching(self, called: Called) -> tuple[dict[str, Any], int] | None:
        """The innermost loop around the read that calls jitted functions too, and how many calls those are: it is its
        turns that wait. A loop over what a turn brought waits for nothing.
        """
        for code, offset in call_paths.users(self.paths[-1]):
            for first, last in call_paths.loops_around(code, offset):
                calls = sum(count for there, count in called.get(code, ()) if first <= there <= last)
                if calls:
                    return {"path": code.co_filename, "line": call_paths.line_of(code, first)}, calls
        return None

    def loop_of_a_caller(self) -> dict[str, Any] | None:
        """The loop, in the nearest caller that has one, in which both the first reads happened."""
        if len(self.paths) < PATHS_KEPT:
            return None
        for code, offset in call_paths.users(self.paths[-1])[1:]:
            line = call_paths.is_loop_of(code, offset)
            if line is not None:
                return {"path": code.co_filename, "line": line}
        return None


class Syncs:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.known: dict[tuple[int, int, str, str], Sync] = {}
        self.whose: dict[str, str] = {}
        self.libraries: dict[str, str] = {}
        self.busy = threading.local()
        self.deleted = Deleted(observer)
        self.looked = self.gets = 0
        self.skip = 0
        self.weight = 1
        self.drawn = (0, 1)
        """The `device_get` for which was drawn last, and the weight."""
        self.chance = random.Random(0)

    def renew(self) -> None:
        """Somebody begins to look: each of the next reads is looked at."""
        self.looked = self.skip = 0
        self.weight = 1

    def passes(self) -> bool:
        """Whether this read goes unseen: few words, for the code is cold after a wait."""
        getting = getattr(self.busy, "getting", 0)
        if getting:
            return bool(getting < 0)  # one call of `device_get` is seen as a whole or not at all
        if self.skip <= 0:
            return False
        if self.observer.sync_checks:  # a budget asks of each
            self.skip, self.weight = 0, 1
            return False
        self.skip -= 1
        return True

    @stand_ins.uncounted
    def timed(self, original: Any, array: Any, args: tuple[Any, ...], way: str) -> Any:
        """The read itself, and its note. A read within a read is the same one."""
        within = getattr(self.busy, "reading", False)
        if self.observer.sync_checks and not within:
            self.check(way)
        self.busy.reading = True
        try:
            waits = not within and not private.is_ready(array)
            began = now()
            answer = original(array, *args)
            seconds = now() - began
        except BaseException as error:
            self.deleted.quietly(array, error)
            stand_ins.passing(error)
            raise
        finally:
            self.busy.reading = within
        if within:
            return answer
        try:
            sampler = calls.current()
            if sampler is not None:
                sampler.dispatches.awaited = None
            self.note(way, waits, seconds, 0 if way == "block_until_ready" else private.size_of(answer))
        except Exception as fault:
            self.observer.note(f"syncs: {type(fault).__name__}: {fault}")
        return answer

    def check(self, way: str) -> None:
        """Budgets are asked before the host waits; what they raise reaches the caller."""
        found = self.who(way)
        at = names.at_of(found[0]) if found is not None else None
        if found is not None and at is not None:
            for ask in list(self.observer.sync_checks):
                ask(f"`{found[1]}`", at)

    def note(self, way: str, waits: bool, seconds: float, size: int) -> None:
        getting = getattr(self.busy, "getting", 0)
        weight = self.draw() if way != "item" and (not getting or getting != self.drawn[0]) else self.drawn[1]
        self.drawn = (getting, weight if getting else 1)
        found = self.who(way)
        if found is None:
            return
        frame, how, via = found
        code = frame.f_code
        key = (id(code), frame.f_lasti, how, via)
        sync = self.known.get(key)
        if sync is None:
            sync = self.known[key] = Sync(code, frame.f_lasti, how, via)
        sync.add(weight, waits, getting)
        sync.seconds += weight * seconds
        sync.bytes += weight * size
        sync.exact = sync.exact and weight == 1
        if len(sync.paths) < PATHS_KEPT:
            sync.paths.append(call_paths.here(4))

    def draw(self) -> int:
        """For how many reads this one stands, and how many pass next. Strides vary, so that of a loop with several
        reads each is looked at.
        """
        weight = self.weight
        self.looked += 1
        self.skip = self.chance.randrange(STRIDE) if self.looked > EXACT else 0
        self.weight = self.skip + 1
        return weight

    def who(self, way: str) -> tuple[FrameType, str, str] | None:
        """The user's frame that read, the word for how, and the library of JAX programs that did it on its own account;
        None for what JAX does for itself.
        """
        for under_way in self.observer.local.stack:
            if under_way.kind in ("lower", "compile", "request"):
                return None  # constants are read when a program is lowered
        frame: FrameType | None = sys._getframe(4)
        how, via = way, ""
        own = Syncs.who.__code__.co_filename
        inside_jax, nearest = True, True
        while frame is not None:
            code = frame.f_code
            whose = self.whose.get(code.co_filename) or self.ask_whose(code.co_filename)
            if whose == "user":
                return frame, how, via
            if whose == "ours":
                if nearest and code.co_filename not in (own, stand_ins.FILE):
                    return None  # we read it ourselves: a captured array, to know it again
                frame = frame.f_back
                continue
            nearest = False
            if whose == "jax":
                if inside_jax:
                    how = WORDS.get(code.co_name, how)
            elif whose == "callback":
                return None
            elif whose == "library" and inside_jax:
                inside_jax = False
                if (os.sep.join(code.co_filename.split(os.sep)[-2:]), code.co_name) in MARKERS:
                    return None
                via = self.jax_library(frame)
            frame = frame.f_back
        return None

    def jax_library(self, frame: FrameType) -> str:
        """The package of a frame whose module itself works with JAX; "" for NumPy, loggers and their like."""
        file = frame.f_code.co_filename
        known = self.libraries.get(file)
        if known is None:
            held = list(frame.f_globals.values())
            uses = any(isinstance(one, ModuleType) and one.__name__.partition(".")[0] == "jax" for one in held)
            package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            known = self.libraries[file] = package if uses else ""
        return known

    def ask_whose(self, file: str) -> str:
        if names.is_user(file):
            whose = "user"
        elif file.startswith(names.OURS):
            whose = "ours"
        elif call_paths.is_own(file):
            whose = "callback" if call_paths.is_callback(file) else "jax"
        else:
            whose = "library"
        self.whose[file] = whose
        return whose

    def totals(self) -> None:
        """One line for each line of the user's: an expression may have several instructions that read."""
        lines: dict[tuple[Any, ...], dict[str, Any]] = {}
        called = where_called()
        for sync in list(self.known.values()):
            if sync.paths and any(call_paths.is_callback(code.co_filename) for code, _ in sync.paths[0]):
                continue
            told = sync.fields(called)
            known = lines.setdefault((told["path"], told["line"], told["how"], told["via"]), told)
            if known is not told:
                for field in ("count", "blocked", "seconds", "bytes"):
                    known[field] += told[field]
                known["loop"] = known["loop"] or told["loop"]
                known["exact"] = known["exact"] and told["exact"]
        for told in lines.values():
            self.observer.writer.put("sync", **told)

    def forked(self) -> None:
        """In a forked child: its parent tells its own reads."""
        self.known.clear()
        self.busy = threading.local()


def where_called() -> Called:
    """Calls of the user's jitted functions, by the lines of the user's that led to them."""
    found: Called = {}
    sampler = calls.current()
    for record in list(sampler.records.values()) if sampler is not None else ():
        for frames, count in record.callers():
            for code, offset in call_paths.users(frames):
                found.setdefault(code, []).append((offset, count))
    return found


_installed: list[Syncs] = []


def install(observer: Observer) -> Syncs:
    """Effect: reads of device arrays are noted."""
    if _installed:
        return _installed[0]
    syncs = Syncs(observer)
    observer.writer.at_end(syncs.totals)
    at_fork = getattr(observer.writer, "at_fork", None)
    if at_fork is not None:
        at_fork(syncs.forked)

    def reading(original: Any) -> Any:
        def _value(self: Any) -> Any:
            try:
                if self._npy_value is not None or syncs.passes():  # the host may have it already
                    return original(self)
                return syncs.timed(original, self, (), "value")
            except BaseException as error:
                stand_ins.passing(error)
                raise

        return _value

    def waiting(original: Any) -> Any:
        def block_until_ready(self: Any) -> Any:
            try:
                return original(self) if syncs.passes() else syncs.timed(original, self, (), "block_until_ready")
            except BaseException as error:
                stand_ins.passing(error)
                raise

        return block_until_ready

    def item(original: Any) -> Any:
        def item(self: Any, *args: Any) -> Any:
            try:
                return syncs.timed(original, self, args, "item")
            except BaseException as error:
                stand_ins.passing(error)
                raise

        return item

    def buffer(original: Any) -> Any:
        def __buffer__(self: Any, flags: int) -> memoryview:  # noqa: N807
            try:
                return original(self, flags) if syncs.passes() else syncs.timed(original, self, (flags,), "np.asarray")
            except BaseException as error:
                stand_ins.passing(error)
                raise

        return __buffer__

    def waiting_for_all(original: Any) -> Any:
        def batched_block_until_ready(arrays: Any) -> Any:
            try:
                return syncs.timed(original, arrays, (), "block_until_ready")
            except BaseException as error:
                stand_ins.passing(error)
                raise

        return batched_block_until_ready

    def getting(original: Any) -> Any:
        def device_get(x: Any) -> Any:
            outer = getattr(syncs.busy, "getting", 0)
            try:
                syncs.gets += 1
                syncs.busy.getting = -1 if syncs.passes() else syncs.gets
                return original(x)
            except BaseException as error:
                stand_ins.passing(error)
                raise
            finally:
                syncs.busy.getting = outer

        return device_get

    private.hook_reads(reading, waiting, item, buffer, waiting_for_all, getting)
    _installed.append(syncs)
    return syncs


def uninstall() -> None:
    """Forgets what was read; the hooks themselves go with `private.restore`."""
    _installed.clear()


def current() -> Syncs | None:
    return _installed[-1] if _installed else None
