"""Functions of two runs side by side: by what they are, not by their order; and each compile by its cause and leaves."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
Key = tuple[str, str]
"""A function of the user's: its file and its name."""
COUNTS = ("compiles", "traces", "constants_bytes")
"""Figures of a function that are the same in two runs of the same program."""
SLACK_BYTES = 1024
MOST = 200


def function_changes(before: Document, after: Document, allowed_bytes: int = 0) -> Iterator[dict[str, Any]]:
    """Each count of a function of the user's that moved. Captured bytes up to `allowed_bytes` are no loss."""
    old, new = by_function(before), by_function(after)
    for was_key, key in matched(old, new):
        was, now = old.get(was_key, {}), new.get(key, {})
        for metric in COUNTS:
            a, b = int(was.get(metric, 0)), int(now.get(metric, 0))
            if a == b or (metric == "constants_bytes" and abs(a - b) < SLACK_BYTES):
                continue
            within = metric == "constants_bytes" and b <= allowed_bytes
            yield {
                "function": key[1],
                "path": key[0],
                "line": (now or was)["line"],
                "metric": metric,
                "old": a,
                "new": b,
                "worse": b > a and bool(was) and metric != "traces" and not within,
            }


def by_function(document: Document) -> dict[Key, dict[str, Any]]:
    table: dict[Key, dict[str, Any]] = {}
    for one in document["functions"]:
        if one["library"]:
            continue
        sums = table.setdefault((one["path"], one["name"]), {"line": one["line"], **dict.fromkeys(COUNTS, 0)})
        for metric in COUNTS:
            sums[metric] += one[metric]
    return table


def matched(old: Mapping[Key, Any], new: Mapping[Key, Any]) -> list[tuple[Key, Key]]:
    """Pairs of what is the same function; one that moved to another file is known by its name where only one has it."""
    pairs = [(key, key) for key in old if key in new]
    gone, fresh = [key for key in old if key not in new], [key for key in new if key not in old]
    names = Counter(name for _, name in gone), Counter(name for _, name in fresh)
    for key in gone:
        moved = [one for one in fresh if one[1] == key[1]] if names[0][key[1]] == names[1][key[1]] == 1 else []
        pairs.append((key, moved[0] if moved else key))
    taken = {key for _, key in pairs}
    return sorted([*pairs, *((key, key) for key in fresh if key not in taken)], key=lambda pair: pair[1])


def compile_changes(before: Document, after: Document) -> dict[str, list[dict[str, Any]]]:
    """Compiles of the user's functions that only one of the runs has, however they are ordered."""
    names = {old: new for old, new in matched(by_function(before), by_function(after)) if old != new}
    old, new = _compiles(before, names), _compiles(after, {})
    return {"new": _those(after, new - old, {}), "gone": _those(before, old - new, names)}


def _compiles(document: Document, names: Mapping[Key, Key]) -> "Counter[tuple[Any, ...]]":
    return Counter(_identity(one, names) for one in document["compiles"] if not one["library"])


def _identity(one: Mapping[str, Any], names: Mapping[Key, Key]) -> tuple[Any, ...]:
    """What was compiled and for what: no line, no time, no order."""
    key = (one["path"], one["function"])
    changes = sorted((each["leaf"], each["was"], each["now"]) for each in one["cause"]["changes"])
    return (*names.get(key, key), one["cause"]["kind"], *changes)


def _those(document: Document, wanted: "Counter[tuple[Any, ...]]", names: Mapping[Key, Key]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    left = Counter(wanted)
    for one in document["compiles"]:
        if one["library"] or not left[_identity(one, names)]:
            continue
        left[_identity(one, names)] -= 1
        if len(found) < MOST:
            names_of = ("function", "path", "line", "at", "cause", "trace_s", "lower_s", "compile_s")
            found.append({name: one[name] for name in names_of})
    return found
