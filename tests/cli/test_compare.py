"""`jaxaudit compare` as a user and CI type it."""

import json
from pathlib import Path

import jsonschema
import pytest

from evidence.records import compiled, row, site, start, write
from jaxaudit.cli.main import main
from report.check_documents import CAPTURED, JIT_IN_LOOP, check_document

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/jaxaudit-1.schema.json").read_text("utf-8"))
CHANGED = compiled("dtype", 1, ("x", "i32[]", "f32[]"))


@pytest.fixture
def kept(tmp_path, monkeypatch, capsys):
    """Saves a run as a document and gives its name."""
    monkeypatch.chdir(tmp_path)

    def save(name, *rows):
        record = write(tmp_path, *start(tmp_path), site(tmp_path), compiled(), *rows)
        assert main(["report", str(record), "--format", "json", "--output", name]) == 0
        capsys.readouterr()
        return name

    return save


def test_a_run_that_compiles_more_is_a_regression(kept, capsys):
    assert main(["compare", kept("old.json"), kept("new.json", CHANGED)]) == 1
    said = capsys.readouterr().out
    assert said.startswith("2 regressions from old.json to new.json.")
    assert "train.py:5: warning[unstable-structure]: `x` changed" in said
    assert "train.py:5: step: compiles 1 -> 2" in said


def test_the_other_way_round_it_is_better(kept, capsys):
    assert main(["compare", kept("old.json", CHANGED), kept("new.json")]) == 0
    said = capsys.readouterr().out
    assert "No regression" in said
    assert said.index("Better") < said.index("step: compiles 2 -> 1") < said.index("Findings that are gone")


def test_captured_bytes_count(kept, capsys):
    more = compiled("derived", constants_bytes=5_000_000)
    assert main(["compare", kept("old.json", compiled("derived")), kept("new.json", more)]) == 1
    assert "captured 0 bytes -> 5 MB" in capsys.readouterr().out


def test_seconds_decide_nothing(kept):
    slow = row("trace", site=1, trace_s=9.0, self_s=9.0)
    fast = row("trace", site=1, trace_s=0.1, self_s=0.1)
    assert main(["compare", kept("old.json", fast), kept("new.json", slow)]) == 0


def test_as_json_it_passes_the_schema(kept, tmp_path):
    old, new = kept("old.json"), kept("new.json", CHANGED)
    assert main(["compare", old, new, "--format", "json", "--output", "out.json"]) == 1
    document = json.loads((tmp_path / "out.json").read_text("utf-8"))
    jsonschema.validate(document, SCHEMA)
    assert document["regressions"] == 2
    assert main(["report", "out.json", "--format", "markdown", "--output", "out.md"]) == 0
    assert "compiles 1 -\\> 2" in (tmp_path / "out.md").read_text("utf-8")


def test_checks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, findings in (("old.json", [JIT_IN_LOOP]), ("new.json", [JIT_IN_LOOP, CAPTURED])):
        Path(name).write_text(json.dumps(check_document(findings)), "utf-8")
    assert main(["compare", "old.json", "old.json"]) == 0
    assert main(["compare", "old.json", "new.json"]) == 1
    assert "captured-array" in capsys.readouterr().out


def test_a_check_and_a_run_can_not_be_compared(kept, tmp_path, capsys):
    (tmp_path / "check.json").write_text(json.dumps(check_document()), "utf-8")
    assert main(["compare", "check.json", kept("run.json")]) == 2
    assert "'check.json' is a check and 'run.json' a run" in capsys.readouterr().err
