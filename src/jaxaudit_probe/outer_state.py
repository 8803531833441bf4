"""What tracing a function of the user's read and changed around it: Python effects that happened only then, and values that
were changed afterwards while the compiled program with the old ones was still being called.

Looks at the places that the function's code names before and after the outermost trace, and again at calls that JAX's
cache answered and that are looked at anyway. Said is only what surely ran in the trace: the traced program's operations
know the instructions that they come from. Keeps nothing alive.
"""

from __future__ import annotations

import threading
import types
import weakref
from itertools import islice
from typing import Any, NamedTuple

from jaxaudit_probe import call_paths, calls, code_uses, names, outside, private, snapshots
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Frame, Site
from jaxaudit_probe.marks import Mark, differ, mark
from jaxaudit_probe.outside import MISSING, Place, Survey

MOST_EQUATIONS = 4000
MOST_WATCHED = 30
MOST_TRACES = 12
MOST_WATCHES = 2000
MOST_TOLD = 200
LOOKS_LIKE_OTHER = ("other", "tracer")

Marks = dict[tuple[int, str], Mark]


class Kept(NamedTuple):
    """A place that a trace read, and what stood there before and after the trace."""

    place: Place
    before: Mark
    after: Mark


class Watch:
    """The traces of one jitted object (with one `self`)."""

    def __init__(self, function: weakref.ref[Any], site: Site) -> None:
        self.function = function
        self.site = site
        self.traces: list[dict[str, Kept]] = []


class OuterState(threading.local):
    """What is open in each thread."""

    def __init__(self) -> None:
        self.open: dict[int, tuple[Survey, Marks, types.FunctionType, Any]] = {}


class Around:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.local = OuterState()
        self.watches: dict[tuple[int, int], Watch] = {}
        self.told: set[tuple[Any, ...]] = set()

    # -- around a trace ------------------------------------------------------------------------------------------------

    def opening(self, call: Frame) -> None:
        site = call.site
        if site is None or not site.user or sum(one.kind == "trace" for one in self.observer.stack) > 1:
            return
        found = traced_function(call, site)
        if found is None:
            return
        function, owner = found
        survey = outside.survey(function, owner)
        if survey.places or survey.effects:
            self.local.open[id(call)] = (survey, marks_of(survey), function, owner)

    def closing(self, call: Frame, program: Any) -> None:
        opened = self.local.open.pop(id(call), None)
        site = call.site
        if opened is None or site is None or program is None:
            return
        survey, before, function, owner = opened
        after = marks_of(survey)
        ran = what_ran(survey, function.__code__, program)
        self.effects(site, survey, before, after, ran)
        self.watch(call, site, survey, (before, after), ran, owner)

    def effects(self, site: Site, survey: Survey, before: Marks, after: Marks, ran: Ran) -> None:
        said: set[tuple[int, str]] = set()
        for place in survey.places:
            was, now = before[place.key], after[place.key]
            if place.key in said:
                continue  # the same name again, further down
            written = place.use.writes or (place.stores_items and now.kind in ("many", "object"))
            if written and differ(was, now) and ran.has(place.code, place.use.offset):
                said.add(place.key)
                self.tell("effect", site, place, what=what_changed(was, now), was=was.text, now=now.text)
        for effect in survey.effects:
            if ran.has(effect.code, effect.use.offset):
                at = call_paths.at(effect.code, effect.use.offset)
                self.put("effect", site, str(effect.use), at, what=effect.what, was="", now="")

    def watch(self, call: Frame, site: Site, survey: Survey, marks: tuple[Marks, Marks], ran: Ran, owner: Any) -> None:
        before, after = marks
        kept: dict[str, Kept] = {}
        for place in survey.places:
            mark_now = after[place.key]
            if mark_now.kind in LOOKS_LIKE_OTHER or place.use.writes or len(kept) >= MOST_WATCHED:
                continue
            if ran.has(place.code, place.use.offset):
                kept.setdefault(str(place.use), Kept(place, before[place.key], mark_now))
        fun = watched_object(call)
        if not kept or len(self.watches) > MOST_WATCHES:
            return
        key = (id(fun), id(owner) if is_static_owner(site, owner, fun) else 0)
        known = self.watches.get(key)
        if known is None or known.function() is not fun:
            try:
                known = self.watches[key] = Watch(weakref.ref(fun, lambda _: self.watches.pop(key, None)), site)
            except TypeError:
                return
        known.traces.append(kept)
        del known.traces[MOST_TRACES:]

    # -- calls without a trace -----------------------------------------------------------------------------------------

    def again(self, call: Frame) -> None:
        """A call that reached Python and was answered from the cache."""
        self.local.open.pop(id(call), None)
        if call.site is not None and call.site.user and self.watches:
            self.look(watched_object(call), call.args)

    def look(self, fun: Any, args: tuple[Any, ...]) -> int:
        """Whether what the compiled program holds is still there; how much work that was."""
        known = self.watches.get((id(fun), 0))
        if known is None and args and self.watches:
            known = self.watches.get((id(fun), id(args[0])))
        if known is None or known.function() is not fun or not known.traces:
            return 0
        for label, kept in list(known.traces[-1].items()):
            value = kept.place.get()
            if value is MISSING:
                continue
            now = mark(value)
            every = [one[label] for one in known.traces if label in one]
            if all(differ(one.before, now) and differ(one.after, now) for one in every):
                self.stale(known, label, kept, now)
        return 1 + len(known.traces[-1])

    def stale(self, known: Watch, label: str, kept: Kept, now: Mark) -> None:
        for trace in known.traces:
            trace.pop(label, None)
        call = names.at_of(names.user_frame(3))
        self.tell(
            "stale", known.site, kept.place, was=kept.after.text, now=now.text, precise=kept.after.is_precise,
            call=call._asdict() if call is not None else None,
        )  # fmt: skip

    # -- telling -------------------------------------------------------------------------------------------------------

    def tell(self, kind: str, site: Site, place: Place, **fields: Any) -> None:
        self.put(kind, site, str(place.use), call_paths.at(place.code, place.use.offset), **fields)

    def put(self, kind: str, site: Site, name: str, at: names.At, **fields: Any) -> None:
        key = (kind, site.id, name, at.path, at.line)
        if key not in self.told and len(self.told) < MOST_TOLD:
            self.told.add(key)
            self.observer.writer.put(kind, site=site.id, name=name, at=at._asdict(), **fields)


