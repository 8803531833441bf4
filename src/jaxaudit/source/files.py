"""From the paths that a user names to the Python files to check, and their bytes."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from typing import NamedTuple

from jaxaudit.model.unread import Unread
from jaxaudit.source.gitignore import IgnoreRules
from jaxaudit.source.module_names import ModuleName, module_name

__all__ = ["Files", "ModuleName", "discover", "module_name", "read_file"]

SUFFIXES = (".py", ".ipynb")
LARGEST = 64 << 20
"""A bigger file is named as unread before it is loaded."""

_NEVER = frozenset({"__pycache__", "__pypackages__", "node_modules", "site-packages", "dist-packages"})
_ENVIRONMENT = frozenset({"pyvenv.cfg", "conda-meta"})
_BUILT = frozenset({"build", "dist", "_build"})
_PROJECT = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_NO_PATH = "is no possible path"
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Files(NamedTuple):
    """The files to check, sorted, and what was named or met but can't be read."""

    paths: list[str]
    unread: list[Unread]


def discover(paths: Sequence[str], exclude: Sequence[str] = (), *, root: str = ".", ignored: bool = False) -> Files:
    """The Python files and notebooks under these paths, each once, relative to the working directory where they lie
    under it.

    A file named on its own is always taken. Folders are walked without environments, caches, builds, hidden folders,
    what `exclude` names (patterns as in a `.gitignore`, relative to `root`) and what a `.gitignore` names, unless
    `ignored`. Links are followed, each folder is walked once.
    """
    walk = _Walk(IgnoreRules(exclude), os.path.abspath(root), ignored)
    for path in paths:
        walk.take(path)
    walk.follow_links()
    return Files(sorted(walk.found), sorted(walk.unread))


def read_file(path: str) -> tuple[bytes, os.stat_result] | Unread:
    """A file's bytes, and its state from before they were read. Never waits for a pipe."""
    try:
        handle = os.open(path, _OPEN)
    except OSError as error:
        return Unread(path, _os_reason(error))
    except ValueError:
        return Unread(path, _NO_PATH)
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            return Unread(path, f"is {_kind(info.st_mode)}, not a file")
        if info.st_size > LARGEST:
            return Unread(path, f"is too large ({info.st_size / 1e6:,.0f} MB; the limit is {LARGEST / 1e6:.0f} MB)")
        with open(handle, "rb", closefd=False) as file:
            return file.read(LARGEST), info
    except OSError as error:
        return Unread(path, _os_reason(error))
    finally:
        os.close(handle)


