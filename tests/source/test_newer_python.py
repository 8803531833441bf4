"""Files of a newer syntax are read by a newer Python, when there is one."""

import gc
import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from jaxaudit.source import newer_python
from jaxaudit.source.facts import unpack
from jaxaudit.source.newer_python import facts_by_newer_python, newer_interpreters

NEW = b"type Pair[T] = tuple[T, T]\n"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="scripts with a first line of POSIX")
OLD = pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads the syntax itself")


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def starts(path: str) -> bool:
    """Whether it is a newer Python, and no shim that only complains."""
    newer = f"import sys; sys.exit(sys.version_info <= {sys.version_info[:2]})"
    return subprocess.run([path, "-I", "-c", newer], capture_output=True, check=False).returncode == 0


def test_what_the_worker_sends_is_what_is_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker in this process, which needs no newer Python."""
    sent = io.TextIOWrapper(io.BytesIO(pickle.dumps([("a.py", b"x = 1\n"), ("broken.py", b"x = (")])))
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", sent)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, write_through=True))
    monkeypatch.setattr(gc, "disable", lambda: None)
    newer_python.serve()
    read = unpack(written.getvalue())
    assert list(read) == ["a.py"]
    assert unpack(read["a.py"]) is not None


@OLD
def test_a_newer_python_reads_what_this_one_cannot() -> None:
    if not any(map(starts, newer_interpreters())):
        pytest.skip("no newer Python on this machine")
    read = facts_by_newer_python([("new.py", NEW), ("broken.py", b"type X = ("), ("old.py", b"print 1")])
    assert list(read) == ["new.py"]
    assert unpack(read["new.py"]) is not None


def test_nothing_is_started_when_no_newer_syntax_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newer_python, "newer_interpreters", lambda environ: pytest.fail("looked for a Python"))
    assert facts_by_newer_python([("old.py", b"print 1"), ("broken.py", b"x = ("), ("fine.py", b"x = 1")]) == {}


@POSIX
def test_interpreters_are_those_newer_by_name_the_newest_first(tmp_path: Path) -> None:
    older, newer = sys.version_info.minor, sys.version_info.minor + 1
    for folder in ("a", "b"):
        for minor in (older, newer, newer + 1):
            script(tmp_path / folder / f"python3.{minor}", "")
    script(tmp_path / f"pyenv/versions/3.{newer}.2/bin/python3.{newer}", "")
    path = os.pathsep.join(["", "relative", str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "a")])
    assert list(newer_interpreters({"PATH": path, "PYENV_ROOT": str(tmp_path / "pyenv")})) == [
        str(tmp_path / f"a/python3.{newer + 1}"),
        str(tmp_path / f"b/python3.{newer + 1}"),
        str(tmp_path / f"a/python3.{newer}"),
        str(tmp_path / f"b/python3.{newer}"),
        str(tmp_path / f"pyenv/versions/3.{newer}.2/bin/python3.{newer}"),
    ]


@OLD
@POSIX
@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/sh\necho 'command not found' >&2; exit 127\n",
        "#!/bin/sh\necho nonsense\n",
        "#!/bin/sh\nsleep 30\n",
        "no program at all",
    ],
    ids=["fails", "talks nonsense", "hangs", "no program"],
)
def test_an_interpreter_that_does_not_work_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(newer_python, "START_S", 0.2)
    script(tmp_path / "python3.12", text)
    assert facts_by_newer_python([("new.py", NEW)], environ={"PATH": str(tmp_path), "HOME": str(tmp_path)}) == {}


@OLD
@POSIX
def test_this_python_under_a_newer_name_is_not_believed(tmp_path: Path) -> None:
    script(tmp_path / "python3.12", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    assert facts_by_newer_python([("new.py", NEW)], environ={"PATH": str(tmp_path), "HOME": str(tmp_path)}) == {}
