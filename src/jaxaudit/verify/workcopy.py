"""A copy of the working directory in which a program may write what it likes."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from jaxaudit.model.mistake import Mistake

NEVER = frozenset(
    (".git", ".hg", ".svn", ".jaxaudit", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".tox", ".nox",
     ".ipynb_checkpoints", "node_modules")
)  # fmt: skip
"""Folders that no program needs for its results."""
GIB = 1 << 30


def make_copy(root: Path, place: Path, limit: int = GIB, read_only: tuple[Path, ...] = ()) -> None:
    """Effect: the tree below `root` as `place`. Links stay links; what is named read-only is linked to.

    Raises `Mistake` where it is larger than `limit` bytes.
    """
    linked = frozenset(os.path.realpath(path) for path in read_only)
    size = sum(size for _, size in files_below(root, linked))
    if size > limit:
        raise Mistake(
            f"the working directory holds {size / GIB:.1f} GiB, more than the {limit / GIB:.1f} GiB that are copied for "
            "each trial: name its data with --read-only PATH, or raise --copy-limit"
        )
    _copy(root, place, linked)


def files_below(root: Path, without: frozenset[str] = frozenset()) -> Iterator[tuple[str, int]]:
    """The files that a copy holds, with their bytes."""
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if not _left_out(folder, name, without)]
        for name in files:
            path = os.path.join(folder, name)
            if os.path.realpath(path) in without:
                continue
            try:
                yield path, os.lstat(path).st_size
            except OSError:
                continue


def _left_out(folder: str, name: str, linked: frozenset[str]) -> bool:
    path = os.path.join(folder, name)
    return name in NEVER or os.path.exists(os.path.join(path, "pyvenv.cfg")) or os.path.realpath(path) in linked


def _copy(root: Path, place: Path, linked: frozenset[str]) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for entry in os.scandir(root):
        target = place / entry.name
        try:
            if os.path.realpath(entry.path) in linked:
                target.symlink_to(os.path.realpath(entry.path))
            elif entry.is_symlink():
                target.symlink_to(os.readlink(entry.path))
            elif entry.is_dir():
                if not _left_out(str(root), entry.name, linked):
                    _copy(Path(entry.path), target, linked)
            elif entry.is_file():
                shutil.copy2(entry.path, target)
        except OSError:
            continue  # unreadable for us, so for the program too, or gone meanwhile
    shutil.copystat(root, place)


Snapshot = Mapping[str, tuple[int, int]]


def snapshot(place: Path) -> Snapshot:
    """Size and time of every file, by its path from there."""
    found: dict[str, tuple[int, int]] = {}
    for path, _ in files_below(place):
        try:
            seen = os.lstat(path)
        except OSError:
            continue
        found[os.path.relpath(path, place)] = (seen.st_size, seen.st_mtime_ns)
    return found


def written_since(place: Path, before: Snapshot) -> tuple[str, ...]:
    """The files that are new, changed or gone."""
    now = snapshot(place)
    changed = [path for path, seen in now.items() if before.get(path) != seen]
    return tuple(sorted([*changed, *(path for path in before if path not in now)]))
