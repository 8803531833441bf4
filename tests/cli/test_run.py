"""`jaxaudit run` as a user types it."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from jaxaudit.cli.main import main
from jaxaudit.cli.run import parser, split
from jaxaudit.steps.launch import probe_folder
from processes import SRC
from rules.sample_cache import jax_of

needs_jax = pytest.mark.skipif(not jax_of(sys.executable), reason="JAX is not installed")

PROGRAM = """
    import sys
    import jax
    import jax.numpy as jnp

    @jax.jit
    def step(x):
        return x * 2

    for size in (2, 3, 4, 5):
        print(step(jnp.ones(size)).shape)
    sys.exit(int(sys.argv[1]))
    """


def jaxaudit(folder: Path, *argv: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    given = {
        name: value for name, value in os.environ.items() if not name.startswith(("JAXAUDIT", "PYTHON", "VIRTUAL"))
    }
    env = {**given, "PYTHONPATH": str(SRC), "COLUMNS": "80", "JAX_PLATFORMS": "cpu", **environ}
    command = [sys.executable, "-m", "jaxaudit", *argv]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("argv", "ours", "program"),
    [
        (["train.py"], [], ["train.py"]),
        (["train.py", "--python", "3", "-m"], [], ["train.py", "--python", "3", "-m"]),
        (["--python", "env", "--strict", "a.py", "-q"], ["--python", "env", "--strict"], ["a.py", "-q"]),
        (["--python=env", "a.py"], ["--python=env"], ["a.py"]),
        (["-m", "pytest", "-x", "--", "tests"], ["-m"], ["pytest", "-x", "--", "tests"]),
        (["-q", "--", "-odd.py", "x"], ["-q"], ["-odd.py", "x"]),
        (["--select", "a", "--env", "A=1", "p"], ["--select", "a", "--env", "A=1"], ["p"]),
        (["-", "x"], [], ["-", "x"]),
        (["--help"], ["--help"], []),
    ],
)
def test_options_stand_before_the_program(argv: list[str], ours: list[str], program: list[str]) -> None:
    assert split(parser(), argv) == (ours, program)


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["run"], "which program? jaxaudit run [OPTIONS] [-m] PROGRAM [ARGS ...]"),
        (["run", "-m"], "which program?"),
        (["run", "nowhere.py"], "there is no program 'nowhere.py'"),
        (
            ["run", "--format", "json", "a.py"],
            "--format json needs --output FILE: standard output is the program's own",
        ),
        (["run", "--env", "A", "a.py"], "argument --env: 'A' is not of the form NAME=VALUE"),
        (["run", "--python", "nowhere", "a.py"], "--python names 'nowhere', where there is no Python"),
        (["run", "--strct", "a.py"], "unrecognized arguments: --strct; did you mean '--strict'?"),
        (["run", "--record", "a.py", "a.py"], "a.py' (File exists); --record DIR puts it elsewhere"),
    ],
)
def test_wrong_use_is_one_sentence(
    argv: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").touch()
    code = main(argv)
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert sentence in err


def test_probe_path_is_one_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe-path"]) == 0
    assert capsys.readouterr().out == f"{probe_folder()}\n"
    assert (probe_folder() / "sitecustomize.py").is_file()


@needs_jax
def test_a_run_from_start_to_report(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(dedent(PROGRAM))
    done = jaxaudit(tmp_path, "run", "--format", "json", "--output", "out.json", "train.py", "3")
    assert (done.returncode, done.stdout) == (3, "(2,)\n(3,)\n(4,)\n(5,)\n")
    assert done.stderr.startswith(
        f"jaxaudit: the program failed with exit code 3\njaxaudit: observed under {sys.executable} (jaxaudit's own)\n"
    )
    document = json.loads((tmp_path / "out.json").read_text())
    assert (document["schema"], document["kind"]) == ("jaxaudit/1", "run")
    (step,) = [one for one in document["functions"] if one["name"] == "step"]
    assert (step["path"], step["line"], step["compiles"]) == ("train.py", 7, 4)
    assert (tmp_path / ".jaxaudit" / ".gitignore").read_text() == "*\n"


@needs_jax
def test_strict_and_quiet(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(dedent(PROGRAM))
    strict = jaxaudit(tmp_path, "run", "--strict", "--quiet", "train.py", "0")
    assert (strict.returncode, strict.stderr) == (1, "")
    own = jaxaudit(tmp_path, "run", "--strict", "-q", "--record", "kept", "train.py", "7")
    assert own.returncode == 7
    assert list((tmp_path / "kept").glob("*.jsonl"))


@needs_jax
def test_settings_for_the_program_alone(tmp_path: Path) -> None:
    (tmp_path / "show.py").write_text("import jax, os\nprint(os.environ['A'], jax.numpy.ones(1).dtype)")
    done = jaxaudit(tmp_path, "run", "-q", "--env", "A=b=c", "--env", "JAX_ENABLE_X64=1", "show.py")
    assert done.stdout == "b=c float64\n"


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "0<&-"])
def test_closed_streams(closed: str, tmp_path: Path) -> None:
    (tmp_path / "quiet.py").write_text("import sys; sys.exit(5)")
    command = f"exec {shlex.quote(sys.executable)} -m jaxaudit run quiet.py {closed}"
    env = {**os.environ, "PYTHONPATH": str(SRC)}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert "fault of jaxaudit" not in done.stderr


def test_a_program_that_removes_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "program.py").write_text("import os, shutil; shutil.rmtree(os.getcwd())")
    done = jaxaudit(tmp_path / "own", "run", "program.py")
    assert (done.returncode, "removed the folder of its record" in done.stderr) == (0, True)


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    command = f"mkdir gone; cd gone; rmdir ../gone; exec {shlex.quote(sys.executable)} -m jaxaudit run ../x.py"
    env = {**os.environ, "PYTHONPATH": str(SRC)}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "jaxaudit: the working directory is gone: go to one that exists\n")


def test_a_fault_of_ours_does_not_become_the_programs(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import sys\nsys.exit(int(sys.argv[1]))")
    assert jaxaudit(tmp_path, "run", "--output", "no/where.txt", "train.py", "5").returncode == 5
    assert jaxaudit(tmp_path, "run", "--output", "no/where.txt", "train.py", "0").returncode == 2


def test_keys_that_are_looked_at_are_no_reads_of_the_users(tmp_path: Path) -> None:
    """What the probe itself fetches of a key is nobody's, whatever its files are called in the program's process."""
    (tmp_path / "main.py").write_text(
        "import jax\nkey = jax.random.key(0)\nraw = jax.random.PRNGKey(1)\ndraw = jax.jit(jax.random.normal)\n"
        "for _ in range(40):\n    key, sub = jax.random.split(key)\n    x = draw(sub)\n"
        "    raw, sub = jax.random.split(raw)\n    y = draw(sub)\n"
    )
    done = jaxaudit(tmp_path, "run", "--format", "json", "--output", "seen.json", "main.py")
    assert done.returncode == 0, done.stderr
    assert [one for one in json.loads((tmp_path / "seen.json").read_text())["findings"] if "sync" in one["rule"]] == []
