"""Sums over a check's findings, and numbers as people say them."""

from collections.abc import Iterable, Mapping
from typing import Any

from jaxaudit.model.finding import CERTAIN
from jaxaudit.report.places import order_of

SEVERITIES = ("error", "warning", "info")

Document = Mapping[str, Any]
Entry = Mapping[str, Any]


def certain(finding: Entry) -> bool:
    return float(finding["confidence"]) >= CERTAIN


def printed(document: Document, unsure: bool) -> list[Entry]:
    """The findings that a reader gets to see: the certain ones, and with `unsure` all."""
    return [finding for finding in document["findings"] if unsure or certain(finding)]


def in_order(findings: Iterable[Entry]) -> list[Entry]:
    """By place, as a reader goes through the files."""
    return sorted(findings, key=lambda one: (*order_of(one), one["column"], one["rule"]))


def number(count: int, one: str, many: str = "") -> str:
    """`1 error`, `2 errors`, `0 errors`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def by_rule(document: Document) -> list[tuple[str, int, int]]:
    """(rule, certain, unsure), the most frequent first."""
    table: dict[str, list[int]] = {}
    for finding in document["findings"]:
        table.setdefault(finding["rule"], [0, 0])[not certain(finding)] += 1
    return sorted(
        ((rule, sure, unsure) for rule, (sure, unsure) in table.items()), key=lambda row: (-row[1] - row[2], row)
    )


def found_line(document: Document) -> str:
    """`Found 3 errors, 2 warnings in 120 files (0.8 s).`"""
    sums = document["summary"]
    whole = [entry for entry in document["unread"] if not entry.get("cell")]
    files = number(sums["files"] - len({entry["path"] for entry in whole}), "file")
    time = f" ({sums['seconds']:.1f} s)" if "seconds" in sums else ""
    kinds = [number(sums[f"{kind}s"], kind) for kind in ("error", "warning") if sums[f"{kind}s"]]
    kinds += [number(sums["infos"], "design note")] if sums["infos"] else []
    return f"Found {', '.join(kinds) or 'no faults'} in {files}{time}."


def exit_code(document: Document) -> int:
    """1 when an error, a warning or an unread file is there to be dealt with; 2 when a rule of ours failed."""
    sums = document["summary"]
    if document["faults"]:
        return 2
    return int(bool(sums["errors"] or sums["warnings"] or sums["unread"]))
