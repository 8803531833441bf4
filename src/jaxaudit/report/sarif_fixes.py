"""A finding's diff as SARIF's `fixes`: replacements of whole lines, which editors and code hosts can make."""

import re
from collections.abc import Callable
from typing import Any

from jaxaudit.report.counts import Entry

HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
NO_END = "\\ No newline at end of file"
Artifact = Callable[[str], dict[str, Any]]


def fixes(finding: Entry, artifact: Artifact) -> list[dict[str, Any]]:
    """One fix with a change for each file; none where no diff was made."""
    fix = finding.get("fix")
    if not fix or not fix.get("diff"):
        return []
    changes = [
        {"artifactLocation": artifact(path), "replacements": replacements}
        for path, replacements in replacements_of(fix["diff"]).items()
    ]
    return [{"description": {"text": fix["title"]}, "artifactChanges": changes}] if changes else []


def replacements_of(diff: str) -> dict[str, list[dict[str, Any]]]:
    """By path: each run of removed and added lines of a unified diff."""
    found: dict[str, list[dict[str, Any]]] = {}
    path, at, removed, added = "", 1, 0, list[str]()
    old = new = 0  # lines of the hunk that are still to come

    def flush() -> None:
        nonlocal at, removed
        if removed or added:
            found.setdefault(path, []).append(_replacement(at, removed, "".join(added)))
        at, removed = at + removed, 0
        added.clear()

    for line in diff.split("\n"):
        if line == NO_END:
            if added:
                added[-1] = added[-1][:-1]
        elif old <= 0 and new <= 0:
            flush()
            head = HUNK.match(line)
            if head:
                old, new = int(head[2] or 1), int(head[3] or 1)
                at = int(head[1]) + (old == 0)
            elif line.startswith("--- "):
                path = line[4:].split("\t")[0].removeprefix("a/")
        elif line[:1] == "-":
            removed, old = removed + 1, old - 1
        elif line[:1] == "+":
            added.append(f"{line[1:]}\n")
            new -= 1
        else:
            flush()
            at, old, new = at + 1, old - 1, new - 1
    flush()
    return found


def _replacement(line: int, removed: int, text: str) -> dict[str, Any]:
    region = {"startLine": line, "startColumn": 1, "endLine": line + removed, "endColumn": 1}
    return {"deletedRegion": region, "insertedContent": {"text": text}}
