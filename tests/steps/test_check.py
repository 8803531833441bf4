import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fake_engine import Project
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.check import Options, check
from processes import python

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/jaxaudit-1.schema.json").read_text("utf-8"))
FAULTY = "import jax\nstep = jit(f)  # FAULT jit-in-loop\n"


def checked(*paths: str, **options: Any) -> dict[str, Any]:
    document = check(paths or ["."], Options(**options))
    jsonschema.validate(json.loads(json.dumps(document)), SCHEMA)
    assert document.keys() >= {"summary", "known", "faults", "functions", "rules"}
    return document


def rules_in(document: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in document["findings"]]


def test_the_document_keeps_the_contract(project: Project) -> None:
    project.write("src/a.py", FAULTY)
    document = checked("src")
    (finding,) = document["findings"]
    assert (finding["path"], finding["line"], finding["column"], finding["end_column"]) == ("src/a.py", 2, 8, 14)
    assert finding["snippet"] == [{"line": 2, "text": "step = jit(f)  # FAULT jit-in-loop", "offset": 0}]
    assert finding["fix"] == {"applicability": "safe", "title": "write it otherwise", "diff": None}
    assert document["rules"].keys() == {"jit-in-loop"}
    assert document["functions"][0]["callers"] == [{"path": "src/a.py", "line": 3, "function": "main"}]


def test_paths_are_shown_from_the_working_directory(project: Project) -> None:
    project.write("src/a.py", FAULTY)
    assert checked(str(project.root / "src"))["findings"][0]["path"] == "src/a.py"
    assert checked("./src")["findings"][0]["path"] == "src/a.py"


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        ({}, ["jit-in-loop", "key-reuse"]),
        ({"select": ("random",)}, ["key-reuse"]),
        ({"ignore": ("jit",)}, ["key-reuse"]),
        ({"select": ("all",), "ignore": ("key-reuse",)}, ["jit-in-loop"]),
    ],
)
def test_select_and_ignore(project: Project, options: dict[str, Any], rules: list[str]) -> None:
    project.write("a.py", FAULTY + "draw(key)  # FAULT key-reuse\n")
    assert rules_in(checked(**options)) == rules


def test_the_command_line_wins_over_the_file(project: Project) -> None:
    project.write("a.py", FAULTY + "draw(key)  # FAULT key-reuse\n")
    project.write("pyproject.toml", '[tool.jaxaudit]\nselect = ["random"]\nignore = ["boundaries"]\n')
    assert rules_in(checked()) == ["key-reuse"]
    assert rules_in(checked(select=("jit-in-loop",))) == ["jit-in-loop"]


def test_an_unknown_rule_in_the_file_names_the_file(project: Project) -> None:
    project.write("pyproject.toml", '[tool.jaxaudit]\nignore = ["key-resue"]\n')
    with pytest.raises(Mistake, match=r"ignore of \[tool.jaxaudit\] in .*pyproject.toml: there is no rule 'key-resue'"):
        checked()


def test_per_file_ignores_and_exclude(project: Project) -> None:
    project.write("src/a.py", FAULTY)
    project.write("tests/deep/a.py", FAULTY)
    project.write("old_a.py", FAULTY)
    project.write(
        "pyproject.toml",
        '[tool.jaxaudit]\nexclude = ["old_*.py"]\nper-file-ignores = {"tests/**" = ["boundaries"]}\n',
    )
    assert [finding["path"] for finding in checked()["findings"]] == ["src/a.py"]


def test_comments_allow_and_idle_ones_are_reported(project: Project) -> None:
    project.write(
        "a.py", "x = f()  # FAULT jit-in-loop  # jaxaudit: allow jit-in-loop\ny = 1  # jaxaudit: allow key-reuse\n"
    )
    document = checked()
    assert rules_in(document) == ["unused-suppression"]
    assert document["summary"]["suppressed"] == 1
    assert rules_in(checked(ignore=("unused-suppression",))) == []


