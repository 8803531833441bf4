import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jaxaudit.fix import FileChange, write_changes
from jaxaudit.fix import write as writing


@pytest.fixture
def two(tmp_path):
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(b"old\n")
    return tmp_path, [FileChange(name, b"old\n", b"new\r\n") for name in ("a.py", "b.py")]


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_files_are_replaced_and_nothing_else_is_left(two):
    root, changes = two
    assert write_changes(changes, root) == (["a.py", "b.py"], [])
    assert contents(root) == {"a.py": b"new\r\n", "b.py": b"new\r\n"}


def test_a_file_that_changed_meanwhile_is_not_overwritten(two):
    root, changes = two
    (root / "a.py").write_bytes(b"edited\n")
    written, left = write_changes(changes, root)
    assert (written, left[0].path) == (["b.py"], "a.py")
    assert left[0].reason == "a.py changed on disk since it was read; run the command again"
    assert contents(root) == {"a.py": b"edited\n", "b.py": b"new\r\n"}


def test_a_change_between_preparing_and_replacing_is_seen(two, monkeypatch):
    root, changes = two
    prepare = writing._prepare

    def and_edit(change, *rest):
        made = prepare(change, *rest)
        (root / change.path).write_bytes(b"edited\n")
        return made

    monkeypatch.setattr(writing, "_prepare", and_edit)
    assert write_changes(changes[:1], root)[0] == []
    assert contents(root) == {"a.py": b"edited\n", "b.py": b"old\n"}


def test_mode_and_links_are_kept(two):
    root, changes = two
    (root / "a.py").chmod(0o754)
    (root / "b.py").rename(root / "real.py")
    (root / "b.py").symlink_to("real.py")
    write_changes(changes, root)
    assert stat.S_IMODE((root / "a.py").stat().st_mode) == 0o754
    assert (root / "b.py").is_symlink()
    assert (root / "real.py").read_bytes() == b"new\r\n"


def test_a_read_only_file_is_left_with_a_reason_and_the_others_are_written(two):
    root, changes = two
    (root / "a.py").chmod(0o444)
    written, left = write_changes(changes, root)
    assert (written, [one.reason for one in left]) == (["b.py"], ["a.py is read-only"])
    assert contents(root) == {"a.py": b"old\n", "b.py": b"new\r\n"}


def test_a_file_that_vanished(two):
    root, changes = two
    (root / "a.py").unlink()
    assert [one.reason for one in write_changes(changes, root)[1]] == ["a.py: No such file or directory"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("at", ["fsync", "replace"])
@pytest.mark.parametrize("call", [1, 2])
def test_an_interrupt_leaves_old_or_new_files_and_no_others(two, monkeypatch, error, at, call):
    root, changes = two
    real, calls = getattr(os, at), []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == call:
            raise error
        return real(*arguments)

    monkeypatch.setattr(os, at, interrupted)
    with pytest.raises(error):
        write_changes(changes, root)
    assert set(contents(root)) == {"a.py", "b.py"}
    assert set(contents(root).values()) <= {b"old\n", b"new\r\n"}
    if at == "fsync":
        assert contents(root)["b.py"] == b"old\n"


def test_a_full_disk_while_preparing_stops_no_other_file_half_way(two, monkeypatch):
    root, changes = two
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: real(number))

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "_take_over", full)
    written, left = write_changes(changes, root)
    assert (written, left[0].reason) == ([], "a.py: No space left on device")
    assert contents(root) == {"a.py": b"old\n", "b.py": b"old\n"}


def test_killed_at_any_moment_every_file_is_old_or_new(tmp_path):
    """Ctrl-C and kill, many times over, into a process that rewrites files for ever."""
    program = (
        "import sys, itertools\nfrom pathlib import Path\nfrom jaxaudit.fix import FileChange, write_changes\n"
        "root = Path(sys.argv[1])\nprint('on', flush=True)\n"
        "for n in itertools.count():\n"
        "    new = bytes([65 + n % 26]) * 200_000\n"
        "    write_changes([FileChange(f, (root / f).read_bytes(), new) for f in ('a.py', 'b.py')], root)\n"
    )
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(b"A" * 200_000)
    source = Path(writing.__file__).parents[2]
    for number in range(6):
        sign = signal.SIGINT if number % 2 else signal.SIGKILL
        before = set(tmp_path.glob(f"*{writing.SUFFIX}"))
        with subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(source)},
        ) as process:
            process.stdout.readline()
            time.sleep(0.02 + 0.013 * number)
            process.send_signal(sign)
            process.wait()
        left_over = set(tmp_path.glob(f"*{writing.SUFFIX}"))
        for name in ("a.py", "b.py"):
            data = (tmp_path / name).read_bytes()
            assert len(data) == 200_000
            assert len(set(data)) == 1
        if sign == signal.SIGINT:
            assert left_over <= before, "an interrupt left a temporary file"
