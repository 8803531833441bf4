"""Random keys used twice: inside a program by its dataflow, across eager calls by what the key holds.

Every function of `jax.random` checks the key that it was handed; that is where eager uses are seen, all of them. A call
of a jitted function uses up the keys that its program uses up. A key is known by its object and by its bytes, as soon as
they are there: nothing ever waits for the device, and no key is kept alive for longer than that takes.
"""

from __future__ import annotations

import re
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from jaxaudit_probe import call_paths, calls, key_flow, names, private, skeletons, stand_ins
from jaxaudit_probe.call_paths import Frames, Meeting
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Site

SPENDS_NOTHING = frozenset({"fold_in", "key_data", "key_impl", "clone", "wrap_key_data"})
MOST_KEYS = 1 << 15
MOST_BYTES = 4096
MOST_WAITING = 256
MOST_PAIRS = 5_000
CREDIT = 10_000
"""Eager uses that are all looked at; afterwards as many a second as cost a hundredth of the time."""
A_SECOND = 500


class Spent(NamedTuple):
    """What a program uses up: (number of the leaf, the whole of it, its name)."""

    leaves: tuple[tuple[int, bool, str], ...]
    statics: tuple[tuple[int, ...], tuple[str, ...]]


_ROOT = re.compile(r"[.\[]")


class Seen(NamedTuple):
    """A use of a key out of programs. `part` is the site that used up a part of it only."""

    what: str
    frames: Frames
    part: int | None = None
    argument: str = ""
    position: int | None = None
    site: int | None = None
    """The jitted function that was called with it; None for a draw."""

    @property
    def key(self) -> str:
        """How it is written there."""
        root = _ROOT.split(self.argument)[0]
        text = call_paths.spelled_key(self.frames, root, self.position)
        return text + self.argument[len(root) :] if text else self.argument


class Told:
    """One reuse, however often it happens."""

    __slots__ = ("fields", "times")

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields
        self.times = 0


