"""One process's lines as nouns."""

from collections.abc import Callable, Iterator
from functools import partial

from jaxaudit.evidence import happenings, wasted
from jaxaudit.evidence.gathered import Calls, Gathered
from jaxaudit.evidence.places import plain_name
from jaxaudit.evidence.rows import Row, number_of, rows_of, seconds_of, text_of, words_of
from jaxaudit.model.evidence import (
    FIRST,
    ArgumentSeen,
    CallbackSeen,
    Cause,
    Change,
    CompileSeen,
    ConstantSeen,
    DonationSeen,
    FoldSeen,
    JittedSeen,
    KeySeen,
    Missed,
    ProgramSeen,
    ScanSeen,
    Site,
    SyncSeen,
    TraceSeen,
    UnfinishedSeen,
)
from jaxaudit.model.spot import Spot

DEEP = 2
"""Calls of a function within itself, on the way to a line, from which on it counts as one that calls itself."""


def add(to: Gathered, row: Row) -> None:
    """Effect: one line more is known."""
    to.last = max(to.last, seconds_of(row, "t"))
    reader = _READERS.get(row["k"])
    if reader is None:
        to.about[row["k"]] = to.about.get(row["k"], {}) | row
    else:
        reader(to, row)
    if "work" in row and row["k"] not in ("begin", "still"):
        to.open.close(row)


def unfinished(to: Gathered) -> Iterator[UnfinishedSeen]:
    """What had begun when the process ended."""
    here = to.environment()
    for row, seconds, error in to.open.at_the_end(here.ended, here.failure.kind if here.failure else "", to.last):
        yield UnfinishedSeen(
            site=to.site(row),
            process=to.process,
            stage=text_of(row, "stage"),
            cause=_cause(to, row) or FIRST,
            at=to.places.spot(row.get("at")),
            seconds=max(0.0, seconds),
            constants_bytes=number_of(row, "constants_bytes"),
            ended=here.ended,
            error=error,
        )


def _site(to: Gathered, row: Row) -> None:
    path = text_of(row, "path")
    package = to.places.package(path)
    user = not package and bool(row.get("user", True))
    line = max(1, number_of(row, "line"))
    known = to.places.source.of(path, line) if user else None
    to.defined[row.get("id")] = (path, number_of(row, "line"))
    to.met.add(to.defined[row.get("id")])
    to.sites[row.get("id")] = Site(
        name=plain_name(text_of(row, "name", "<unknown>")),
        path=to.places.path(path),
        line=known.definition if known and known.definition else line,
        wrapper=text_of(row, "wrapper", "jit"),
        user=user,
        package=package or ("" if user else "a library"),
        parameters=words_of(row, "parameters"),
        static=words_of(row, "static"),
        donated=words_of(row, "donated"),
        jitted_at=to.places.spot(row.get("jitted_at")),
    )


def _jitted_at(to: Gathered, row: Row) -> None:
    to.jit_is_off = to.jit_is_off or bool(row.get("off"))
    path, line = text_of(row, "path"), number_of(row, "line")
    at = to.places.spot(row.get("at"))
    if at is None:
        return
    if to.places.package(path):
        to.wrapped[path, line] = at
        return
    known = to.places.source.of(path, line)
    name = plain_name(text_of(row, "name", "<unknown>"))
    wrapper = text_of(row, "wrapper", "jit")
    to.jitted[path, line] = JittedSeen(name, to.places.path(path), known.definition or line, wrapper, at)


def _cause(to: Gathered, row: Row) -> Cause | None:
    said = row.get("cause")
    if not isinstance(said, dict):
        return None
    changes = tuple(_change(to, part) for part in rows_of(said, "changes"))
    return Cause(text_of(said, "kind", "unknown"), text_of(said, "text"), changes)


def _change(to: Gathered, part: Row) -> Change:
    put = part.get("put")
    return Change(
        text_of(part, "leaf"),
        _value(part.get("was")),
        _value(part.get("now")),
        text_of(part, "what"),
        to.places.spot(put),
        text_of(put, "how") if isinstance(put, dict) else "",
    )


def _value(said: object) -> str:
    return "" if said is None else str(said)


