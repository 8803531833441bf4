"""A record folder as one Evidence: every process read, then joined."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from jaxaudit.evidence.eager import by_line
from jaxaudit.evidence.gather import add, unfinished
from jaxaudit.evidence.gathered import Calls, Gathered
from jaxaudit.evidence.places import Places
from jaxaudit.evidence.rows import Rows
from jaxaudit.model import Unread
from jaxaudit.model.evidence import (
    ArgumentSeen,
    ConstantSeen,
    DonationSeen,
    DowncastSeen,
    Environment,
    Evidence,
    FunctionSeen,
    JittedSeen,
    KeySeen,
    Site,
    SyncSeen,
)
from jaxaudit.model.spot import Spot
from jaxaudit.model.wasted import ListSeen, LoopSeen

SUFFIX = ".jsonl"


def read_record(folder: Path, home: Path | None = None, project: Sequence[str] = ()) -> Evidence:
    """What a run left in its folder. `home` is the folder that paths are shown from (default: the working directory).

    Tolerates processes that were killed, lines that are broken and lines of later versions, and says so.
    """
    places = Places(str(home or Path.cwd()), project)
    gathered: list[Gathered] = []
    unread: list[Unread] = []
    notes: list[str] = []
    for number, file in enumerate(
        sorted(folder.glob(f"*{SUFFIX}"), key=lambda file: (file.stat().st_mtime, file.name))
    ):
        rows, one = Rows(file), Gathered(places, number)
        for row in rows:
            add(one, row)
        unread += _unread(rows)
        if rows.later:
            notes.append(f"{file.name} was written by a later jaxaudit: what this one doesn't know was left out")
        gathered.append(one)
    gathered.sort(key=lambda one: (one.environment().began, one.environment().pid))
    notes += _without_end([one.environment() for one in gathered])
    return _joined(gathered, notes, unread)


def _without_end(processes: Sequence[Environment]) -> Iterator[str]:
    """Of processes that said no last word, this one aside, which still runs: their last totals are missing."""
    cut = [one for one in processes if one.jax and not one.ended and one.pid != os.getpid()]
    if not cut:
        return
    pids = ", ".join(str(one.pid) for one in cut[:3]) + (", ..." if len(cut) > 3 else "")
    who = f"record of process {pids} has" if len(cut) == 1 else f"records of {len(cut)} processes ({pids}) have"
    yield (
        f"the {who} no end: killed, no room on the disk, or still running; what came after the last line, and calls and "
        "waits since they were last saved, are not counted"
    )


def _unread(rows: Rows) -> Iterator[Unread]:
    if rows.fault:
        yield Unread(rows.file.name, f"can't be read: {rows.fault}")
    if rows.broken:
        more = f" and {len(rows.broken) - 1} more" if len(rows.broken) > 1 else ""
        yield Unread(rows.file.name, f"line {rows.broken[0]}{more} of this record is damaged and was left out")


def _joined(gathered: list[Gathered], notes: list[str], unread: list[Unread]) -> Evidence:
    for number, one in enumerate(gathered):
        one.process = number
        one.compiles = [replace(seen, process=number) for seen in one.compiles]
        one.traces = [replace(seen, process=number) for seen in one.traces]
        one.errors = [replace(seen, process=number) for seen in one.errors]
        one.settings = {key: replace(seen, process=number) for key, seen in one.settings.items()}
    environments = tuple(one.environment() for one in gathered)
    with_jax = [one for one in environments if one.jax]
    return Evidence(
        environment=_leading(environments, with_jax),
        processes=environments,
        functions=tuple(_functions(gathered)),
        jitted=tuple(_jitted(gathered)),
        traces=tuple(seen for one in gathered for seen in one.traces),
        programs=tuple(seen for one in gathered for seen in one.programs),
        compiles=tuple(seen for one in gathered for seen in one.compiles),
        eager=tuple(by_line(seen for one in gathered for seen in one.compiles)),
        unfinished=tuple(seen for one in gathered for seen in unfinished(one)),
        constants=tuple(_constants(seen for one in gathered for seen in one.constants)),
        syncs=tuple(_syncs(seen for one in gathered for seen in one.syncs.values())),
        keys=tuple(_keys(seen for one in gathered for seen in one.keys.values())),
        donations=tuple(_donations(seen for one in gathered for seen in one.donations.values())),
        folds=tuple(seen for one in gathered for seen in (*one.folds, *one.folding.values())),
        errors=tuple(seen for one in gathered for seen in one.errors),
        settings=tuple(seen for one in gathered for seen in one.settings.values()),
        stale=tuple(dict.fromkeys(seen for one in gathered for seen in one.stale)),
        effects=tuple(dict.fromkeys(seen for one in gathered for seen in one.effects)),
        downcasts=tuple(_downcasts(seen for one in gathered for seen in one.downcasts.values())),
        branches=tuple(dict.fromkeys(seen for one in gathered for seen in one.branches.values())),
        lists=tuple(_lists(seen for one in gathered for seen in one.lists.values())),
        nested=tuple(dict.fromkeys(seen for one in gathered for seen in one.nested.values())),
        loops=tuple(_loops(seen for one in gathered if not one.jit_is_off for seen in one.loops.values())),
        notes=tuple(dict.fromkeys([*notes, *(text for one in gathered for text in one.notes)])),
        unread=tuple(unread),
    )


def _leading(environments: Sequence[Environment], with_jax: Sequence[Environment]) -> Environment:
    """The first process that used JAX; a launcher that only starts others is not what a reader asks about."""
    return next(iter([*with_jax, *environments]), Environment(0))


def _functions(gathered: list[Gathered]) -> Iterator[FunctionSeen]:
    """One entry for each function, summed over processes and over the objects made of the same definition."""
    seen: dict[Site, FunctionSeen] = {}
    for one in gathered:
        for site in one.sites.values():
            seen.setdefault(_same(site), FunctionSeen(site))
        for trace in one.traces:
            outermost = trace.trace_s if trace.outer is None else 0.0  # an inner one is part of the outer one's time
            _add(seen, trace.site, traces=1, trace_s=outermost)
        for program in one.programs:
            _add(seen, program.site, equations=program.equations)
        for site, seconds in one.lowerings:
            _add(seen, site, lowerings=1, lower_s=seconds)
        for compiled in one.compiles:
            _add(
                seen,
                compiled.site,
                lowerings=1,
                compiles=1,
                lower_s=compiled.lower_s,
                compile_s=compiled.compile_s,
                constants_bytes=compiled.constants_bytes,
            )
        for id_, calls in one.calls.items():
            if id_ in one.sites:
                _add_calls(seen, one.sites[id_], calls)
    yield from seen.values()


def _jitted(gathered: list[Gathered]) -> Iterator[JittedSeen]:
    """Each definition once; a call in any process counts. Where jit was switched off, nothing is known."""
    met = {definition for one in gathered for definition in one.met}
    off = any(one.jit_is_off for one in gathered)
    every = {definition: seen for one in gathered for definition, seen in one.jitted.items()}
    for definition, seen in every.items():
        yield replace(seen, called=off or definition in met)


def _same(site: Site) -> Site:
    """What two objects of one definition have in common."""
    return site._replace(parameters=(), static=(), donated=(), jitted_at=None)


GREATEST = ("constants_bytes", "equations")


def _add(seen: dict[Site, FunctionSeen], site: Site, **more: float) -> None:
    before = seen.setdefault(_same(site), FunctionSeen(site))
    now = {
        name: max(getattr(before, name), value) if name in GREATEST else getattr(before, name) + value
        for name, value in more.items()
    }
    seen[_same(site)] = replace(before, **now)


def _add_calls(seen: dict[Site, FunctionSeen], site: Site, calls: Calls) -> None:
    before = seen.setdefault(_same(site), FunctionSeen(site))
    arguments = {one.name: one for one in before.arguments}
    for one in calls.arguments:
        arguments[one.name] = _both(arguments[one.name], one) if one.name in arguments else one
    seen[_same(site)] = replace(
        before,
        calls=before.calls + calls.calls,
        sampled=before.sampled + calls.sampled,
        tracer_calls=before.tracer_calls + calls.tracer_calls,
        arguments=tuple(arguments.values()),
    )


def _both(one: ArgumentSeen, other: ArgumentSeen) -> ArgumentSeen:
    ranks = ("one", "few", "many", "array")
    values = max(one.values, other.values, key=lambda word: ranks.index(word) if word in ranks else len(ranks))
    return ArgumentSeen(
        name=one.name,
        role=one.role,
        kinds=tuple(dict.fromkeys((*one.kinds, *other.kinds))),
        values=values,
        distinct=max(one.distinct, other.distinct),
        tracer=one.tracer or other.tracer,
        bytes=max(one.bytes, other.bytes),
        same_object=one.same_object and other.same_object,
        host_upload_bytes=one.host_upload_bytes + other.host_upload_bytes,
        host=one.host or other.host,
    )


def _constants(seen: Iterable[ConstantSeen]) -> Iterator[ConstantSeen]:
    """The same array of the same function once, with how often it came in."""
    table: dict[ConstantSeen, ConstantSeen] = {}
    for one in seen:
        key = replace(one, at=None, made=None)
        before = table.get(key)
        table[key] = replace(before, times=before.times + 1) if before else one
    yield from table.values()


def _syncs(seen: Iterable[SyncSeen]) -> Iterator[SyncSeen]:
    table: dict[tuple[str, int, str], SyncSeen] = {}
    for one in seen:
        key = (one.at.path, one.at.line, one.how)
        if (before := table.get(key)) is not None:
            one = replace(
                one,
                count=one.count + before.count,
                blocked=one.blocked + before.blocked,
                seconds=one.seconds + before.seconds,
                bytes=one.bytes + before.bytes,
                loop=one.loop or before.loop,
                in_loop_of=one.in_loop_of or before.in_loop_of,
                calls=one.calls + before.calls,
            )
        table[key] = one
    yield from table.values()


def _keys(seen: Iterable[KeySeen]) -> Iterator[KeySeen]:
    table: dict[tuple[object, ...], KeySeen] = {}
    for one in seen:
        key = (one.key, one.first, one.again)
        before = table.get(key)
        table[key] = replace(one, times=one.times + before.times) if before else one
    yield from table.values()


def _lists(seen: Iterable[ListSeen]) -> Iterator[ListSeen]:
    table: dict[Spot, ListSeen] = {}
    for one in seen:
        if (before := table.get(one.at)) is not None:
            one = replace(
                one,
                calls=one.calls + before.calls,
                arrays=one.arrays + before.arrays,
                numbers=one.numbers + before.numbers,
                longest=max(one.longest, before.longest),
                seconds=one.seconds + before.seconds,
            )
        table[one.at] = one
    yield from table.values()


def _loops(seen: Iterable[LoopSeen]) -> Iterator[LoopSeen]:
    table: dict[tuple[str, int], LoopSeen] = {}
    for one in seen:
        if (before := table.get((one.at.path, one.loop))) is not None:
            most = max(one, before, key=lambda seen: seen.count)
            count, turns, seconds = one.count + before.count, one.turns + before.turns, one.seconds + before.seconds
            one = replace(most, count=count, turns=turns, seconds=seconds)
        table[one.at.path, one.loop] = one
    yield from sorted(table.values(), key=lambda one: -one.seconds)


def _donations(seen: Iterable[DonationSeen]) -> Iterator[DonationSeen]:
    table: dict[tuple[str, str, int], DonationSeen] = {}
    for one in seen:
        table.setdefault((one.site.path, one.site.name, one.site.line), one)
    yield from table.values()


def _downcasts(seen: Iterable[DowncastSeen]) -> Iterator[DowncastSeen]:
    table: dict[DowncastSeen, int] = {}
    for one in seen:
        key = replace(one, count=0)
        table[key] = table.get(key, 0) + one.count
    yield from (replace(one, count=count) for one, count in table.items())
