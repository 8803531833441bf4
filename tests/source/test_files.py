"""Which files are checked, and what is said about those that can't be."""

import os
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from jaxaudit.model import Unread
from jaxaudit.source import files
from jaxaudit.source.files import discover, read_file

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and permissions of POSIX")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(here: Path, *names: str) -> None:
    for name in names:
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")


def write(here: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        make(here, name)
        (here / name).write_text(text)


def found(*paths: str, exclude: Iterable[str] = (), ignored: bool = False) -> list[str]:
    result = discover(paths or ["."], list(exclude), ignored=ignored)
    assert result.unread == []
    return result.paths


def unread(*paths: str) -> dict[str, str]:
    return {one.path: one.reason for one in discover(paths or ["."]).unread}


def test_walks_in_order_and_names_from_here(here: Path) -> None:
    make(here, "b.py", "a/z.py", "a/b/c.py", "notes.txt", "n.ipynb")
    assert found() == ["a/b/c.py", "a/z.py", "b.py", "n.ipynb"]
    assert found("a", "a/z.py", str(here / "a"), "./a/../b.py") == ["a/b/c.py", "a/z.py", "b.py"]


def test_paths_elsewhere_are_absolute(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(here, "one/a.py", "two/b.py")
    monkeypatch.chdir(here / "one")
    assert found("../two") == [str(here / "two" / "b.py")]


def test_what_is_never_walked(here: Path) -> None:
    make(
        here,
        "src/a.py",
        ".git/hook.py",
        ".tox/b.py",
        ".hidden.py",
        "__pycache__/c.py",
        "node_modules/d.py",
        "env/pyvenv.cfg",
        "env/lib/e.py",
        "conda/conda-meta/x",
        "conda/f.py",
        "lib/site-packages/g.py",
        "pyproject.toml",
        "build/lib/h.py",
        "dist/i.py",
    )
    assert found() == ["src/a.py"]


def test_what_is_named_is_walked_all_the_same(here: Path) -> None:
    make(here, "env/pyvenv.cfg", "env/site-packages/a.py", "script", ".hidden.py")
    assert found("env/site-packages", "script", ".hidden.py") == [".hidden.py", "env/site-packages/a.py", "script"]


def test_a_package_called_build_is_code(here: Path) -> None:
    make(here, "pyproject.toml", "build/__init__.py", "build/a.py", "src/build/b.py")
    assert found() == ["build/__init__.py", "build/a.py", "src/build/b.py"]


def test_a_folder_may_be_called_like_a_file(here: Path) -> None:
    make(here, "x.py/a.py")
    assert found() == ["x.py/a.py"]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("tests", ["src/a.py", "src/gen/b.py"]),
        ("src/gen/", ["src/a.py", "src/tests/c.py", "tests/d.py"]),
        ("*.py", []),
        ("**/c.py", ["src/a.py", "src/gen/b.py", "tests/d.py"]),
        ("/tests", ["src/a.py", "src/gen/b.py", "src/tests/c.py"]),
    ],
)
def test_excludes_read_like_a_gitignore(here: Path, pattern: str, left: list[str]) -> None:
    make(here, "src/a.py", "src/gen/b.py", "src/tests/c.py", "tests/d.py")
    assert found(exclude=[pattern]) == left


def test_a_file_named_on_its_own_is_not_excluded(here: Path) -> None:
    make(here, "a.py")
    assert found("a.py", exclude=["a.py"]) == ["a.py"]


def test_gitignores_count_from_the_top_of_the_repository(here: Path) -> None:
    make(here, ".git/HEAD", "a.py", "gen/b.py", "sub/c.py", "sub/deep/d.py", "sub/deep/keep.py", "sub/local.py")
    write(here, {".gitignore": "gen/\nd*.py\n", "sub/.gitignore": "keep.py\n", "sub/deep/.gitignore": "!keep.py\n"})
    write(here, {".git/info/exclude": "local.py\n"})
    assert found() == ["a.py", "sub/c.py", "sub/deep/keep.py"]
    assert found("sub") == ["sub/c.py", "sub/deep/keep.py"]
    assert len(found(ignored=True)) == 6


@POSIX
def test_links_are_followed_once(here: Path) -> None:
    make(here, "src/a.py", "elsewhere/lib/b.py")
    (here / "src" / "loop").symlink_to(here / "src")
    (here / "src" / "up").symlink_to(here)
    (here / "src" / "lib").symlink_to(here / "elsewhere" / "lib")
    (here / "src" / "again").symlink_to(here / "elsewhere" / "lib")
    (here / "src" / "same.py").symlink_to(here / "src" / "a.py")
    assert found("src") == ["src/a.py", "src/again/b.py"]
    assert found() == ["elsewhere/lib/b.py", "src/a.py"]


@POSIX
def test_what_is_no_file_is_named(here: Path) -> None:
    (here / "broken.py").symlink_to("nowhere.py")
    (here / "ring.py").symlink_to("ring.py")
    os.mkfifo(here / "pipe.py")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.py")
        assert unread() == {
            "broken.py": "is a broken link to nowhere.py",
            "pipe.py": "is a pipe, not a file",
            "ring.py": "can't be read: too many levels of symbolic links",
            "s.py": "is a socket, not a file",
        }
    assert unread("pipe.py", "/dev/null") == {
        "pipe.py": "is a pipe, not a file",
        "/dev/null": "is a device, not a file",
    }


def test_what_does_not_exist_is_named(here: Path) -> None:
    assert unread("nothing.py", "a\0b") == {
        "nothing.py": "does not exist",
        "a\0b": "is no possible path",
    }


@POSIX
@pytest.mark.skipif(sys.platform != "win32" and os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_named(here: Path) -> None:
    make(here, "closed/a.py")
    (here / "closed").chmod(0)
    try:
        assert unread() == {"closed": "can't be read: permission denied"}
    finally:
        (here / "closed").chmod(0o700)


def test_a_folder_that_fails_is_named_and_the_rest_goes_on(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(here, "a/b.py", "c.py")
    scandir = os.scandir

    def failing(path: str) -> object:
        if path.endswith("a"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    assert discover(["."]) == (["c.py"], [Unread("a", "can't be read: permission denied")])


def test_reading_gives_bytes_or_a_reason(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(here, "a.py", "folder/b.py")
    read = read_file("a.py")
    assert not isinstance(read, Unread)
    assert (read[0], read[1].st_size) == (b"x = 1\n", 6)
    assert read_file("gone.py") == Unread("gone.py", "does not exist")
    assert read_file("folder") == Unread("folder", "is a folder, not a file")
    monkeypatch.setattr(files, "LARGEST", 3)
    assert read_file("a.py") == Unread("a.py", "is too large (0 MB; the limit is 0 MB)")


@POSIX
def test_reading_never_waits_for_a_pipe(here: Path) -> None:
    os.mkfifo(here / "pipe.py")
    assert read_file("pipe.py") == Unread("pipe.py", "is a pipe, not a file")