def _trace(to: Gathered, row: Row) -> None:
    to.traces.append(
        TraceSeen(
            site=to.site(row),
            process=to.process,
            cause=_cause(to, row) or FIRST,
            api=text_of(row, "api", "call"),
            trace_s=seconds_of(row, "trace_s"),
            self_s=seconds_of(row, "self_s"),
            outer=to.sites.get(row.get("outer")),
            at=to.places.spot(row.get("at")),
        )
    )


def _program(to: Gathered, row: Row) -> None:
    lines: dict[Spot, int] = {}
    callers: dict[Spot, Spot] = {}
    recursive: set[Spot] = set()
    for part in rows_of(row, "lines"):
        spot = _traced(to, part)
        if spot is not None:
            lines[spot] = lines.get(spot, 0) + number_of(part, "equations")
            by = [one for one in map(partial(_traced, to), rows_of(part, "callers")) if one]
            looping = next((one for one in by if one.loop), None)
            if spot.loop is None and looping is not None:
                callers[spot] = looping
            if sum((one.path, one.function) == (spot.path, spot.function) for one in by) >= DEEP:
                recursive.add(spot)
    scans = [
        ScanSeen(spot, number_of(part, "copies"), number_of(part, "length"), number_of(part, "equations"))
        for part in rows_of(row, "scans")
        if (spot := to.places.spot(part)) is not None
    ]
    callbacks = [
        CallbackSeen(
            spot, text_of(part, "how"), text_of(part, "calls"), text_of(part, "loop"), number_of(part, "turns")
        )
        for part in rows_of(row, "callbacks")
        if (spot := to.places.spot(part)) is not None
    ]
    to.programs.append(
        ProgramSeen(
            to.site(row), number_of(row, "equations"), lines, callers, words_of(row, "exponents"), frozenset(recursive),
            tuple(scans), tuple(callbacks),
        )
    )  # fmt: skip


def _traced(to: Gathered, part: Row) -> Spot | None:
    """A line of a trace: the loop that makes a lambda is not a loop of the lambda's."""
    spot = to.places.spot(part)
    return spot._replace(loop=None) if spot is not None and spot.function.endswith("<lambda>") else spot


def _lower(to: Gathered, row: Row) -> None:
    """A lowering that no compilation followed; the others are told with theirs."""
    to.lowerings.append((to.site(row), seconds_of(row, "lower_s")))


def _compile(to: Gathered, row: Row) -> None:
    cause = _cause(to, row) or Cause("unknown")
    to.compiles.append(
        CompileSeen(
            site=to.site(row),
            process=to.process,
            cause=cause,
            at=to.places.spot(row.get("at")),
            trace_s=seconds_of(row, "trace_s"),
            lower_s=seconds_of(row, "lower_s"),
            compile_s=seconds_of(row, "compile_s"),
            cache=text_of(row, "cache", "off"),
            constants_bytes=number_of(row, "constants_bytes"),
            shape=text_of(row, "shape"),
            via=to.places.package(text_of(row, "via")) if text_of(row, "via") else "",
            jitted_at=_jitted(to, row),
            bodies=tuple(to.sites[one] for one in row.get("bodies") or () if one in to.sites),
            ended_s=seconds_of(row, "t"),
        )
    )


def _jitted(to: Gathered, row: Row) -> Spot | None:
    """Where the function was jitted: near the call that compiled it, as the source says; else where a run first saw it."""
    site, at = to.site(row), row.get("at")
    if site.jitted_at is not None or not isinstance(at, dict):
        return site.jitted_at
    defined = to.defined.get(row.get("site"), ("", 0))
    if not site.user:
        return to.wrapped.get(defined)
    path = text_of(at, "path")
    found = to.places.source.jitted(path, site.name, plain_name(text_of(at, "function")))
    if found is not None:
        return Spot(to.places.path(path), found.line, found.function, found.loop)
    made = to.jitted.get(defined)
    return made.at if made is not None and made.at.function != "<module>" else None