def traced_function(call: Frame, site: Site) -> tuple[types.FunctionType, Any] | None:
    """The plain function that is traced, and the object behind its first parameter where that is no traced argument."""
    callee = names.callee_of(call.fun, call.args, call.kwargs, private.unflatten)
    target, owner = callee.target, None
    function = names.function_of(target)
    if callee.wrapper == "filter_jit":
        return (function, None) if isinstance(function, types.FunctionType) else None
    if isinstance(target, types.MethodType):
        owner = target.__self__
    elif isinstance(function, types.FunctionType):
        first = next(iter(site.parameters), "")
        if first in site.static and callee.args:
            owner = callee.args[0]
    else:
        owner, function = function, getattr(type(function), "__call__", None)  # noqa: B004
    if not isinstance(function, types.FunctionType) or not names.is_user(function.__code__.co_filename):
        return None
    plain = owner is not None and not isinstance(owner, snapshots.PLAIN)
    return function, owner if plain else None


def watched_object(call: Frame) -> Any:
    """What a later call without a trace is recognised by: the object that was jitted, or the function in a filter."""
    if getattr(getattr(call.fun, "__code__", None), "co_name", "") == "fun_wrapped":
        return names.callee_of(call.fun, call.args, call.kwargs, private.unflatten).target
    return call.fun


def is_static_owner(site: Site, owner: Any, fun: Any) -> bool:
    return (
        owner is not None and not isinstance(fun, types.MethodType) and next(iter(site.parameters), "") in site.static
    )


def marks_of(survey: Survey) -> Marks:
    found: Marks = {}
    for place in survey.places:
        if place.key not in found:
            value = place.get()
            found[place.key] = Mark("other", None) if value is MISSING else mark(value)
    return found


def what_changed(was: Mark, now: Mark) -> str:
    """ "tracer" where a tracer was kept, "number" where a number went on counting, "container", or "value"."""
    if has_tracer(now):
        return "tracer"
    if was.is_number and now.is_number:
        return "number"
    return "container" if now.kind == "many" else "value"


def has_tracer(one: Mark) -> bool:
    if one.kind in ("many", "object"):
        return any(has_tracer(inner) for _, inner in one.value[1])
    return one.kind == "tracer"


class Ran(NamedTuple):
    stretches: dict[types.CodeType, frozenset[int]]

    def has(self, code: types.CodeType, offset: int) -> bool:
        return code in self.stretches and code_uses.read(code).stretch(offset) in self.stretches[code]


def what_ran(survey: Survey, root: types.CodeType, program: Any) -> Ran:
    """The stretches of code that surely ran in a trace: those that operations come from, and what these imply."""
    offsets: dict[types.CodeType, set[int]] = {root: set()}
    by_frames = {private.traceback_of(one): one for one in islice(private.equations_of(program), MOST_EQUATIONS)}
    for equation in by_frames.values():
        for code, offset in private.frames_of(equation):
            if code in survey.codes:
                offsets.setdefault(code, set()).add(offset)
    ran = Ran({code: code_uses.read(code).ran(some) for code, some in offsets.items()})
    waiting = True
    while waiting:
        waiting = False
        for code, callers in survey.calls.items():
            if code not in ran.stretches and any(offset >= 0 and ran.has(caller, offset) for caller, offset in callers):
                ran.stretches[code] = code_uses.read(code).ran(())
                waiting = True
    return ran


def install(observer: Observer) -> None:
    """Effect: what is around traced functions is compared from here on."""
    around = Around(observer)
    observer.on_opening.append(around.opening)
    observer.on_closing.append(around.closing)
    observer.on_again.append(around.again)
    sampler = calls.current()
    if sampler is not None:
        sampler.on_look = around.look


def uninstall() -> None:
    """Nothing is kept here: the observer and the sampler go."""
