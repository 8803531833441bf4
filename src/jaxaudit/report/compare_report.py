"""Two documents compared, as people read it."""

from collections.abc import Iterator
from typing import Any

from jaxaudit.model import amounts
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
}


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
    changes = document["changes"]
    for title, rows in (
        ("New findings", [_finding(one) for one in document["findings"]]),
        ("Worse", [_change(one) for one in changes if one["worse"]]),
        ("Better", [_change(one) for one in changes if one["new"] < one["old"]]),
        ("Otherwise", [_change(one) for one in changes if one["new"] > one["old"] and not one["worse"]]),
        ("Findings that are gone", [_finding(one) for one in document["gone"]]),
    ):
        if rows:
            yield title, rows


def _finding(one: Entry) -> str:
    return f"{line_of(one)}: {one['severity']}[{one['rule']}]: {one['message']}"


def _change(one: Entry) -> str:
    values = [
        amounts.size(one[side]) if one["metric"] == "constants_bytes" else str(one[side]) for side in ("old", "new")
    ]
    return f"{line_of(one)}: {one['function']}: {WORDS.get(one['metric'], one['metric'])} {values[0]} -> {values[1]}"


def _total(one: Entry) -> tuple[str, str, str]:
    name = str(one["metric"])
    old, new = (_value(name, one[side]) for side in ("old", "new"))
    return WORDS.get(name, name), old, new


def _value(name: str, value: Any) -> str:
    return amounts.seconds(float(value)) if name.endswith("_s") else str(value)
