"""Small programs with one fault each, audited from end to end: found, mended, proved, and applied.

Each folder below `tests/audit_programs` holds a `program.py` and what is expected of its audit, in `expect.json`:
the rule; the verdict ("none" where nothing may be kept); the reason's code; a metric with the bound that it must meet.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from jaxaudit.verify.tokens import distance, tokens

HERE = Path(__file__).parents[1]
PROGRAMS = sorted(path.parent.name for path in (HERE / "audit_programs").glob("*/program.py"))
ALWAYS = ("traced_length",)
"""Tried in every run of the tests; the others take a minute or two each."""
SCHEMA = json.loads((HERE.parent / "docs/schema/jaxaudit-1.schema.json").read_text("utf-8"))
BUDGET = os.environ.get("JAXAUDIT_TEST_BUDGET", "8m")
MOVED = 1e-4
"""How far numbers of a program's output may move where a change is kept."""


def environment():
    return {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(HERE.parent / "src")}


def jaxaudit(folder, *words):
    return subprocess.run(
        [sys.executable, "-m", "jaxaudit", *words], cwd=folder, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip


def run(folder, **more):
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=folder, env=environment() | more, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def audited(folder, name):
    (folder / "program.py").write_text((HERE / "audit_programs" / name / "program.py").read_text("utf-8"))
    for words in (["init", "-q"], ["add", "program.py"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    done = jaxaudit(
        folder, "audit", "--budget", BUDGET, "--python", sys.executable, "--report-dir", "report", "--format", "json",
        "--output", "out.json", "program.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads((folder / "out.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document, done.stderr


def meets(expected, measured):
    """Whether a figure before and after keeps to the bound."""
    before, after = measured["before"], measured["after"]
    return (
        after <= expected.get("most", after)
        and after >= expected.get("least", after)
        and before - after >= expected.get("fewer", before - after)
        and after <= expected.get("part", 1.0) * max(before, after)
    )


def wrong(document, expected):
    """What is not as expected, in a sentence; "" where all is."""
    kept = [one["proposal"] for one in document["outcomes"] if one["verdict"] == "keep"]
    if expected["verdict"] == "none":
        return f"kept {kept}" if kept else ""
    asked = [one["id"] for one in document["proposals"] if expected["rule"] in one["rules"]]
    if not asked:
        return "no proposal; ruled out: " + "; ".join(one["reason"]["text"] for one in document["ruled_out"])
    tried = [one for one in document["outcomes"] if one["proposal"] in asked]
    said = "; ".join(f"{one['verdict']} {one['reason']['code']} {one['reason']['text']}" for one in tried)
    right = [one for one in tried if one["verdict"] == expected["verdict"]]
    if not right:
        return said
    if "code" in expected and right[0]["reason"]["code"] != expected["code"]:
        return said
    if "metric" in expected:
        seen = [one for one in right[0]["measured"] if one["metric"] == expected["metric"]]
        if not seen or not meets(expected, seen[0]):
            return f"{said}; {seen}"
    return ""


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=() if one in ALWAYS else pytest.mark.slow) for one in PROGRAMS]
)
def test_the_fault_is_found_mended_and_proved(tmp_path, name):
    expected = json.loads((HERE / "audit_programs" / name / "expect.json").read_text("utf-8"))
    document, said = audited(tmp_path, name)
    assert wrong(document, expected) == "", said
    if expected["verdict"] != "keep":
        return
    before = run(tmp_path)
    patch = tmp_path / "report/audit.patch"
    settings = (tmp_path / "report/audit.env").read_text("utf-8")
    assert patch.read_text("utf-8") or settings
    if patch.read_text("utf-8"):
        subprocess.run(["git", "apply", "--check", "-p1", str(patch)], cwd=tmp_path, check=True)
        applied = jaxaudit(tmp_path, "apply", "--allow-dirty", "--audit", "report")
        assert applied.returncode == 0, applied.stderr
        after = run(tmp_path)
        assert after[0] == 0, after[1]
        if before[0] == 0:
            apart = distance(tokens(before[1]), tokens(after[1]))
            assert apart.same_words and apart.relative <= MOVED, (before[1], after[1])