def _constant(to: Gathered, row: Row) -> None:
    shape = row.get("shape")
    to.constants.append(
        ConstantSeen(
            site=to.site(row),
            holder=text_of(row, "holder"),
            leaf=text_of(row, "leaf"),
            shape=tuple(part for part in shape if isinstance(part, int)) if isinstance(shape, list) else (),
            dtype=text_of(row, "dtype"),
            bytes=number_of(row, "bytes"),
            at=to.places.spot(row.get("at")),
            made=to.places.spot(row.get("made")),
            how=text_of(row, "how", "unknown"),
        )
    )


def _sync(to: Gathered, row: Row) -> None:
    at = to.places.spot(row)
    if at is not None:
        to.syncs[at.path, at.line, text_of(row, "how")] = SyncSeen(
            at=at,
            how=text_of(row, "how"),
            count=number_of(row, "count"),
            blocked=number_of(row, "blocked"),
            seconds=seconds_of(row, "seconds"),
            bytes=number_of(row, "bytes"),
            loop=bool(row.get("loop")),
            in_loop_of=to.places.spot(row.get("in_loop_of")),
            calls=number_of(row, "calls"),
            value=text_of(row, "value"),
        )


def _calls(to: Gathered, row: Row) -> None:
    static = to.site(row).static
    arguments = tuple(
        ArgumentSeen(
            name=text_of(part, "name"),
            role="static" if text_of(part, "name") in static or text_of(part, "role") == "static" else "traced",
            kinds=words_of(part, "kinds"),
            values=text_of(part, "values", "array"),
            distinct=number_of(part, "distinct"),
            tracer=bool(part.get("tracer")),
            bytes=number_of(part, "bytes"),
            same_object=bool(part.get("same_object")),
            host_upload_bytes=number_of(part, "host_upload_bytes"),
            host=text_of(part, "host"),
        )
        for part in rows_of(row, "arguments")
    )
    to.calls[row.get("site")] = Calls(
        number_of(row, "calls"), number_of(row, "sampled"), number_of(row, "tracer_calls"), arguments
    )


def _key(to: Gathered, row: Row) -> None:
    first, again = to.places.spot(row.get("first")), to.places.spot(row.get("again"))
    if first is None or again is None:
        return
    name = text_of(row, "key") or "a random key"
    times, site = max(1, number_of(row, "times")), to.sites.get(row.get("site"))
    seen = KeySeen(name, first, again, text_of(row, "how"), times, site, bool(row.get("repeated")))
    to.keys[name, first, again] = seen


def _donation(to: Gathered, row: Row) -> None:
    missed = tuple(
        Missed(text_of(part, "name"), number_of(part, "bytes"), bool(part.get("dead")))
        for part in rows_of(row, "missed")
    )
    to.donations[row.get("site")] = DonationSeen(to.site(row), words_of(row, "wasted"), missed)


def _fold(to: Gathered, row: Row) -> None:
    seen = FoldSeen(
        site=to.sites.get(row.get("site")),
        seconds=seconds_of(row, "seconds"),
        text=text_of(row, "text"),
        at=to.places.spot(row.get("at")),
        operations=max(1, number_of(row, "operations")),
    )
    to.folding.pop(row.get("site"), None)
    if row.get("under_way"):
        to.folding[row.get("site")] = seen
    else:
        to.folds.append(seen)


def _note(to: Gathered, row: Row) -> None:
    if text_of(row, "text"):
        to.notes.append(text_of(row, "text"))


def _begin(to: Gathered, row: Row) -> None:
    to.open.begin(row)


def _still(to: Gathered, row: Row) -> None:
    to.open.still(row)


def _done(to: Gathered, row: Row) -> None:
    """Says by its number alone what has ended."""


_READERS: dict[str, Callable[[Gathered, Row], None]] = {
    "site": _site,
    "jitted": _jitted_at,
    "begin": _begin,
    "still": _still,
    "done": _done,
    "trace": _trace,
    "program": _program,
    "lower": _lower,
    "compile": _compile,
    "constant": _constant,
    "sync": _sync,
    "calls": _calls,
    "keys": _key,
    "donation": _donation,
    "fold": _fold,
    "note": _note,
    **happenings.READERS,
    **wasted.READERS,
}
