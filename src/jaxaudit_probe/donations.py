"""Donation: what was donated for nothing, and what could have been: an argument that is dead after each call and whose
shape and dtype an output has. The matching is JAX's own, step by step, so `wasted` says what its warning says, by name.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from typing import Any, NamedTuple

from jaxaudit_probe import calls, names, private, snapshots
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Site

SMALLEST = 1024
MOST = 64


Kind = tuple[tuple[Any, ...], str]


class Candidate(NamedTuple):
    """A leaf that is not donated, and that an output could take the place of."""

    leaf: str
    parameter: str
    kind: Kind
    bytes: int


class Lowered(NamedTuple):
    """What one function does about donation, as lowered last. `free`: outputs that no donated argument becomes."""

    wasted: list[str]
    candidates: list[Candidate]
    free: list[Kind]


class Donations:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.known: dict[int, tuple[Site, Lowered]] = {}

    def lowered(self, site: Site, program: Any, donated: Any) -> None:
        """A user's function was lowered. `donated` has one truth value for each flat argument."""
        inputs, outputs = private.shapes_of(program)
        flags = [bool(flag) for flag in donated or ()]
        if len(flags) != len(inputs):
            flags = [False] * len(inputs)
        if not any(one.bytes >= SMALLEST for one in inputs) and not any(flags):
            return
        named = leaf_names(private.argument_names(program), self.given, site, len(inputs))
        free = [(shape.shape, shape.dtype) for shape in outputs if not shape.forwarded]
        wasted = match(inputs, flags, free)
        candidates = [
            Candidate(named[i], _ROOT.split(named[i])[0], (one.shape, one.dtype), one.bytes)
            for i, one in enumerate(inputs)
            if not flags[i] and one.used and one.bytes >= SMALLEST and (one.shape, one.dtype) in free
        ]
        self.known[site.id] = (site, Lowered([named[i] for i in wasted], candidates[:MOST], free))

    def given(self) -> dict[str, Any]:
        """The arguments of the call that is being lowered, by parameter."""
        entry = self.observer.local.last_entry
        if entry is None:
            return {}
        callee = names.callee_of(entry[0], entry[2], entry[3], private.unflatten)
        return snapshots.bound(callee.target, callee.args, callee.kwargs)

    def totals(self) -> None:
        for site, found in list(self.known.values()):
            missed = self.missed(site, found)
            if found.wasted or any(one["dead"] for one in missed):
                self.observer.writer.put("donation", site=site.id, wasted=found.wasted, missed=missed)

    @staticmethod
    def missed(site: Site, found: Lowered) -> list[dict[str, Any]]:
        """Each free output goes to one candidate: first to what is dead after each call, and to the largest of those."""
        sampler = calls.current()
        dead = {one: bool(sampler is not None and sampler.gone(site, one.parameter)) for one in found.candidates}
        free = list(found.free)
        out = []
        for one in sorted(found.candidates, key=lambda one: (not dead[one], -one.bytes)):
            if one.kind in free:
                free.remove(one.kind)
                out.append({"name": one.leaf, "bytes": one.bytes, "dead": dead[one]})
        return out

    def forked(self) -> None:
        """In a forked child: what was lowered before is its parent's."""
        self.known.clear()


def match(inputs: list[private.Shape], donated: list[bool], outputs: list[Kind]) -> list[int]:
    """Takes from `outputs` what the donated inputs are used for; the inputs that find none: by shape, then by size."""
    waiting: dict[Any, deque[int]] = defaultdict(deque)
    for i, one in enumerate(inputs):
        if donated[i] and one.used:
            waiting[one.shape, one.dtype].append(i)
    for kind in list(outputs):
        if waiting.get(kind):
            waiting[kind].popleft()
            outputs.remove(kind)
    unused = sorted(i for queue in waiting.values() for i in queue)
    for i in list(unused) if private.DONATES_BY_SIZE else ():
        fits = next((kind for kind in outputs if private.count_of(kind[0]) == private.count_of(inputs[i].shape)), None)
        if fits is not None:
            outputs.remove(fits)
            unused.remove(i)
    return unused


_ROOT = re.compile(r"[.\[]")
_FILTERED = re.compile(r"dynamic_(?:no)?donate\['(fun|first|rest)'\]\[(\d+)\]")


def leaf_names(raw: tuple[str, ...], given: Any, site: Site, count: int) -> list[str]:
    """The names of the leaves as the author of the function would say them; `filter_jit` has names of its own."""
    if not any(_FILTERED.match(name) for name in raw):
        return [raw[i] if i < len(raw) else f"argument {i}" for i in range(count)]
    leaves: list[list[str]] = [_leaves(name, value) for name, value in given().items()]
    groups = {"fun": [], "first": leaves[0] if leaves else [], "rest": [leaf for group in leaves[1:] for leaf in group]}
    out = []
    for i in range(count):
        found = _FILTERED.match(raw[i]) if i < len(raw) else None
        group, number = (groups[found[1]], int(found[2])) if found is not None else ([], 0)
        own = found is not None and found[1] == "fun"
        out.append(group[number] if number < len(group) else "self" if own else f"argument {i}")
    return out


def _leaves(name: str, value: Any) -> list[str]:
    parts = private.structure_of(value)
    return [name] if parts is None else [name + step for step, _ in parts]


_installed: list[Donations] = []


def install(observer: Observer) -> Donations:
    """Effect: lowered functions are asked about donation."""
    if _installed:
        return _installed[0]
    donations = Donations(observer)
    observer.on_lower.append(donations.lowered)
    observer.writer.at_end(donations.totals)
    at_fork = getattr(observer.writer, "at_fork", None)
    if at_fork is not None:
        at_fork(donations.forked)
    _installed.append(donations)
    return donations


def uninstall() -> None:
    while _installed:
        donations = _installed.pop()
        donations.observer.on_lower.remove(donations.lowered)
