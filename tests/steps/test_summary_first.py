"""Who reads the first 2 kB of any document knows what it says."""

import json

import pytest

from jaxaudit.steps.summary_first import MOST_BYTES, summary_first
from report.audit_documents import audit_document
from report.check_documents import CAPTURED, JIT_IN_LOOP, check_document
from report.run_documents import run_document


@pytest.mark.parametrize("kind", ["check", "run", "audit"])
def test_it_is_first_and_says_what_matters(kind, tmp_path):
    made = {
        "check": lambda: summary_first(check_document([JIT_IN_LOOP, CAPTURED])),
        "run": lambda: run_document(tmp_path),
        "audit": lambda: audit_document(tmp_path),
    }[kind]()
    assert list(made)[:3] == ["schema", "kind", "summary"]
    said = {
        "check": ("Found 1 error, 1 warning in", "error[captured-array] train.py:9: "),
        "run": ("6 programs compiled in", "error[varying-static] train.py:"),
        "audit": ("Kept 1 of 4 changes; 1 is yours to decide; dropped 1; ruled out 1", "keep 1: train.py:15: Hand"),
    }[kind]
    assert said[0] in made["summary"]["headline"]
    assert made["summary"]["first"][0].startswith(said[1]), made["summary"]["first"]


@pytest.mark.parametrize("sign", ["a", "望", "\u202e", '"'])
def test_however_long_names_are_it_is_small(sign, tmp_path):
    made = audit_document(tmp_path)
    made["summary"]["program"] = sign * 100_000
    made["environment"]["jax"] = sign * 10_000
    for one in made["proposals"]:
        one["title"] = sign * 10_000
    made["processes"][0]["error"] = sign * 10_000
    made["summary"]["exit_code"] = 1
    assert len(json.dumps(summary_first(made)["summary"])) <= MOST_BYTES