class Keys:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.lock = threading.RLock()
        self.spent: dict[int, Spent] = {}
        self.analysed: set[int] = set()
        self.seen: dict[bytes, Seen] = {}
        self.objects: dict[int, tuple[weakref.ref[Any], Seen]] = {}
        self.waiting: deque[tuple[Any, Seen]] = deque()
        self.told: dict[Any, Told] = {}
        self.pairs: dict[Any, tuple[Frames, Frames, Told | None]] = {}
        self.judged_paths: dict[tuple[Frames, Frames], str] = {}
        self.credit = CREDIT
        self.switch: Callable[[bool], None] = lambda on: None

    # -- inside programs -----------------------------------------------------------------------------------------------

    def traced(self, site: Site, program: Any, at: names.At | None) -> None:
        """A user's function was traced: what it does with keys."""
        found = key_flow.find(program)
        if found.spent:
            names_of = dict(enumerate(private.argument_names(program)))
            leaves = tuple((i, whole, names_of.get(i, "")) for i, whole in sorted(found.spent.items()))
            self.spent[site.id] = Spent(leaves, ((), ()))
            sampler = calls.current()
            if sampler is not None:
                sampler.record_of(site).spends_keys = True
        for reuse in found.reuses if site.id not in self.analysed else ():
            meeting = call_paths.meeting(reuse.first.frames, reuse.again.frames)
            if meeting is not None:
                same = reuse.again.looped or reuse.first.frames == reuse.again.frames
                how = _how(reuse.first.what, reuse.again.what, same)
                key = call_paths.spelled_key(reuse.first.frames) or reuse.argument
                self.tell(site, key, meeting, how, reuse.first.frames, reuse.again.frames)
        if found.reuses:
            self.analysed.add(site.id)

    # -- calls of jitted functions -------------------------------------------------------------------------------------

    def called(self, site: Site, given: dict[str, Any], tracers: bool) -> None:
        """A call of a user's function reached Python."""
        entry = self.observer.local.last_entry
        known = self.spent.get(site.id)
        if known is None or entry is None or tracers or names.entry_kind(1) != "call":
            return
        _, info, args, kwargs = entry
        statics = (tuple(getattr(info, "static_argnums", ()) or ()), tuple(getattr(info, "static_argnames", ()) or ()))
        if statics != known.statics:
            self.spent[site.id] = known._replace(statics=statics)
        self.used_up(site, args, kwargs)

    def hit(self, site: Site, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A call that JAX's cache answered, and that was seen."""
        if site.id in self.spent:
            self.used_up(site, args, kwargs)

    def used_up(self, site: Site, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A call ran: the keys among its arguments are used up."""
        known = self.spent.get(site.id)
        if known is None:
            return
        leaves = private.dynamic_leaves(args, kwargs, *known.statics)
        frames: Frames | None = None
        for number, whole, name in known.leaves:
            if number < len(leaves) and private.is_array(leaves[number]):
                frames = frames if frames is not None else call_paths.here(2)
                root = _ROOT.split(name)[0]
                position = site.parameters.index(root) if root in site.parameters else None
                argument = name if position is not None else ""
                self.used(
                    leaves[number],
                    Seen(
                        site.name.rpartition("<locals>.")[2],
                        frames,
                        None if whole else site.id,
                        argument,
                        position,
                        site.id,
                    ),
                )

    # -- eager draws ---------------------------------------------------------------------------------------------------

    def checked(self, name: str, key: Any) -> None:
        """A function of `jax.random` was handed a key."""
        self.credit -= 1
        if self.credit < 0:
            self.switch(False)
            return
        if name in SPENDS_NOTHING or not private.is_array(key) or private.staging_now():
            return
        try:
            self.used(key, Seen(name, call_paths.here(2)))
        except Exception as fault:
            self.observer.note(f"keys: {type(fault).__name__}: {fault}")

    def refill(self, seconds: float) -> None:
        self.credit = min(max(self.credit, 0) + int(seconds * A_SECOND), CREDIT)
        self.switch(True)

    def used(self, key: Any, use: Seen) -> None:
        with self.lock:
            if self.waiting:
                self.look_again(3)
            known = self.objects.get(id(key))
            if known is not None and known[0]() is key:
                self.again(known[1], use)
                return
            held = private.host_bytes(key, MOST_BYTES)
            if held is not None and held in self.seen:
                self.again(self.seen[held], use)
                return
            self.remember(key, use, held)

    def remember(self, key: Any, use: Seen, held: bytes | None) -> None:
        number, objects = id(key), self.objects
        reference = weakref.ref(key, lambda _: objects.pop(number, None))
        objects[number] = (reference, use)
        if held is not None:
            self.enter(held, use)
        elif len(self.waiting) < MOST_WAITING and private.size_of(key) <= MOST_BYTES:
            self.waiting.append((key, use))

    def enter(self, held: bytes, use: Seen) -> None:
        self.seen[held] = use
        if len(self.seen) > MOST_KEYS:
            del self.seen[next(iter(self.seen))]

    def look_again(self, most: int) -> None:
        """Keys that the device had not made yet when they were used, the oldest first."""
        for _ in range(min(most, len(self.waiting))):
            key, then = self.waiting.popleft()
            underway = private.is_underway(key)  # asked first: it may be made in between
            held = private.host_bytes(key, MOST_BYTES)
            if held is None:
                if underway:
                    self.waiting.append((key, then))
            elif held in self.seen:
                self.again(self.seen[held], then)
            else:
                self.enter(held, then)

    def again(self, then: Seen, use: Seen) -> None:
        mark = (id(then.frames), then.what, id(use.frames), use.what, then.part == use.part)
        known = self.pairs.get(mark)
        if known is not None:
            if known[2] is not None:
                known[2].times += 1
            return
        if len(self.pairs) > MOST_PAIRS:
            self.pairs.clear()
        self.pairs[mark] = (then.frames, use.frames, self.judged(then, use))

    def judged(self, then: Seen, use: Seen) -> Told | None:
        """What to tell of two uses of one key; nothing of parts of it, which need not be the same ones."""
        meeting = call_paths.meeting(then.frames, use.frames) if then.part == use.part else None
        if meeting is None or skeletons.is_skeleton(use.frames) or skeletons.is_skeleton(then.frames):
            return None
        paths = call_paths.users(then.frames), call_paths.users(use.frames)
        if self.judged_paths.setdefault(paths, use.what) != use.what:
            return None  # what the function that was called there does inside
        key = use.key or then.key
        same = paths[0] == paths[1]
        how = _how(then.what, use.what, same)
        return self.tell(None, key, meeting, how, then.frames, use.frames, (then.site, use.site))

    # -- telling -------------------------------------------------------------------------------------------------------

    def tell(
        self, site: Site | None, key: str, meeting: Meeting, how: str, first: Frames, again: Frames,
        called: tuple[int | None, int | None] = (None, None),
    ) -> Told:  # fmt: skip
        """Once when it is found; how often, with the totals. `called`: the jitted functions that were handed the key."""
        number = site.id if site is not None else None
        mark = (number, meeting, key, how)
        told = self.told.get(mark)
        if told is None:
            told = self.told[mark] = Told(
                {
                    "site": number, "key": key or "a random key", "first": meeting.first._asdict(),
                    "again": meeting.again._asdict(), "how": how, "drawn": [_innermost(first), _innermost(again)],
                    "called": list(called), "repeated": call_paths.repeats(first, again, meeting),
                }
            )  # fmt: skip
        told.times += 1
        if told.times == 1:
            self.say(told)
        return told

    def say(self, told: Told) -> None:
        self.observer.writer.put("keys", **told.fields, times=told.times)

    def forked(self) -> None:
        """In a forked child: what its parent saw is its parent's to tell."""
        self.lock = threading.RLock()
        self.told.clear()
        self.pairs.clear()
        self.waiting.clear()

    def totals(self) -> None:
        with self.lock:
            self.look_again(MOST_WAITING)
            for told in list(self.told.values()):
                self.say(told)


def _how(first: str, again: str, same: bool) -> str:
    return f"{first} in every turn" if same and first == again else f"{first}, then {again}"


def _innermost(frames: Frames) -> dict[str, Any] | None:
    mine = call_paths.users(frames)
    return call_paths.at(*mine[0])._asdict() if mine else None


_installed: list[Keys] = []


def install(observer: Observer) -> Keys:
    """Effect: the functions of `jax.random` tell which key they were handed. `calls` is installed before."""
    if _installed:
        return _installed[0]
    keys = Keys(observer)
    observer.on_trace.append(keys.traced)
    observer.on_call.append(keys.called)
    observer.writer.at_end(keys.totals)
    at_fork = getattr(observer.writer, "at_fork", None)
    if at_fork is not None:
        at_fork(keys.forked)

    def checking(original: Any) -> Any:
        def _check_prng_key(name: str, key: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                answer = original(name, key, *args, **kwargs)
            except BaseException as error:
                stand_ins.passing(error)
                raise
            keys.checked(name, key)
            return answer

        return _check_prng_key

    keys.switch = private.hook_keys(checking)
    sampler = calls.current()
    if sampler is not None:
        sampler.on_hit = keys.hit
        sampler.on_tick = keys.refill
    _installed.append(keys)
    return keys


def uninstall() -> None:
    """Forgets every key; the hooks themselves go with `private.restore`."""
    while _installed:
        keys = _installed.pop()
        sampler = calls.current()
        if sampler is not None:
            sampler.on_hit = sampler.on_tick = None
        keys.observer.on_trace.remove(keys.traced)
        keys.observer.on_call.remove(keys.called)


def current() -> Keys | None:
    return _installed[-1] if _installed else None
