"""`jaxaudit report` as a user types it."""

import json
import os

import pytest

from evidence.records import compiled, site, start, write
from jaxaudit.cli.main import main
from report.check_documents import check_document


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changed = compiled("dtype", 1, ("x", "i32[]", "f32[]"))
    return write(tmp_path, *start(tmp_path), site(tmp_path), compiled(), changed, end="")


def test_the_newest_record_also_of_a_killed_run(record, capsys):
    assert main(["report"]) == 0
    said = capsys.readouterr().out
    assert "warning[unstable-structure]: `x` changed between calls of `step`" in said
    assert "`jaxaudit explain unstable-structure`" in said


def test_a_record_by_its_folder_as_json(record, capsys):
    assert main(["report", str(record), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "run"


def test_a_saved_check(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "check.json").write_text(json.dumps(check_document()), "utf-8")
    assert main(["report", "check.json"]) == 0
    assert "jit-in-loop" in capsys.readouterr().out


def test_the_newest_wins_document_or_record(record, tmp_path, capsys):
    later = tmp_path / ".jaxaudit" / "check.json"
    later.write_text(json.dumps(check_document()), "utf-8")
    os.utime(later, (4e9, 4e9))
    assert main(["report"]) == 0
    assert "Found 1 error" in capsys.readouterr().out


def test_a_file_and_the_short_summary(record, tmp_path, capsys):
    assert main(["report", "--format", "markdown", "--output", "run.md"]) == 0
    assert (tmp_path / "run.md").read_text("utf-8").startswith("# jaxaudit run")
    assert "unstable-structure" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't be read"),
        ("not json", "neither a document"),
        ('{"schema": "other/1"}', "is not a document of jaxaudit's"),
        ('{"schema": "jaxaudit/1", "kind": "dream"}', "which this jaxaudit can't show"),
    ],
)
def test_what_is_no_document(tmp_path, monkeypatch, capsys, content, words):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "a.json").write_text(content, "utf-8")
    assert main(["report", "a.json"]) == 2
    assert words in capsys.readouterr().err


def test_nothing_was_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["report"]) == 2
    assert "nothing was kept under .jaxaudit/ here" in capsys.readouterr().err
