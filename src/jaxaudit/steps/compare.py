"""What got better or worse between two documents. Counts decide; a clock does where two audits give it an interval."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxaudit import __version__
from jaxaudit.model.finding import CERTAIN
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.compare_clocks import clock_changes
from jaxaudit.steps.compare_functions import compile_changes, function_changes
from jaxaudit.steps.config import Config, read_config
from jaxaudit.steps.document import SCHEMA, shown
from jaxaudit.steps.saved import saved
from jaxaudit.steps.summary_first import summary_first

Document = Mapping[str, Any]
SECONDS = ("trace_s", "lower_s", "compile_s")
RAN = ("run", "audit")
"""Kinds of documents that hold a run."""
ALONE = {"compare", "case"}
"""Kinds that nothing can be compared with."""


def compare(old: str, new: str) -> dict[str, Any]:
    """The document of a comparison. Raises `Mistake` where the two have nothing in common to compare."""
    before, after = saved(old), saved(new)
    kinds = {before["kind"], after["kind"]}
    if kinds & ALONE or (len(kinds) > 1 and kinds != set(RAN)):
        raise Mistake(f"{old!r} is a {before['kind']} and {new!r} a {after['kind']}: they can't be compared")
    made = compared(before, after, read_config(Path.cwd()))
    return summary_first(made | {"old": side(old, before), "new": side(new, after)})


def compared(before: Document, after: Document, config: Config | None = None) -> dict[str, Any]:
    wishes = config or Config()
    ran = after["kind"] in RAN
    mixed = before["kind"] != after["kind"]
    fresh, gone = findings(before, after, mixed), findings(after, before, mixed)
    changes = list(function_changes(before, after, wishes.captured_bytes)) if ran else []
    clocks = list(clock_changes(before, after)) if ran else []
    over = list(over_budget(after, wishes)) if ran else []
    worse = [one for one in (*changes, *clocks) if one["worse"]]
    counting = [one for one in fresh if one["severity"] != "info" and one["confidence"] >= CERTAIN]
    regressions = len(counting) + len(worse) + len(over)
    return {
        "schema": SCHEMA,
        "kind": "compare",
        "summary": {
            "regressions": regressions,
            "findings": len(fresh),
            "gone": len(gone),
            "worse": len(worse),
            "better": sum(one["new"] < one["old"] for one in changes),
            "over_budget": len(over),
        },
        "environment": {
            "tool": __version__,
            "python": ".".join(map(str, sys.version_info[:3])),
            "platform": sys.platform,
            "configuration": shown(str(wishes.file)) if wishes.file else None,
        },
        "findings": fresh,
        "gone": gone,
        "changes": changes,
        "compiles": compile_changes(before, after) if ran else {"new": [], "gone": []},
        "clocks": clocks,
        "over_budget": over,
        "verdicts": list(verdict_changes(before, after)),
        "totals": list(totals(before, after)),
        "unread": after["unread"],
        "regressions": regressions,
    }


def side(name: str, document: Document) -> dict[str, Any]:
    here = document["environment"]
    return {"file": name, "kind": document["kind"], "tool": here["tool"], "jax": here.get("jax")}


def findings(before: Document, after: Document, mixed: bool = False) -> list[dict[str, Any]]:
    """The findings of `after` that `before` does not have. A file that was moved or renamed makes none new.

    `mixed`: only one of the two read the sources, so that only what a run saw can be compared.
    """
    known = Counter(content(one) for one in before["findings"])
    fresh = []
    for one in after["findings"]:
        if known[content(one)]:
            known[content(one)] -= 1
        elif _counts(one) and not (mixed and one["source"] == "static"):
            fresh.append(one)
    return fresh


def _counts(finding: Mapping[str, Any]) -> bool:
    """Not what the run cleared, nor what it says itself with figures."""
    status = finding.get("status")
    return status != "cleared" and not (status == "confirmed" and finding["source"] != "run")


def content(finding: Mapping[str, Any]) -> str:
    return str(finding["fingerprint"]).partition("-")[0]


def over_budget(after: Document, config: Config) -> Iterator[dict[str, Any]]:
    """The sums of a run that pass what `max-compiles`, `max-recompiles` and `max-constants` allow."""
    sums = after["summary"]
    held = sum(one["constants_bytes"] for one in after["compiles"])
    for metric, value, most in (
        ("compiles", sums["compiles"], config.max_compiles),
        ("recompiles", sums["recompiles"], config.max_recompiles),
        ("constants_bytes", held, config.max_constants),
    ):
        if most is not None and value > most:
            yield {"metric": metric, "new": value, "allowed": most}


def verdict_changes(before: Document, after: Document) -> Iterator[dict[str, Any]]:
    """Changes that both audits considered, and of which they say different things."""
    old, new = _verdicts(before), _verdicts(after)
    for key, (verdict, text) in new.items():
        if key in old and old[key][0] != verdict:
            path, title = key
            yield {"path": path, "title": title, "old": old[key][0], "new": verdict, "text": text}


def _verdicts(document: Document) -> dict[tuple[str, str], tuple[str, str]]:
    proposals = {one["id"]: one for one in document.get("proposals", ())}
    return {
        (proposals[one["proposal"]]["path"], proposals[one["proposal"]]["title"]): (
            one["verdict"],
            one["reason"]["text"],
        )
        for one in document.get("outcomes", ())
        if one["reason"]["code"] != "not-tried"
    }


def totals(before: Document, after: Document) -> Iterator[dict[str, Any]]:
    """Sums of both; seconds are shown and decide nothing, because they flicker."""
    names: Sequence[str] = ("errors", "warnings", "infos")
    if after["kind"] in RAN:
        names = (*names, "compiles", "recompiles", *SECONDS)
    if before["kind"] == after["kind"] == "audit":
        names = (*names, "run_s", "kept")
    for name in names:
        yield {"metric": name, "old": before["summary"][name], "new": after["summary"][name]}
