import io
import json
import sys
from pathlib import Path

import pytest

from fake_engine import Project
from jaxaudit.cli.main import main
from processes import python

FAULTY = "import jax\nstep = jit(f)  # FAULT jit-in-loop\n"


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["check", *argv])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_finding_is_shown_and_counts(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("a.py", FAULTY)
    code, out, err = said(capsys)
    assert (code, err) == (1, "")
    assert "warning[jit-in-loop]: `jit(f)` is at fault\n --> a.py:2:8 in main\n" in out
    assert "Found 1 warning in 1 file (" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("x = 1\n", 0),
        ("x = f()  # FAULT jit-in-loop 0.8\n", 1),
        ("x = f()  # FAULT jit-in-loop 0.79\n", 0),
        ("x = f()  # FAULT broken\n", 1),
        ("x = 1  # jaxaudit: allow jit-in-loop\n", 1),
    ],
)
def test_exit_codes(project: Project, capsys: pytest.CaptureFixture[str], source: str, code: int) -> None:
    project.write("a.py", source)
    assert said(capsys)[0] == code
    assert said(capsys, "--exit-zero")[0] == 0


def test_an_unread_file_counts(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.root / "a.py").write_bytes(b"\xff")
    code, out, _ = said(capsys)
    assert code == 1
    assert "not read: a.py: it is not UTF-8" in out


def test_a_failed_rule_is_our_fault_even_with_exit_zero(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.break_rule("key-reuse")
    project.write("a.py", FAULTY)
    code, out, _ = said(capsys, "--exit-zero")
    assert code == 2
    said_of_it = "the rule key-reuse failed, so its findings are missing; this is a fault of jaxaudit"
    assert said_of_it in " ".join(out.split())
    assert "warning[jit-in-loop]" in out


@pytest.mark.parametrize("command", ["check", "fix", "explain"])
def test_a_program_is_not_overwritten_by_a_report(
    project: Project, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    project.write("a.py", FAULTY)
    what = "key-reuse" if command == "explain" else "."
    assert main([command, what, "--output", "a.py"]) == 2
    assert "--output would overwrite 'a.py'" in capsys.readouterr().err
    assert Path("a.py").read_text() == FAULTY


def test_what_is_excluded_can_stay_out_although_it_is_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("pyproject.toml", '[tool.jaxaudit]\nexclude = ["gen/"]\n')
    project.write("gen/a.py", FAULTY)
    project.write("b.py", FAULTY)
    assert "2 files" in said(capsys, "gen/a.py", "b.py")[1]
    assert "1 file (" in said(capsys, "gen/a.py", "b.py", "--force-exclude")[1]
    assert "0 files" in said(capsys, "gen/a.py", "b.py", "--force-exclude", "--exclude", "b.py")[1]


def test_json_to_standard_output_and_nothing_else(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("a.py", FAULTY + "x = f()  # FAULT key-reuse 0.3\n")
    code, out, err = said(capsys, "--format", "json")
    assert (code, err) == (1, "")
    assert [one["rule"] for one in json.loads(out)["findings"]] == ["jit-in-loop", "key-reuse"]


@pytest.mark.parametrize("form", ["terminal", "json", "sarif", "markdown", "html"])
def test_output_writes_the_rendering_and_the_terminal_gets_a_summary(
    project: Project, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    project.write("a.py", FAULTY)
    code, out, err = said(capsys, "--format", form, "--output", "report.txt", "--color", "always")
    assert (code, out) == (1, "")
    assert err.startswith("Found 1 warning in 1 file (")
    text = Path("report.txt").read_text("utf-8")
    assert "jit-in-loop" in text
    assert "\x1b" not in text
    assert said(capsys, "--format", form, "--output", "report.txt", "--quiet")[1:] == ("", "")


def test_a_saved_check_is_a_baseline(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("a.py", FAULTY)
    said(capsys, "--format", "json", "--output", "base.json")
    code, out, _ = said(capsys, "--baseline", "base.json")
    assert code == 0
    assert "1 finding known from the baseline." in out


def test_statistics(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("a.py", FAULTY)
    code, out, _ = said(capsys, "--statistics")
    assert code == 1
    assert "jit-in-loop        1       0" in out
    assert "1 jitted function:" in out
    assert "    called by main (a.py:3)" in out


def test_unsure(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("a.py", "x = f()  # FAULT jit-in-loop 0.5\n")
    code, out, _ = said(capsys)
    assert "warning[" not in out
    assert "--unsure shows it" in out
    code, out, _ = said(capsys, "--unsure")
    assert code == 0
    assert "= unsure: confidence 0.50; a run would settle it" in out


def test_quiet_and_verbose(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("pyproject.toml", "[tool.jaxaudit]\n")
    project.write("a.py", FAULTY)
    assert "Found" not in said(capsys, "--quiet")[1]
    (project.root / "b.py").write_bytes(b"\xff")
    assert "\nnot read: b.py: it is not UTF-8" in said(capsys, "--quiet")[1]
    assert "configuration: pyproject.toml\n" in said(capsys, "--verbose")[1]
    assert said(capsys, "--quiet", "--verbose")[0] == 2


def test_standard_input(project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FAULTY.encode())))
    code, out, _ = said(capsys, "-", "--stdin-filename", "src/a.py")
    assert code == 1
    assert "--> src/a.py:2:8" in out


@pytest.mark.parametrize(
    ("environ", "choice", "coloured"),
    [({}, "auto", False), ({}, "always", True), ({"NO_COLOR": "1"}, "always", True), ({}, "never", False)],
)
def test_colour(
    project: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    choice: str,
    coloured: bool,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    project.write("a.py", FAULTY)
    assert ("\x1b[" in said(capsys, "--color", choice)[1]) is coloured


@pytest.mark.parametrize(
    ("variable", "value", "coloured"), [("TERM", "xterm", True), ("TERM", "dumb", False), ("NO_COLOR", "1", False)]
)
def test_colour_on_a_terminal(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, coloured: bool) -> None:
    from jaxaudit.cli.arguments import wants_colour

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert wants_colour("auto") is coloured


def test_a_terminal_without_these_signs_gets_escapes(tmp_path: Path) -> None:
    """The real engine on a real file, in a process whose output is ASCII."""
    (tmp_path / "ü.py").write_bytes(b"\xff\xff")
    done = python("-m", "jaxaudit", "check", "--no-cache", ".", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
    assert "not read: \\xfc.py: " in done.stdout


def test_progress_is_shown_only_after_a_while() -> None:
    from jaxaudit.cli.progress import Progress

    now = [0.0]
    shown = io.StringIO()
    old, sys.stderr = sys.stderr, shown
    try:
        progress = Progress(clock=lambda: now[0])
        progress(1, 9)
        assert shown.getvalue() == ""
        now[0] = 2.0
        progress(5, 9)
        assert "read 5 of 9 files" in shown.getvalue()
        progress.clear()
        assert shown.getvalue().endswith("\r")
    finally:
        sys.stderr = old