class _Walk:
    """What was found so far. Folders are known by their real paths, so that no way in is walked twice."""

    def __init__(self, exclude: IgnoreRules, root: str, ignored: bool) -> None:
        self.exclude = exclude
        self.root = root
        self.ignored = ignored
        self.here = os.getcwd()
        self.found: set[str] = set()
        self.unread: set[Unread] = set()
        self.seen: set[str] = set()
        self.starts: list[str] = []
        self.links: list[tuple[str, str, list[tuple[str, IgnoreRules]]]] = []

    def take(self, path: str) -> None:
        """A path that the user named."""
        absolute = os.path.abspath(path)
        shown = self.shown(absolute)
        try:
            mode = os.stat(absolute).st_mode
        except (OSError, ValueError) as error:
            self.unread.add(Unread(shown, _stat_reason(absolute, error)))
            return
        if stat.S_ISREG(mode):
            self.found.add(shown)
        elif stat.S_ISDIR(mode):
            self.starts.append(os.path.realpath(absolute))
            self.folder(
                absolute, os.path.realpath(absolute), [] if self.ignored else _rules_above(absolute), named=True
            )
        else:
            self.unread.add(Unread(shown, f"is {_kind(mode)}, not a file"))

    def shown(self, absolute: str) -> str:
        if absolute == self.here:
            return "."
        prefix = self.here if self.here.endswith(os.sep) else self.here + os.sep
        return absolute.removeprefix(prefix)

    def folder(
        self,
        absolute: str,
        real: str,
        rules: list[tuple[str, IgnoreRules]],
        *,
        named: bool = False,
        maybe_built: bool = False,
    ) -> None:
        """Walks one folder and all in it, with a list in place of recursion: folders may nest deeper than calls."""
        waiting = [(absolute, real, rules, named, maybe_built)]
        while waiting:
            absolute, real, rules, named, maybe_built = waiting.pop()
            if real in self.seen:
                continue
            self.seen.add(real)
            try:
                with os.scandir(absolute) as scan:
                    entries = list(scan)
            except OSError as error:
                self.unread.add(Unread(self.shown(absolute), _os_reason(error)))
                continue
            names = {entry.name for entry in entries}
            if not named and (not names.isdisjoint(_ENVIRONMENT) or (maybe_built and "__init__.py" not in names)):
                continue
            if ".gitignore" in names and not self.ignored:
                rules = [*rules, (absolute, _rules_in(os.path.join(absolute, ".gitignore")))]
            project = not names.isdisjoint(_PROJECT)
            start = os.path.join(absolute, "")
            for entry in entries:
                name = entry.name
                if name.startswith(".") or name in _NEVER:
                    continue
                kind = _type(entry)
                if kind in ("file", "other") and not name.endswith(SUFFIXES):
                    continue
                path = start + name
                if kind == "folder":
                    if not self.left_out(path, rules, is_folder=True):
                        waiting.append((path, os.path.join(real, name), rules, False, project and name in _BUILT))
                elif kind == "file":
                    if not self.left_out(path, rules, is_folder=False):
                        self.found.add(self.shown(path))
                else:
                    self.odd(path, rules)

    def odd(self, path: str, rules: list[tuple[str, IgnoreRules]]) -> None:
        """A link, or something that only looks like a file."""
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError) as error:
            if path.endswith(SUFFIXES) and not self.left_out(path, rules, is_folder=False):
                self.unread.add(Unread(self.shown(path), _stat_reason(path, error)))
            return
        if self.left_out(path, rules, is_folder=stat.S_ISDIR(mode)):
            return
        if stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and path.endswith(SUFFIXES)):
            self.links.append((path, os.path.realpath(path), rules))
        elif path.endswith(SUFFIXES):
            self.unread.add(Unread(self.shown(path), f"is {_kind(mode)}, not a file"))

    def follow_links(self) -> None:
        """After all that lies in place: a link shows only what was not found without it."""
        while self.links:
            links, self.links = sorted(self.links, key=lambda link: link[0]), []
            for path, real, rules in links:
                if os.path.isdir(real):
                    if not any(_contains(real, start) for start in self.starts):
                        self.folder(path, real, rules)
                elif self.shown(real) not in self.found:
                    self.found.add(self.shown(path))

    def left_out(self, path: str, rules: list[tuple[str, IgnoreRules]], *, is_folder: bool) -> bool:
        if self.exclude and _contains(self.root, path) and self.exclude.verdict(_inside(self.root, path), is_folder):
            return True
        for folder, patterns in reversed(rules):
            verdict = patterns.verdict(_inside(folder, path), is_folder)
            if verdict is not None:
                return verdict
        return False


def _type(entry: os.DirEntry[str]) -> str:
    """What stands in the folder itself, a link being a link; mostly known without asking the file system again."""
    try:
        if entry.is_file(follow_symlinks=False):
            return "file"
        if entry.is_dir(follow_symlinks=False):
            return "folder"
        return "link" if entry.is_symlink() else "other"
    except OSError:
        return "other"


def _rules_above(folder: str) -> list[tuple[str, IgnoreRules]]:
    """The `.gitignore` files between the top of the git repository and a folder in it, and the repository's own."""
    above: list[tuple[str, IgnoreRules]] = []
    while True:
        git = os.path.join(folder, ".git")
        if os.path.exists(git):
            above.append((folder, _rules_in(os.path.join(git, "info", "exclude"))))
            return [rules for rules in reversed(above) if rules[1]]
        parent = os.path.dirname(folder)
        if parent == folder:
            return []
        folder = parent
        above.append((folder, _rules_in(os.path.join(folder, ".gitignore"))))


def _rules_in(path: str) -> IgnoreRules:
    read = read_file(path)
    return IgnoreRules([] if isinstance(read, Unread) else os.fsdecode(read[0]).split("\n"))


def _inside(folder: str, path: str) -> str:
    inside = path[len(folder) :].lstrip(os.sep)
    return inside if os.sep == "/" else inside.replace(os.sep, "/")


def _contains(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def _kind(mode: int) -> str:
    return next((name for test, name in _KINDS if test(mode)), "something else")


def _stat_reason(path: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        return f"is a broken link to {os.readlink(path)}"
    return _os_reason(error) if isinstance(error, OSError) else _NO_PATH


def _os_reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    if isinstance(error, IsADirectoryError) or (sys.platform == "win32" and error.errno == 21):
        return "is a folder, not a file"
    return f"can't be read: {(error.strerror or str(error)).lower()}"
