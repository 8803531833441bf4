"""What a run's document says in words, for every form of report: sums, costs, order."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jaxaudit.model import amounts
from jaxaudit.report.counts import SEVERITIES, Document, Entry, number, printed
from jaxaudit.report.places import line_of

BYTES_LIKE_A_SECOND = 200e6
"""For the order only: a constant of this size is put beside a second of compiling."""


def circumstances(document: Document) -> str:
    """`Python 3.12.1, JAX 0.10.2 on cpu (2 devices); 2 processes, 12.4 s`."""
    here, sums = document["environment"], document["summary"]
    parts = [f"Python {here['python']}"] if here.get("python") else []
    if here.get("jax"):
        backend = f" on {here['backend']}" if here.get("backend") else ""
        devices = f" ({number(len(here['devices']), 'device')})" if len(here.get("devices") or ()) > 1 else ""
        parts.append(f"JAX {here['jax']}{backend}{devices}")
    elif not sums["compiles"]:
        parts.append("JAX was not used")
    parts = parts or ["a program"]
    processes = f"{number(sums['processes'], 'process', 'processes')}, " if sums["processes"] > 1 else ""
    return f"{', '.join(parts)}; {processes}{amounts.seconds(sums['seconds'])}"


def compiled(document: Document) -> str:
    """`33 programs compiled in 8.6 s (trace 0.2 s, lower 0.7 s, XLA 7.7 s), 18 of them again: 6.8 s.`"""
    sums = document["summary"]
    whole = sums["trace_s"] + sums["lower_s"] + sums["compile_s"]
    if not sums["compiles"]:
        return "Nothing was compiled."
    hits = sum(one["cache"] == "hit" for one in document["compiles"])
    cached = f", {hits} from the compilation cache" if hits else ""
    again = (
        f"; {sums['recompiles']} of them again: {amounts.seconds(sums['recompile_s'])}" if sums["recompiles"] else ""
    )
    return (
        f"{number(sums['compiles'], 'program')} compiled in {amounts.seconds(whole)} (trace "
        f"{amounts.seconds(sums['trace_s'])}, lower {amounts.seconds(sums['lower_s'])}, XLA "
        f"{amounts.seconds(sums['compile_s'])}{cached}){again}."
    )


def cost(finding: Entry) -> str:
    """`1.9 s` or `19.2 MB`; nothing where neither is known."""
    facts = finding["facts"]
    if facts.get("seconds"):
        return amounts.seconds(float(facts["seconds"]))
    if facts.get("bytes"):
        return amounts.size(int(facts["bytes"]))
    return ""


def worst_first(document: Document, unsure: bool) -> list[Entry]:
    """Errors, warnings, notes; within each by what it cost."""
    return sorted(printed(document, unsure), key=lambda one: (SEVERITIES.index(one["severity"]), -_weight(one)))


def _weight(finding: Entry) -> float:
    facts = finding["facts"]
    return float(facts.get("seconds") or 0.0) + float(facts.get("bytes") or 0) / BYTES_LIKE_A_SECOND


def own(document: Document) -> list[Entry]:
    """The user's functions, the most expensive first."""
    mine = [one for one in document["functions"] if not one["library"] and one["wrapper"] != "body"]
    return sorted(mine, key=lambda one: -_seconds(one))


def _seconds(function: Entry) -> float:
    return float(function["trace_s"] + function["lower_s"] + function["compile_s"])


def libraries(document: Document) -> str:
    """`libraries: 34 programs, 1.2 s (jax 30, diffrax 4)`; nothing where there are none."""
    theirs: dict[str, int] = {}
    seconds = 0.0
    for one in document["compiles"]:
        if one["library"]:
            theirs[one["library"]] = theirs.get(one["library"], 0) + 1
            seconds += one["trace_s"] + one["lower_s"] + one["compile_s"]
    if not theirs:
        return ""
    names = ", ".join(f"{name} {count}" for name, count in sorted(theirs.items(), key=lambda pair: -pair[1])[:5])
    return f"libraries and single operations: {number(sum(theirs.values()), 'program')}, {amounts.seconds(seconds)} ({names})"


