import pytest

from fake_engine import Project
from jaxaudit import __version__
from jaxaudit.cli.main import main
from processes import python

HEAVY = ("argparse", "dataclasses", "inspect", "json", "pathlib", "re", "tomllib", "jaxaudit.model", "jaxaudit.steps")


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(list(argv))
    out, err = capsys.readouterr()
    return code, out, err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--version") == (0, f"jaxaudit {__version__}\n", "")


def test_help_names_every_command_and_fits_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "--help")
    assert code == 0
    assert all(f"\n  {command} " in out for command in ("check", "fix", "explain", "rules"))
    assert max(map(len, out.splitlines())) <= 80


def test_no_command_shows_the_help_and_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys)
    assert (code, out[:15]) == (2, "usage: jaxaudit")


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["chek"], "there is no command 'chek'; did you mean 'check'? `jaxaudit --help` lists them"),
        (["tune"], "there is no command 'tune'; `jaxaudit --help` lists them"),
        (["--jobs"], "the option '--jobs' stands before the command; write `jaxaudit COMMAND --jobs ...`"),
        (
            ["check", "--selct", "a"],
            "unrecognized arguments: --selct; did you mean '--select'? `jaxaudit check --help`",
        ),
        (["check", "--jobs", "0"], "argument --jobs: '0' is not a number of processes; `jaxaudit check --help`"),
        (["check", "--format", "xml"], "argument --format: invalid choice: 'xml'"),
        (["check", "nowhere"], "there is no file or folder 'nowhere'"),
        (["check", "a.py", "-"], "- stands for standard input and can't be mixed with other paths"),
        (["check", "--stdin-filename", "a.py"], "--stdin-filename needs - as the path"),
        (["check", "--select", "key-resue"], "--select: there is no rule 'key-resue'; did you mean 'key-reuse'?"),
        (["check", "--baseline", "no.json"], "the baseline no.json can't be read (No such file or directory)"),
        (
            ["check", "--output", "no/such/folder.txt"],
            "'no/such/folder.txt' can't be written: No such file or directory",
        ),
        (
            ["explain", "key-resue"],
            "there is no rule 'key-resue'; did you mean 'key-reuse'? `jaxaudit rules` lists them",
        ),
        (["check", "--select", ","], "argument --select: ',' names nothing"),
        (["dev", "new-rule", "x"], "the following arguments are required: --family"),
        (["dev", "new-rule", "x", "--family", "y"], "is not a checkout of jaxaudit: it has no src/jaxaudit/rules"),
    ],
)
def test_wrong_use_is_one_sentence(
    project: Project, capsys: pytest.CaptureFixture[str], argv: list[str], sentence: str
) -> None:
    code, out, err = said(capsys, *argv)
    assert (code, out) == (2, "")
    assert err.startswith("jaxaudit: ")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_path_as_command(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("train.py", "")
    assert "'train.py' is a path, not a command; to check it: jaxaudit check train.py" in said(capsys, "train.py")[2]


def test_our_own_fault_is_said_without_a_traceback(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("jaxaudit.steps.check.check", fail)
    code, _, err = said(capsys, "check")
    assert code == 2
    assert "this is a fault of jaxaudit, not of your code: ZeroDivisionError: division by zero" in err
    assert "Traceback" not in err
    monkeypatch.setenv("JAXAUDIT_DEBUG", "1")
    assert "Traceback" in said(capsys, "check")[2]


def test_ctrl_c(project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("jaxaudit.steps.check.check", interrupt)
    assert said(capsys, "check") == (130, "", "jaxaudit: interrupted\n")


def test_a_reader_that_leaves_is_no_fault() -> None:
    program = "import os, sys; from jaxaudit.cli.main import main; r, w = os.pipe(); os.close(r); os.dup2(w, 1)"
    done = python("-c", f"{program}; sys.exit(main(['--help']))")
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_way_in_imports_nothing_heavy(option: str) -> None:
    bare = _imported("-c", "pass")
    ours = _imported("-c", f"from jaxaudit.cli.main import main; main([{option!r}])")
    assert not [name for name in HEAVY if name in ours - bare]


def _imported(*argv: str) -> set[str]:
    done = python("-X", "importtime", *argv)
    assert done.returncode == 0
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
