"""A run as the user reads it, whole. `JAXAUDIT_SNAPSHOTS=write` rewrites the files that the tests compare with."""

import json

import jsonschema
import pytest

from evidence.records import compiled, row, site, start, write
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
