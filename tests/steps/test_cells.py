"""Findings of notebooks: the cell, the line in it, and only that cell's lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from jaxaudit.report.markdown import markdown
from jaxaudit.report.sarif import sarif
from jaxaudit.report.terminal import findings, statistics, summary
from jaxaudit.steps.check import Options, check

CELLS = [
    "# A title",
    "%matplotlib inline\nimport jax\nimport jax.numpy as jnp\n!pip list",
    "TABLE = jnp.ones((4096, 4096))\nkey = jax.random.key(0)",
    "@jax.jit\ndef f(x):\n    return x @ TABLE\n\nf(jnp.ones(4096))",
    "def broken(:\n    pass",
    "a = jax.random.normal(key, (3,))",
    "b = jax.random.normal(key, (3,))",
]


def write(path: Path, cells: list[str]) -> str:
    rows = [
        {"cell_type": "markdown" if text.startswith("# ") else "code", "source": text.splitlines(keepends=True)}
        for text in cells
    ]
    path.write_text(json.dumps({"cells": rows, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4}))
    return str(path)


def checked(paths: list[str], **options: Any) -> Any:
    return check(paths, Options(cached=False, **options))


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    return checked([write(tmp_path / "study.ipynb", CELLS)])


def by_rule(document: Any, rule: str) -> Any:
    (found,) = [one for one in document["findings"] if one["rule"] == rule]
    return found


def test_a_finding_stands_in_its_cell(document: Any) -> None:
    captured = by_rule(document, "captured-array")
    assert (captured["cell"], captured["line"], captured["end_line"]) == (4, 3, 3)
    assert [row["text"] for row in captured["snippet"]] == ["    return x @ TABLE"]
    assert (3, 1) in [(note["cell"], note["line"]) for note in captured["notes"]]


def test_lines_in_a_message_count_within_cells_too(document: Any) -> None:
    reused = by_rule(document, "key-reuse")
    assert (reused["cell"], reused["line"], reused["facts"]["first_line"]) == (7, 1, 1)
    assert "in line 1 of cell 6" in reused["message"]


def test_a_cell_that_is_no_python_is_named_and_the_others_are_checked(document: Any) -> None:
    assert [(one["path"], one["cell"]) for one in document["unread"]] == [("study.ipynb", 5)]
    assert document["summary"]["unread"] == 1
    assert "in 1 file" in summary(document)
    assert "not read: study.ipynb:cell 5: " in summary(document)


def test_the_inventory_says_cells(document: Any) -> None:
    (function,) = document["functions"]
    assert (function["cell"], function["line"]) == (4, 2)
    assert [(one["cell"], one["line"]) for one in function["callers"]] == [(4, 5)]
    assert "study.ipynb:cell 4:5" in statistics(document)


def test_every_report_says_the_cell(document: Any) -> None:
    assert "--> study.ipynb:cell 4:3:16 in f" in findings(document)
    assert "::: study.ipynb:cell 3:1:9" in findings(document)
    assert "`study.ipynb:cell 4`, line 3" in markdown(document)
    results = json.loads(sarif(document))["runs"][0]["results"]
    assert {"name": "cell 4", "kind": "cell"} in results[0]["locations"][0]["logicalLocations"]
    assert results[0]["message"]["text"].startswith("Cell 4: ")


def test_no_fix_is_promised_for_a_cell(document: Any) -> None:
    assert by_rule(document, "key-reuse")["fix"] is None
    assert "can mend" not in summary(document)


def test_a_cell_above_leaves_the_fingerprints(document: Any, tmp_path: Path) -> None:
    later = checked([write(tmp_path / "study.ipynb", ["x = 1", *CELLS])])
    assert [one["fingerprint"] for one in later["findings"]] == [one["fingerprint"] for one in document["findings"]]
    assert by_rule(later, "captured-array")["cell"] == 5


def test_a_comment_in_a_cell_allows_a_finding(tmp_path: Path) -> None:
    cells = [*CELLS[:-1], "b = jax.random.normal(key, (3,))  # jaxaudit: allow key-reuse -- the same noise on purpose"]
    document = checked([write(tmp_path / "study.ipynb", cells)])
    assert [one["rule"] for one in document["findings"]] == ["captured-array"]


def test_a_notebook_from_standard_input(tmp_path: Path) -> None:
    data = Path(write(tmp_path / "study.ipynb", CELLS)).read_bytes()
    document = checked([], stdin=("elsewhere.ipynb", data))
    assert by_rule(document, "captured-array")["cell"] == 4


def test_a_comment_that_ends_its_cell_says_nothing_of_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    setup = "import jax\nkey = jax.random.key(0)\na = jax.random.normal(key, (3,))"
    path = write(tmp_path / "n.ipynb", [f"{setup}\n# jaxaudit: allow key-reuse", "b = jax.random.normal(key, (3,))"])
    assert [(one["rule"], one["cell"]) for one in checked([path])["findings"]] == [
        ("unused-suppression", 1),
        ("key-reuse", 2),
    ]
    path = write(tmp_path / "n.ipynb", [setup, "# jaxaudit: allow key-reuse\n\nb = jax.random.normal(key, (3,))"])
    assert checked([path])["findings"] == []


def test_a_line_of_a_magic_is_shown_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cells = ["import jax\nkey = jax.random.key(0)\n%time a = jax.random.normal(key)", "b = jax.random.normal(key)"]
    [found] = checked([write(tmp_path / "n.ipynb", cells)])["findings"]
    [note] = found["notes"]
    [row] = note["snippet"]
    assert row["text"] == "%time a = jax.random.normal(key)"
    assert row["text"][note["column"] - 1 : note["end_column"] - 1] == "key"
