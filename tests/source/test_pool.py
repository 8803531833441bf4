"""Several processes give what one gives, also when one of them is killed or the user interrupts."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jaxaudit.source import pool
from jaxaudit.source.reading import Sources


def twice(number: int) -> int:
    return 2 * number


def dies_elsewhere(item: tuple[int, int]) -> int:
    """Ends the process unless it is the one that began."""
    number, home = item
    if number == 9 and os.getpid() != home:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


@pytest.mark.parametrize("method", [pool.method, lambda: "spawn"])
def test_results_come_in_order(monkeypatch: pytest.MonkeyPatch, method: Callable[[], str]) -> None:
    monkeypatch.setattr(pool, "method", method)
    assert list(pool.in_processes(twice, range(30), 2)) == list(range(0, 60, 2))


def test_what_a_killed_process_leaves_is_done_here() -> None:
    items = [(number, os.getpid()) for number in range(30)]
    assert list(pool.in_processes(dies_elsewhere, items, 2)) == list(range(0, 60, 2))


def test_facts_are_the_same_from_one_process_and_from_several(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"m{number}.py").write_text("import jax\n" + "x = jax.jit(lambda y: y + 1)(2.0)\n" * 600)
    (tmp_path / "bad.py").write_text("def f(:\n" + "x = 1\n" * 9000)
    files = sorted(str(path) for path in tmp_path.glob("*.py"))
    one, several = Sources(files, jobs=1), Sources(files, jobs=3)
    assert one.unread == several.unread
    assert one.rows() == several.rows()
    assert [one.facts(row.key) for row in one.rows()] == [several.facts(row.key) for row in several.rows()]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupt_ends_with_one_line_and_leaves_nobody(tmp_path: Path) -> None:
    for number in range(800):
        (tmp_path / f"m{number}.py").write_text("x = [\n" + "    f(a + 1, b * 2)[c - 3], d(e) / g(h),\n" * 2000 + "]\n")
    command = [sys.executable, "-m", "jaxaudit", "check", "--no-cache", "--jobs", "2", str(tmp_path)]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(1)
    os.killpg(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out) == (130, "")
    assert err.strip().splitlines()[-1] == "jaxaudit: interrupted"
    assert "Traceback" not in err
    for _ in range(50):
        if not members(started.pid):
            return
        time.sleep(0.1)
    assert not members(started.pid)


def members(group: int) -> list[int]:
    """The processes of a process group that still live."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []
    return [group]
