"""A check as SARIF 2.1.0, which code hosts and editors read. Paths stay relative to where the check ran."""

import json
import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from jaxaudit.report.counts import Document, Entry, certain, in_order
from jaxaudit.report.sarif_fixes import fixes

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
ROOT = "%SRCROOT%"


def sarif(document: Document, unsure: bool = False) -> str:
    """The certain findings, and with `unsure` also those that a run would have to settle, as notes."""
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(document, unsure)]}, indent=2) + "\n"


def _run(document: Document, unsure: bool) -> dict[str, Any]:
    names = sorted(document["rules"])
    results = [_result(one, names, "new" if document["known"] else "") for one in _shown(document, "findings", unsure)]
    results += [_result(one, names, "unchanged") for one in _shown(document, "known", unsure)]
    return {
        "tool": {"driver": _driver(document, names)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder in which jaxaudit was run."}}},
        "invocations": [_invocation(document)],
        "results": results,
    }


def _shown(document: Document, part: str, unsure: bool) -> list[Entry]:
    """Each fault once: of an audit not what the run cleared, nor what the source says of what the run saw."""
    twice = [one for one in document[part] if one.get("status") == "confirmed" and one["source"] != "run"]
    found = [one for one in document[part] if one not in twice and one.get("status") != "cleared"]
    return [one for one in in_order(found) if unsure or certain(one)]


def _driver(document: Document, names: list[str]) -> dict[str, Any]:
    version = document["environment"]["tool"]
    rules = [_rule(name, document["rules"][name]) for name in names]
    return {"name": "jaxaudit", "version": version, "semanticVersion": version, "rules": rules}


def _rule(name: str, rule: Entry) -> dict[str, Any]:
    why, do = rule["why"].strip(), rule["do"].strip()
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": rule["title"]},
        "fullDescription": {"text": why},
        "help": {"text": f"{why}\n\nInstead:\n\n{do}", "markdown": f"{why}\n\nInstead:\n\n{_fenced(do)}"},
        "defaultConfiguration": {"level": LEVELS[rule["severity"]]},
        "properties": {"tags": [rule["family"], "jax"]},
    }


def _fenced(code: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return f"{fence}python\n{code}\n{fence}"


def _result(finding: Entry, names: list[str], state: str) -> dict[str, Any]:
    sure = certain(finding)
    advice = f" Instead: {finding['help']}" if finding["help"] else ""
    cell = f"Cell {finding['cell']}: " if finding.get("cell") else ""
    doubt = "" if sure else " (A suspicion: a run would settle it.)"
    result = {
        "ruleId": finding["rule"],
        "level": LEVELS[finding["severity"]] if sure else "note",
        "rank": round(100 * finding["confidence"], 1),
        "message": {"text": f"{cell}{_sentence(finding['message'])}{_sentence(advice)}{doubt}"},
        "locations": [_location(finding)],
        "relatedLocations": list(_related(finding)),
        "partialFingerprints": {"jaxaudit/v1": finding["fingerprint"]},
        "properties": {"confidence": finding["confidence"], "facts": finding["facts"]},
    }
    changes = fixes(finding, _artifact)
    if changes:
        result["fixes"] = changes
    if finding["rule"] in names:
        result["ruleIndex"] = names.index(finding["rule"])
    if state:
        result["baselineState"] = state
    return result


def _cell(entry: Entry) -> str:
    return f"cell {entry['cell']}: " if entry.get("cell") else ""


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _related(finding: Entry) -> Iterator[dict[str, Any]]:
    for number, note in enumerate(finding["notes"]):
        yield {"id": number, **_location(note), "message": {"text": note["text"]}}


def _location(at: Entry) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": _artifact(at["path"]), "region": _region(at)}}
    logical = [{"name": f"cell {at['cell']}", "kind": "cell"}] if at.get("cell") else []
    if at["function"] not in ("", "<module>"):
        logical.append({"fullyQualifiedName": at["function"], "kind": "function"})
    if logical:
        location["logicalLocations"] = logical
    return location


def _artifact(path: str) -> dict[str, Any]:
    """A relative address below the root, or a file address for what lies elsewhere."""
    address = quote(path.encode("utf-8", "surrogateescape"))
    if os.path.isabs(path):
        return {"uri": f"file://{address}" if address.startswith("/") else f"file:///{address}"}
    return {"uri": address, "uriBaseId": ROOT}


def _region(at: Entry) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": max(1, at["line"]), "startColumn": max(1, at["column"])}
    if at["end_line"] >= at["line"]:
        region |= {"endLine": max(1, at["end_line"]), "endColumn": max(1, at["end_column"])}
    if at["snippet"]:
        region["snippet"] = {"text": "\n".join(line["text"] for line in at["snippet"])}
    return region


def _invocation(document: Document) -> dict[str, Any]:
    """How the check went: what it could not read, and rules of ours that failed."""
    notes = [
        {
            "level": "warning",
            "message": {"text": f"not read: {_cell(entry)}{entry['reason']}"},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(entry["path"])}}],
        }
        for entry in document["unread"]
    ]
    faults = [
        {"level": "error", "message": {"text": f"the rule {fault['rule']} failed: {fault['text']}"}}
        for fault in document["faults"]
    ]
    return {"executionSuccessful": not faults, "toolExecutionNotifications": notes + faults}
