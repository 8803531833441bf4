"""What got better or worse between two documents. Only what does not flicker from run to run decides."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jaxaudit import __version__
from jaxaudit.model.finding import CERTAIN
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.document import SCHEMA
from jaxaudit.steps.saved import saved

Document = Mapping[str, Any]
COUNTS = ("compiles", "traces", "constants_bytes")
"""Figures of a function that are the same in two runs of the same program."""
SECONDS = ("trace_s", "lower_s", "compile_s")
SLACK_BYTES = 1024


def compare(old: str, new: str) -> dict[str, Any]:
    """The document of a comparison. Raises `Mistake` where the two are not of one kind."""
    before, after = saved(old), saved(new)
    if before["kind"] != after["kind"]:
        raise Mistake(f"{old!r} is a {before['kind']} and {new!r} a {after['kind']}: they can't be compared")
    return compared(before, after) | {"old": side(old, before), "new": side(new, after)}


def compared(before: Document, after: Document) -> dict[str, Any]:
    fresh, gone = findings(before, after), findings(after, before)
    changes = list(function_changes(before, after)) if after["kind"] == "run" else []
    worse = [one for one in changes if one["worse"]]
    counting = [one for one in fresh if one["severity"] != "info" and one["confidence"] >= CERTAIN]
    return {
        "schema": SCHEMA,
        "kind": "compare",
        "environment": {
            "tool": __version__,
            "python": ".".join(map(str, sys.version_info[:3])),
            "platform": sys.platform,
            "configuration": None,
        },
        "findings": fresh,
        "gone": gone,
        "changes": changes,
        "totals": list(totals(before, after)),
        "unread": after["unread"],
        "regressions": len(counting) + len(worse),
    }


def side(name: str, document: Document) -> dict[str, Any]:
    here = document["environment"]
    return {"file": name, "kind": document["kind"], "tool": here["tool"], "jax": here.get("jax")}


def findings(before: Document, after: Document) -> list[dict[str, Any]]:
    """The findings of `after` that `before` does not have. A file that was moved or renamed makes none new."""
    known = Counter(content(one) for one in before["findings"])
    fresh = []
    for one in after["findings"]:
        if known[content(one)]:
            known[content(one)] -= 1
        else:
            fresh.append(one)
    return fresh


def content(finding: Mapping[str, Any]) -> str:
    return str(finding["fingerprint"]).partition("-")[0]


def function_changes(before: Document, after: Document) -> Iterator[dict[str, Any]]:
    """Each count of a function of the user's that moved."""
    old, new = by_function(before), by_function(after)
    for key in sorted({*old, *new}):
        was, now = old.get(key, {}), new.get(key, {})
        for metric in COUNTS:
            a, b = int(was.get(metric, 0)), int(now.get(metric, 0))
            if a == b or (metric == "constants_bytes" and abs(a - b) < SLACK_BYTES):
                continue
            yield {
                "function": key[1],
                "path": key[0],
                "line": (now or was)["line"],
                "metric": metric,
                "old": a,
                "new": b,
                "worse": b > a and bool(was) and metric != "traces",
            }


def by_function(document: Document) -> dict[tuple[str, str], dict[str, Any]]:
    table: dict[tuple[str, str], dict[str, Any]] = {}
    for one in document["functions"]:
        if one["library"]:
            continue
        sums = table.setdefault((one["path"], one["name"]), {"line": one["line"], **dict.fromkeys(COUNTS, 0)})
        for metric in COUNTS:
            sums[metric] += one[metric]
    return table


def totals(before: Document, after: Document) -> Iterator[dict[str, Any]]:
    """Sums of both; seconds are shown and decide nothing, because they flicker."""
    names: Sequence[str] = ("errors", "warnings", "infos")
    if after["kind"] == "run":
        names = (*names, "compiles", "recompiles", *SECONDS)
    for name in names:
        yield {"metric": name, "old": before["summary"][name], "new": after["summary"][name]}
