"""Programs started as `jaxaudit run` starts them, each in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.interpreter import Interpreter
from jaxaudit.steps.launch import Ended, Wanted, environment, launch, probe_folder
from jaxaudit.steps.run_ending import why_nothing
from probe.observing import FAKE_JAX, read
from processes import SRC

LAUNCHER = """
import sys
from jaxaudit.steps.launch import Wanted, launch
from jaxaudit.steps.child import end_like
from jaxaudit.steps.run_ending import ending, why_nothing
from jaxaudit.model.mistake import Mistake
argv = sys.argv[1:]
module = argv[:1] == ["-m"] and bool(argv.pop(0))
try:
    ended = launch(Wanted(argv[0], argv[1:], module, record="record", python=sys.executable))
except Mistake as mistake:
    sys.exit(f"mistake: {mistake}")
for sentence in (ending(ended), why_nothing(ended)):
    if sentence:
        print("said:", sentence, file=sys.stderr)
sys.exit(end_like(ended.code))
"""


def started(folder: Path, *argv: str, first: str = "", **more: object) -> "subprocess.Popen[str]":
    """The launcher as a process of its own session, as far as terminals go; `first` is what it does at first."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JAXAUDIT", "PYTHON"))}
    code = f"import sys; sys.path.insert(0, {str(SRC)!r})\n{first}\n{LAUNCHER}"
    return subprocess.Popen(
        [sys.executable, "-c", code, *argv],
        cwd=folder,
        env={**env, "PYTHONPATH": str(FAKE_JAX)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **more,  # type: ignore[call-overload]
    )


def launched(folder: Path, program: str, *argv: str, input: str = "") -> "subprocess.CompletedProcess[str]":
    (folder / "program.py").write_text(dedent(program), "utf-8")
    process = started(folder, "program.py", *argv)
    out, err = process.communicate(input, timeout=60)
    return subprocess.CompletedProcess([], process.returncode, out, err)


def ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def test_streams_arguments_and_exit_code_are_the_programs(tmp_path: Path) -> None:
    program = "import jax, sys\njax.compile('a')\nprint(sys.argv, input())\nprint('bad', file=sys.stderr)\nsys.exit(9)"
    done = launched(tmp_path, program, "--python", "x", "-m", input="typed\n")
    assert (done.returncode, done.stdout) == (9, "['program.py', '--python', 'x', '-m'] typed\n")
    assert done.stderr == "bad\nsaid: the program failed with exit code 9\n"
    assert [line["k"] for line in read(tmp_path / "record")[0]] == ["start", "note", "compile", "end"]


def test_a_module(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tool.py").write_text("import sys, jax\njax.compile('a')\nprint(__name__, __package__, sys.argv[1:])")
    process = started(tmp_path, "-m", "package.tool", "-m", "x")
    assert process.communicate(timeout=60) == ("__main__ package ['-m', 'x']\n", "")


def test_a_folder_with_a_main(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import jax\njax.compile('a')\nprint('main')")
    assert started(tmp_path, "app").communicate(timeout=60) == ("main\n", "")


WAITS = """
import jax, signal, sys, time
jax.compile("a")
def told(number, frame):
    print(signal.Signals(number).name)
    sys.exit(7)
for name in {caught}:
    signal.signal(getattr(signal, name), told)
print("ready", flush=True)
while True:
    time.sleep(0.01)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"])
def test_a_signal_goes_to_the_program_which_may_handle_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(WAITS.format(caught=[name]))
    process = started(tmp_path, "program.py")
    ready(process)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (7, f"{name}\n")
    assert err == "said: the program failed with exit code 7\n"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_where_a_signal_does_not_say_who_sent_it(name: str, tmp_path: Path) -> None:
    """macOS: outside of a terminal it is handed on all the same."""
    (tmp_path / "program.py").write_text(WAITS.format(caught=[name]))
    process = started(tmp_path, "program.py", first="import signal\ndel signal.sigwaitinfo")
    ready(process)
    process.send_signal(getattr(signal, name))
    assert process.communicate(timeout=60)[0] == f"{name}\n"
    assert process.returncode == 7


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1"])
def test_the_death_of_the_program_is_ours(name: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(WAITS.format(caught=[]))
    process = started(tmp_path, "program.py")
    ready(process)
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    assert process.returncode == -getattr(signal, name)
    assert err.endswith(f"said: the program was ended by {name}\n")
    assert read(tmp_path / "record")[0][-1]["how"] == f"signal {getattr(signal, name).value}"


def test_an_interrupt_of_the_whole_group_arrives_once(tmp_path: Path) -> None:
    program = """
        import jax, signal, time
        jax.compile("a")
        try:
            print("ready", flush=True)
            time.sleep(20)
        except KeyboardInterrupt:
            time.sleep(0.2)
            print("cleaned up")
        """
    (tmp_path / "program.py").write_text(dedent(program))
    process = started(tmp_path, "program.py")
    ready(process)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60) == ("cleaned up\n", "")
    assert process.returncode == 0


IN_A_TERMINAL = """
import os, pty, sys
process, terminal = pty.fork()
if not process:
    os.execv(sys.executable, [sys.executable, "-c", sys.argv[1], "program.py"])
said = b""
while b"ready" not in said:
    said += os.read(terminal, 100)
os.write(terminal, b"\\x03")
try:
    while more := os.read(terminal, 100):
        said += more
except OSError:
    pass  # how Linux says the end
print(said.decode(), os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
"""


def test_control_c_arrives_once_however_long_the_program_takes_over_it(tmp_path: Path) -> None:
    program = """
        import jax, sys, time
        jax.compile("a")
        try:
            print("ready", flush=True)
            time.sleep(20)
        except KeyboardInterrupt:
            time.sleep(0.7)
            print("cleaned up")
            sys.exit(5)
        """
    (tmp_path / "program.py").write_text(dedent(program))
    code = f"import sys; sys.path.insert(0, {str(SRC)!r})\n{LAUNCHER}"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JAXAUDIT", "PYTHON"))}
    env["PYTHONPATH"] = str(FAKE_JAX)
    command = [sys.executable, "-c", IN_A_TERMINAL, code]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=60)
    assert "cleaned up" in done.stdout
    assert "Traceback" not in done.stdout
    assert done.stdout.endswith(" 5\n")


def test_a_program_that_is_killed(tmp_path: Path) -> None:
    done = launched(tmp_path, "import jax, os\njax.compile('a')\nos.kill(os.getpid(), 9)")
    assert done.returncode == -9
    assert done.stderr == "said: the program was ended by SIGKILL: the machine may have run out of memory\n"
    assert read(tmp_path / "record")[0][-1]["how"] == "signal 9"


def test_what_was_ignored_stays_ignored(tmp_path: Path) -> None:
    program = "import jax, signal\njax.compile('a')\nprint(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    (tmp_path / "program.py").write_text(program)
    process = started(tmp_path, "program.py", first="import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)")
    assert process.communicate(timeout=60) == ("True\n", "")


def test_no_signal_is_blocked_in_the_program(tmp_path: Path) -> None:
    done = launched(
        tmp_path, "import jax, signal\njax.compile('a')\nprint(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    )
    assert done.stdout == "set()\n"


def test_a_program_that_never_imports_jax(tmp_path: Path) -> None:
    assert launched(tmp_path, "print(1)").stderr == "said: the program never imported JAX, so nothing was observed\n"
    (tmp_path / "record").rename(tmp_path / "before")
    done = launched(tmp_path, "import sys\nsys.exit(2)")
    assert done.stderr == (
        "said: the program failed with exit code 2\nsaid: that was before it imported JAX, so nothing was observed\n"
    )


def why_nothing_under(python: str, folder: Path) -> str:
    """The sentence for a run of nothing under that Python, in which no JAX of ours is on the path."""
    (folder / "program.py").write_text("print(1)")
    code = (
        f"import sys; sys.path.insert(0, {str(SRC)!r})\n"
        "from jaxaudit.steps.launch import Wanted, launch\n"
        "from jaxaudit.steps.run_ending import why_nothing\n"
        "print(why_nothing(launch(Wanted('program.py', python=sys.argv[1]))))"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JAXAUDIT", "PYTHON"))}
    command = [sys.executable, "-c", code, python]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout.removeprefix("1\n")


def test_a_python_without_jax(tmp_path: Path) -> None:
    base = Path(sys.executable).resolve()
    if base == Path(sys.executable) or not has_no_jax(str(base)):
        pytest.skip("there is no Python without JAX behind this environment")
    assert (
        why_nothing_under(str(base), tmp_path)
        == f"JAX is not installed in {base} (--python); --python names another one\n"
    )


def has_no_jax(python: str) -> bool:
    return subprocess.run([python, "-c", "import jax"], capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("flag", ["-I", "-E", "-S"])
def test_a_python_that_shuts_us_out(flag: str, tmp_path: Path) -> None:
    lone = tmp_path / "lone"
    lone.write_text(f'#!/bin/sh\nexec {sys.executable} {flag} "$@"\n')
    lone.chmod(0o755)
    said = why_nothing_under("./lone", tmp_path)
    assert said.startswith(f"{lone} (--python) ran the program without the probe, so nothing was observed: ")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("trian.py", "there is no program 'trian.py'; did you mean 'train.py'?"),
        ("pytest", "there is no program 'pytest'; a module is run with `jaxaudit run -m pytest`"),
        ("python3", "there is no program 'python3'; name the program itself, as in `jaxaudit run train.py`"),
        ("no/such.py", "there is no program 'no/such.py'"),
    ],
)
def test_a_program_that_is_not_there(name: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").touch()
    with pytest.raises(Mistake) as error:
        launch(Wanted(name))
    assert str(error.value).startswith(sentence)
    assert not (tmp_path / ".jaxaudit").exists()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.ipynb", b"{}", "is a notebook"),
        ("a.sh", b"#!/bin/sh\necho", "is a script for /bin/sh"),
        ("a", b"\x7fELF\x02", "is an executable"),
    ],
)
def test_what_is_no_python_program(
    name: str, text: bytes, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(text)
    with pytest.raises(Mistake) as error:
        launch(Wanted(name))
    assert sentence in str(error.value)


def test_a_record_is_not_mixed_with_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").touch()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "1-1.jsonl").touch()
    with pytest.raises(Mistake, match="'kept' holds the record of another run already"):
        launch(Wanted("train.py", record="kept"))
    (tmp_path / "file").touch()
    with pytest.raises(Mistake, match=r"the record can't be written to .*file.* --record DIR puts it elsewhere"):
        launch(Wanted("train.py", record="file/below"))


def test_the_environment_is_the_users_and_the_probe() -> None:
    site, record = str(probe_folder()), Path("/r")
    assert environment({"A": "1"}, record) == {
        "A": "1",
        "PYTHONPATH": site,
        "JAXAUDIT": "run",
        "JAXAUDIT_RECORD": "/r",
    }
    nested = environment({"PYTHONPATH": f"{site}{os.pathsep}x"}, record, ["/p"])
    assert nested["PYTHONPATH"] == f"{site}{os.pathsep}x"
    assert nested["JAXAUDIT_PROJECT"] == "/p"
    assert environment({"PYTHONPATH": ""}, record)["PYTHONPATH"] == site
    assert sorted(path.name for path in probe_folder().iterdir() if path.name != "__pycache__") == ["sitecustomize.py"]


def test_where_it_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(Mistake, match="programs are observed on Linux and macOS only; `jaxaudit check` works here"):
        launch(Wanted("train.py"))


def test_the_parent_imports_no_jax(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(SRC)!r})\nimport jaxaudit.steps.launch, jaxaudit.steps.child\n"
        "print([name for name in sys.modules if name.startswith(('jax', 'numpy')) and 'audit' not in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("answer", "lines", "sentence"),
    [
        ("3 9 True", None, "is Python 3.9; programs are observed on 3.10 and newer"),
        ("3 12 True", "", "the record could not be written, so nothing was observed"),
        ("3 12 False", '{"k": "start"}\n', "JAX is not installed in "),
        ("3 12 True", '{"k": "start"}\n{"k": "note"}\n', ""),
        ("3 12 True", '{"k": "start"}\n{"k": "jax"}\n', ""),
    ],
)
def test_why_nothing_was_seen(answer: str, lines: str | None, sentence: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho {answer}\n")
    python.chmod(0o755)
    if lines is not None:
        (tmp_path / "1-1.jsonl").write_text(lines)
    said = why_nothing(Ended(Interpreter(str(python), "--python"), tmp_path, 0, 1.0))
    assert said == sentence if not sentence else sentence in said