def test_a_baseline_leaves_out_what_it_knows(project: Project, tmp_path: Path) -> None:
    project.write("a.py", FAULTY)
    saved = project.write("base.json", json.dumps(checked()))
    project.write("a.py", "\n\n" + FAULTY + "draw(key)  # FAULT key-reuse\n")
    document = checked(baseline=saved)
    assert rules_in(document) == ["key-reuse"]
    assert [finding["rule"] for finding in document["known"]] == ["jit-in-loop"]


def test_a_check_with_a_baseline_is_itself_a_baseline(project: Project) -> None:
    project.write("a.py", FAULTY)
    saved = project.write("base.json", json.dumps(checked()))
    again = project.write("base.json", json.dumps(checked(baseline=saved)))
    assert checked(baseline=again)["findings"] == []


def test_a_known_small_capture_is_within_the_budget(project: Project) -> None:
    from dataclasses import replace

    rule = project.rules["jit-in-loop"]
    match = rule.match
    project.rules["jit-in-loop"] = replace(
        rule, family="captures", match=lambda program: [replace(one, facts={"bytes": 5000}) for one in match(program)]
    )
    project.write("a.py", FAULTY)
    assert rules_in(checked()) == []
    project.write("pyproject.toml", '[tool.jaxaudit]\ncaptured-bytes = "4KiB"\n')
    assert rules_in(checked()) == ["jit-in-loop"]


def test_unread_files_are_named(project: Project) -> None:
    (project.root / "bad.py").write_bytes(b"\xff")
    document = checked()
    assert document["unread"] == [{"path": "bad.py", "reason": "it is not UTF-8"}]
    assert document["summary"]["files"] == 1


def test_a_rule_that_fails_is_named_and_the_others_go_on(project: Project) -> None:
    project.break_rule("key-reuse")
    project.write("a.py", FAULTY)
    document = checked()
    assert rules_in(document) == ["jit-in-loop"]
    assert document["faults"] == [{"rule": "key-reuse", "text": "RuntimeError: no such thing"}]


def test_standard_input_is_one_file(project: Project) -> None:
    project.write("pkg/a.py", "x = 1\n")
    document = checked("-", stdin=("pkg/a.py", FAULTY.encode()))
    assert [(one["path"], one["line"]) for one in document["findings"]] == [("pkg/a.py", 2)]


def test_a_path_that_is_not_there(project: Project) -> None:
    with pytest.raises(Mistake, match=r"^there is no file or folder 'nowhere'$"):
        checked("nowhere")


def test_the_same_finding_counts_once(project: Project) -> None:
    from dataclasses import replace

    rule = project.rules["jit-in-loop"]
    match = rule.match
    project.rules["jit-in-loop"] = replace(rule, match=lambda program: [*match(program), *match(program)])
    project.write("a.py", FAULTY)
    assert rules_in(checked()) == ["jit-in-loop"]


def test_a_very_long_line_is_cut_around_its_place(project: Project) -> None:
    project.write("a.py", "x = [" + "1, " * 2000 + "]; f()  # FAULT jit-in-loop\n")
    (finding,) = checked()["findings"]
    (line,) = finding["snippet"]
    assert len(line["text"]) == 400
    assert line["text"][finding["column"] - 1 - line["offset"] :].startswith("f()")


def test_a_finding_in_a_notebook_says_its_cell_and_fix_leaves_the_file(tmp_path: Path) -> None:
    source = "import jax\nk = jax.random.key(0)\nx = jax.random.normal(k)\ny = jax.random.normal(k)\n"
    cells = [{"cell_type": "markdown", "source": "x"}, {"cell_type": "code", "source": source}]
    text = json.dumps({"cells": cells})
    (tmp_path / "a.ipynb").write_text(text)
    done = python("-m", "jaxaudit", "check", "a.ipynb", "--no-cache", "--format", "json", cwd=tmp_path)
    assert [one["cell"] for one in json.loads(done.stdout)["findings"]] == [2]
    fixed = python("-m", "jaxaudit", "fix", "a.ipynb", "--no-cache", "--write", "--unsafe", cwd=tmp_path)
    assert "cells of notebooks are not rewritten" in fixed.stderr
    assert (tmp_path / "a.ipynb").read_text() == text