def why_again(document: Document, function: Entry) -> list[str]:
    """Each reason for which it was compiled again, once, with how often: `3 times: scale (static): 1.5 -> 5.0`."""
    table: dict[str, list[str]] = {}
    for one in document["compiles"]:
        if (one["path"], one["line"], one["function"]) == (function["path"], function["line"], function["name"]):
            if one["cause"]["kind"] not in ("first", "derived"):
                leaves = ", ".join(change["leaf"] for change in one["cause"]["changes"])
                table.setdefault(f"{one['cause']['kind']}\0{leaves}", []).append(one["cause"]["text"])
    return [
        f"{amounts.times(len(texts))}: {texts[0].replace('<locals>.', '')}"
        for texts in sorted(table.values(), key=len, reverse=True)
    ]


def captures(document: Document, function: Entry) -> str:
    """The largest arrays that it captured, by name."""
    held = [
        one
        for one in document["constants"]
        if one["function"] == function["name"] and one["how"] != "created" and one["bytes"] >= 1024
    ]
    held.sort(key=lambda one: -one["bytes"])
    shown = [f"{constant(one)} ({amounts.size(one['bytes'])})" for one in held[:3]]
    more = f" and {len(held) - 3} more" if len(held) > 3 else ""
    return ", ".join(shown) + more


def constant(one: Entry) -> str:
    """What a captured array is called, or what made it."""
    made_by = {"made": "an array of NumPy's", "created": "an array that tracing made"}
    return f"{one['holder']}{one['leaf']}" or made_by.get(one["how"], "an array without a name")


def arguments(function: Entry) -> Iterator[str]:
    """Which of the host numbers never changed, and which did."""
    scalars = [
        one for one in function["arguments"] if one["values"] in ("one", "few", "many") and function["calls"] > 1
    ]
    for word, values in (("never changed", ("one",)), ("changed", ("few", "many"))):
        names = [
            _argument(one) for one in scalars if one["values"] in values and (word == "changed" or _holds_numbers(one))
        ]
        if names:
            yield f"{word}: {', '.join(names[:6])}"


def _holds_numbers(one: Mapping[str, Any]) -> bool:
    """Not a function, nor a tree without leaves: that these never change is no news."""
    return any(kind != "other" for kind in one["kinds"])


def _argument(one: Mapping[str, Any]) -> str:
    kinds = "/".join([kind for kind in one["kinds"] if kind != "other"][:2])
    said = [part for part in (one["role"] if one["role"] == "static" else "", kinds) if part]
    number_of = "more than 64" if one["distinct"] > 64 else one["distinct"]
    values = f", {number_of} values" if one["distinct"] > 1 else ""
    return f"{one['name']} ({' '.join(said)}{values})" if said else one["name"]


def loops(document: Document) -> Sequence[Entry]:
    """The waits in loops, the longest first."""
    found = [one for one in document["syncs"] if one["loop"] or one["in_loop_of"]]
    return sorted((one for one in found if one["count"] > 1), key=lambda one: (-one["seconds"], -one["count"]))


MOST_NAMES = 6


def not_seen(document: Document) -> str:
    """`NOT SEEN 3 of 7 jitted functions were never called: render (plot.py:12), ...`; nothing where all were."""
    never = document.get("never_called", ())
    if not never:
        return ""
    names = [f"{one['name']} ({line_of(one)})" for one in never[:MOST_NAMES]]
    more = f" and {len(never) - MOST_NAMES} more" if len(never) > MOST_NAMES else ""
    were = "function was" if document["summary"]["jitted"] == 1 else "functions were"
    return f"{len(never)} of {document['summary']['jitted']} jitted {were} never called: {', '.join(names)}{more}"


MOST_LINES = 5


def eager_lines(document: Document) -> list[str]:
    """`train.py:12 in fit: 9 compiles, 3 shapes, 310 ms (add, exp)`: lines that compiled single operations repeatedly."""
    found = [one for one in document.get("eager", ()) if one["compiles"] > 1]
    said = [_eager_line(one) for one in found[:MOST_LINES]]
    if len(found) > MOST_LINES:
        rest = sum(one["compiles"] for one in found[MOST_LINES:])
        said.append(f"and {number(rest, 'compile')} at {number(len(found) - MOST_LINES, 'more line')}")
    return said


def _eager_line(one: Entry) -> str:
    inside = f" in {one['function']}" if one["function"] not in ("", "<module>") else ""
    names = ", ".join(one["operations"][:3]) + (", ..." if len(one["operations"]) > 3 else "")
    counts = f"{number(one['compiles'], 'compile')}, {number(one['shapes'], 'shape')}"
    return f"{line_of(one)}{inside}: {counts}, {amounts.seconds(one['seconds'])} ({names})"
