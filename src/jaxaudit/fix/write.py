"""Writing changed files so that each is old or new, never half, and none that changed meanwhile is lost."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".jaxaudit-tmp"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file: what was read, and what is to stand there."""

    path: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Unwritten:
    """One file that was left as it is, with one sentence that says why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Prepared:
    change: FileChange
    target: Path
    new: Path


def write_changes(changes: Iterable[FileChange], root: Path = Path()) -> tuple[list[str], list[Unwritten]]:
    """Effect: replaces the files; returns the paths written and those left alone.

    All new files are on disk beside their targets before the first is moved into its place, so that a full disk or a
    file that cannot be written stops nothing half-way. An interrupt leaves no temporary file.
    """
    written: list[str] = []
    left: list[Unwritten] = []
    prepared: list[_Prepared] = []
    temporary: list[Path] = []
    try:
        for change in changes:
            try:
                prepared.append(_prepare(change, root, temporary))
            except OSError as error:
                left.append(Unwritten(change.path, _reason(change.path, error)))
        for one in prepared:
            try:
                _replace(one)
                written.append(one.change.path)
            except OSError as error:
                left.append(Unwritten(one.change.path, _reason(one.change.path, error)))
    finally:
        for file in temporary:
            with contextlib.suppress(OSError):
                file.unlink()
    return written, left


def _prepare(change: FileChange, root: Path, temporary: list[Path]) -> _Prepared:
    """The new file, finished, beside the old one. Its name is noted before it exists, so that no interrupt loses it."""
    target = Path(os.path.realpath(root / change.path))
    status = target.stat()
    _must_be_unchanged(target, change)
    if not status.st_mode & stat.S_IWUSR or not os.access(target, os.W_OK):
        raise PermissionError(f"{change.path} is read-only")
    new = target.with_name(f".{target.name[:200]}.{secrets.token_hex(6)}{SUFFIX}")
    temporary.append(new)
    with open(new, "xb", opener=_private) as file:
        file.write(change.after)
        file.flush()
        _take_over(file.fileno(), target, status)
        os.fsync(file.fileno())
    return _Prepared(change, target, new)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _take_over(number: int, target: Path, status: os.stat_result) -> None:
    """Owner, mode and extended attributes of the old file, so that replacing it changes its content only."""
    if not hasattr(os, "fchown"):
        return
    mine = os.fstat(number)
    if (mine.st_uid, mine.st_gid) != (status.st_uid, status.st_gid):
        try:
            os.fchown(number, status.st_uid, status.st_gid)
        except PermissionError:
            raise PermissionError(f"{target} belongs to another user or group, which writing would change") from None
    os.fchmod(number, stat.S_IMODE(status.st_mode))
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(target):
                os.setxattr(number, name, os.getxattr(target, name))


def _replace(one: _Prepared) -> None:
    _must_be_unchanged(one.target, one.change)
    os.replace(one.new, one.target)
    _settle(one.target.parent)


def _must_be_unchanged(target: Path, change: FileChange) -> None:
    if target.read_bytes() != change.before:
        raise OSError(f"{change.path} changed on disk since it was read; run the command again")


def _settle(folder: Path) -> None:
    """The folder's new entry reaches the disk too, where the system lets folders be opened."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _reason(path: str, error: OSError) -> str:
    return str(error) if error.errno is None else f"{path}: {error.strerror or error}"
