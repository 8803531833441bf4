"""A run as the user reads it, whole. `JAXAUDIT_SNAPSHOTS=write` rewrites the files that the tests compare with."""

import json

import jsonschema
import pytest

from evidence.records import at, compiled, row, site, start, write
from jaxaudit.report.paint import coloured
from jaxaudit.report.rendering import rendered
from jaxaudit.report.run_markdown import run_markdown
from jaxaudit.report.run_terminal import run_summary
from jaxaudit.report.text_width import width
from jaxaudit.steps.run import observed
from report.run_documents import run_document
from report.test_sarif import PUBLISHED
from report.test_terminal import same_as


@pytest.fixture
def document(tmp_path):
    return run_document(tmp_path)


def test_the_summary(document):
    text = run_summary(document)
    assert max(map(width, text.splitlines())) <= 80
    same_as("run.txt", text)


@pytest.mark.parametrize("columns", [40, 60, 110])
def test_no_line_is_longer_than_the_terminal(document, columns):
    assert max(map(width, run_summary(document, columns).splitlines())) <= max(columns, 60)


def test_the_worst_comes_first(document):
    text = run_summary(document)
    rules = ["varying-static", "host-sync-in-loop", "captured-array"]
    assert sorted(rules, key=lambda rule: text.index(f"[{rule}]")) == rules


def test_the_page(document):
    same_as("run.md", run_markdown(document))


def test_colours_add_nothing_but_colours(document):
    import re

    painted = run_summary(document, paint=coloured)
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == run_summary(document)


def test_sarif_passes_the_published_schema(document):
    log = json.loads(rendered(document, "sarif"))
    jsonschema.Draft4Validator(PUBLISHED).validate(log)
    assert len(log["runs"][0]["results"]) == sum(one["confidence"] >= 0.8 for one in document["findings"])


def test_a_run_without_faults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = run_summary(observed(write(tmp_path, *start(tmp_path), site(tmp_path), compiled())))
    assert "No faults were seen in this run." in text
    assert "1 program compiled in 1.0 s" in text


def test_notes_of_one_rule_stand_together(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    add = site(tmp_path, 3, "add", path="/venv/lib/python3.12/site-packages/jax/x.py", user=False, wrapper="eager")
    lines = [(2, 9), (2, 9), (2, 9), (2, 9), (3, 18), (3, 18), (3, 18), (3, 18)]
    again = [compiled("signature", 3, at=at(tmp_path, line)) for _, line in lines]
    said = run_summary(run_document(tmp_path, add, compiled(number=3), *again))
    assert said.count("[eager-hot-path]") == 1
    assert "  also: train.py:" in said


def test_a_run_without_jax(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = run_summary(observed(write(tmp_path, start(tmp_path)[0])))
    assert "JAX was not used" in text
    assert "Nothing was compiled." in text


def test_what_could_not_be_seen_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = write(tmp_path, *start(tmp_path), row("note", text="no causes here"), rest=b"?\n")
    text = run_summary(observed(record))
    assert "note: no causes here" in text
    assert "not read: 10-1.jsonl: line 6 of this record is damaged" in text


def test_what_it_died_of_is_said_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    died = row("begin", work=1, stage="compile", site=1, at=at(tmp_path, 11), constants_bytes=4_360_000_000, thread=1)
    record = write(tmp_path, *start(tmp_path), site(tmp_path), died, row("still", work=1, seconds=41.0), end="signal 9")
    document = observed(record)
    said = "Died (SIGKILL) while compiling step (train.py:5), called at train.py:11, 41.0 s in; constants 4.36 GB."
    text = run_summary(document)
    assert said in " ".join(text.split())
    assert max(map(width, text.splitlines())) <= 80
    assert "Died (SIGKILL) while compiling step" in run_markdown(document)
    assert text.index("Died") < text.index("record:")


def test_which_process_died(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    died = row("begin", work=1, stage="trace", site=1, at=at(tmp_path, 11), constants_bytes=0, thread=1)
    write(tmp_path, *start(tmp_path, 11, time=6e8), site(tmp_path), died, name="11-1", end="")
    text = run_summary(observed(write(tmp_path, *start(tmp_path), site(tmp_path), compiled())))
    assert "Process 11: The record ends while tracing step" in text


def test_what_was_never_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [f"render_{i}" for i in range(8)]
    place = {"path": str(tmp_path / "train.py"), "wrapper": "jit", "at": at(tmp_path, 9)}
    lines = [row("jitted", name=name, line=9 + i, **place) for i, name in enumerate(["step", *names])]
    lines[0]["line"] = 4
    text = run_summary(observed(write(tmp_path, *start(tmp_path), site(tmp_path), compiled(), *lines)))
    said = "NOT SEEN 8 of 9 jitted functions were never called: render_0 (train.py:10), render_1 (train.py:11),"
    assert said in " ".join(text.split())
    assert "and 2 more" in text
    assert max(map(width, text.splitlines())) <= 80


def test_single_operations_by_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = site(tmp_path, 2, "sin", wrapper="eager", path="/env/site-packages/jax/a.py", user=False)
    rows = [compiled("signature", 2, at=at(tmp_path, 12), shape=f"[{i % 3}]") for i in range(9)]
    document = observed(write(tmp_path, *start(tmp_path), one, *rows))
    said = "train.py:12 in fit: 9 compiles, 3 shapes, 9.0 s (sin)"
    assert said in run_summary(document)
    assert said in run_markdown(document)
    assert document["eager"][0]["compiles"] == 9
