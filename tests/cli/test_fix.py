import io
import json
import sys
from pathlib import Path

import jsonschema
import pytest

from fake_engine import Project
from jaxaudit.cli.main import main

IDLE = "x = 1  # jaxaudit: allow jit-in-loop\ny = 2\n"
CLEAN = "x = 1\ny = 2\n"
DIFF = """\
--- a/a.py
+++ b/a.py
@@ -1,2 +1,2 @@
-x = 1  # jaxaudit: allow jit-in-loop
+x = 1
 y = 2
"""


def said(capfd: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["fix", *argv])
    out, err = capfd.readouterr()
    return code, out, err


def test_it_shows_a_diff_and_writes_nothing(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    file = project.write("a.py", IDLE)
    code, out, err = said(capfd)
    assert (code, out) == (1, DIFF)
    assert err == "1 finding can be fixed in 1 file.\nNothing was written: `jaxaudit fix --write` applies the fixes.\n"
    assert file.read_text("utf-8") == IDLE
    assert said(capfd, "--exit-zero")[0] == 0


def test_write(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    file = project.write("a.py", IDLE)
    assert said(capfd, "--write") == (0, "", "Fixed 1 finding in 1 file.\n")
    assert file.read_text("utf-8") == CLEAN
    assert said(capfd, "--write") == (0, "", "Nothing to fix.\n")


def test_a_bad_file_is_named_and_counts(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    (project.root / "bad.py").write_bytes(b"\xff")
    code, _, err = said(capfd)
    assert code == 1
    assert "not read: bad.py: it is not UTF-8" in err


def test_a_folder_that_cannot_be_written(
    project: Project, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = project.write("a.py", IDLE)
    monkeypatch.setattr("os.replace", no_room)
    code, _, err = said(capfd, "--write", "--exit-zero")
    assert code == 1
    assert "Nothing was fixed.\nleft as it is: a.py: " in err
    assert "No space left on device" in err
    assert file.read_text("utf-8") == IDLE


def test_output_is_a_patch(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    project.write("a.py", IDLE)
    code, out, err = said(capfd, "--output", "all.patch", "--color", "always")
    assert (code, out) == (1, "")
    assert Path("all.patch").read_text("utf-8") == DIFF
    assert "can be fixed" in err


def test_json(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    project.write("a.py", IDLE)
    code, out, err = said(capfd, "--format", "json")
    assert (code, err) == (1, "")
    document = json.loads(out)
    assert document["findings"][0]["fix"]["diff"] == DIFF
    schema = Path(__file__).parents[2] / "docs/schema/jaxaudit-1.schema.json"
    jsonschema.validate(document, json.loads(schema.read_text("utf-8")))


def test_colours(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    project.write("a.py", IDLE)
    out = said(capfd, "--color", "always")[1]
    assert "\x1b[31m-x = 1  # jaxaudit: allow jit-in-loop\x1b[0m\n\x1b[32m+x = 1\x1b[0m\n" in out


def test_standard_input(project: Project, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(IDLE.encode())))
    assert said(capfd, "-", "--stdin-filename", "a.py")[1] == DIFF
    code, _, err = said(capfd, "-", "--write")
    assert (code, err.count("\n")) == (2, 1)
    assert "can't write to standard input" in err


def test_quiet(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    project.write("a.py", IDLE)
    assert said(capfd, "--quiet")[1:] == (DIFF, "")
