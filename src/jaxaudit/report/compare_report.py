"""Two documents compared, as people read it."""

from collections.abc import Iterator
from typing import Any

from jaxaudit.model import amounts
from jaxaudit.model.moved_words import CLOCKS, span
from jaxaudit.report.counts import Document, Entry, number
from jaxaudit.report.markdown import cell, code, escaped
from jaxaudit.report.paint import Paint, plain
from jaxaudit.report.places import line_of
from jaxaudit.report.tables import table
from jaxaudit.report.text_width import wrap

WORDS = {
    "constants_bytes": "captured",
    "trace_s": "trace",
    "lower_s": "lower",
    "compile_s": "XLA",
    "run_s": "a run",
    "recompiles": "compiled again",
}
MOST = 12


def comparison(document: Document, columns: int = 80, paint: Paint = plain) -> str:
    """What is worse, what is better, the sums of both."""
    lines = wrap(verdict(document), columns)
    lines[0] = paint(lines[0], "strong")
    for title, rows in sections(document):
        lines += ["", paint(title, "strong")]
        for row in rows:
            lines += wrap(row, columns, first="  ", rest="      ")
    lines += ["", *table([("", "old", "new"), *map(_total, document["totals"])], right=(1, 2))]
    return "\n".join(lines) + "\n"


def comparison_markdown(document: Document) -> str:
    parts = ["# jaxaudit compare", escaped(verdict(document))]
    for title, rows in sections(document):
        parts += [f"## {escaped(title)}", "\n".join(f"- {escaped(row)}" for row in rows)]
    head = ["| | old | new |", "|---|--:|--:|"]
    rows = [f"| {cell(name)} | {old} | {new} |" for name, old, new in map(_total, document["totals"])]
    return "\n\n".join([*parts, "\n".join(head + rows), f"From {code(document['old']['file'])}."]) + "\n"


def verdict(document: Document) -> str:
    """`2 regressions from old.json to new.json.`"""
    count = document["regressions"]
    said = number(count, "regression") if count else "No regression"
    return f"{said} from {document['old']['file']} to {document['new']['file']}."


def sections(document: Document) -> Iterator[tuple[str, list[str]]]:
    """What decides stands first; a document of an earlier version has fewer of these."""
    changes, clocks = document["changes"], document.get("clocks", ())
    compiles = document.get("compiles", {"new": [], "gone": []})
    slower = [one for one in clocks if one["worse"]]
    for title, rows in (
        ("New findings", [_finding(one) for one in document["findings"]]),
        ("Over budget", [_over(one) for one in document.get("over_budget", ())]),
        ("Worse", [*(_change(one) for one in changes if one["worse"]), *map(_clock, slower)]),
        ("Better", [_change(one) for one in changes if one["new"] < one["old"]]),
        ("Otherwise", [_change(one) for one in changes if one["new"] > one["old"] and not one["worse"]]),
        ("Compiled now and not before", _compiles(compiles["new"])),
        ("Compiled before and not now", _compiles(compiles["gone"])),
        ("Verdicts that changed", [_verdict(one) for one in document.get("verdicts", ())]),
        ("Clocks", [_clock(one) for one in clocks if not one["worse"]]),
        ("Findings that are gone", [_finding(one) for one in document["gone"]]),
    ):
        if rows:
            yield title, rows


def _finding(one: Entry) -> str:
    return f"{line_of(one)}: {one['severity']}[{one['rule']}]: {one['message']}"


def _change(one: Entry) -> str:
    old, new = (_value(one["metric"], one[side]) for side in ("old", "new"))
    return f"{line_of(one)}: {one['function']}: {WORDS.get(one['metric'], one['metric'])} {old} -> {new}"


def _over(one: Entry) -> str:
    name = WORDS.get(one["metric"], one["metric"])
    return (
        f"{name} {_value(one['metric'], one['new'])}; the configuration allows {_value(one['metric'], one['allowed'])}"
    )


def _compiles(found: list[Entry]) -> list[str]:
    """Those of one function and one reason in a line: `train.py:4: step: 3 times: x: f32[3] -> f32[4]`."""
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for one in found:
        leaves = ", ".join(change["leaf"] for change in one["cause"]["changes"])
        groups.setdefault((line_of(one), one["function"], leaves or one["cause"]["kind"]), []).append(one)
    rows = []
    for (place, name, _), members in groups.items():
        seconds = amounts.seconds(sum(one["trace_s"] + one["lower_s"] + one["compile_s"] for one in members))
        why = members[0]["cause"]["text"] or members[0]["cause"]["kind"]
        rows.append(f"{place}: {name}: {amounts.times(len(members))}, {seconds}: {why}")
    return rows if len(rows) <= MOST else [*rows[:MOST], f"and {number(len(rows) - MOST, 'more reason')}"]


def _verdict(one: Entry) -> str:
    return f"{one['path']}: {one['title']}: {one['old']} -> {one['new']}: {one['text']}"


def _clock(one: Entry) -> str:
    name = CLOCKS.get(one["metric"], one["metric"])
    moved = f"{name} {amounts.seconds(one['old'])} -> {amounts.seconds(one['new'])}"
    few, many = sorted(one["runs"])
    if one["low"] is None:
        return f"{moved} (no interval: {few} and {many} timed runs)"
    where = "" if one["same_machine"] else "; another machine, so it decides nothing"
    return f"{moved} ({span(one['low'], one['high'])}, {one['runs'][0]} and {one['runs'][1]} runs{where})"


def _total(one: Entry) -> tuple[str, str, str]:
    name = str(one["metric"])
    old, new = (_value(name, one[side]) for side in ("old", "new"))
    return WORDS.get(name, name), old, new


def _value(name: str, value: Any) -> str:
    if name.endswith("_s"):
        return amounts.seconds(float(value))
    return amounts.size(int(value)) if name == "constants_bytes" else str(value)
