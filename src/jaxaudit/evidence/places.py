"""Where recorded paths lie for the reader: relative to the working directory, the user's or a library's."""

import os
import sysconfig
from collections.abc import Sequence
from typing import Any

from jaxaudit.evidence.source_lines import SourceLines
from jaxaudit.model.spot import Spot

COMPREHENSIONS = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>")
INSTALLED = ("site-packages", "dist-packages")
_STANDARD = os.path.realpath(sysconfig.get_path("stdlib"))


class Places:
    """Turns the record's absolute paths into the reader's, with what the source says of a line."""

    def __init__(self, home: str, project: Sequence[str] = ()) -> None:
        self.homes = tuple(dict.fromkeys(os.path.join(path, "") for path in (home, os.path.realpath(home))))
        self.project = frozenset(os.path.basename(name.rstrip("/")) for name in project)
        """Names of packages that are the user's wherever they are installed."""
        self.source = SourceLines()

    def path(self, path: str) -> str:
        for home in self.homes:
            if path.startswith(home):
                return path[len(home) :].replace(os.sep, "/")
        return path

    def spot(self, said: Any) -> Spot | None:
        """A place of the record; its function in full and its loop come from the source where that can be read."""
        if not isinstance(said, dict) or not isinstance(said.get("path"), str):
            return None
        line = said.get("line")
        line = line if isinstance(line, int) and line > 0 else 1
        known = self.source.of(said["path"], line)
        function = plain_name(str(said.get("function") or "")) or known.function
        return Spot(self.path(said["path"]), line, function, known.loop)

    def package(self, path: str) -> str:
        """The library that a file belongs to; "" for the user's own."""
        parts = path.replace("\\", "/").split("/")
        for folder in INSTALLED:
            if folder in parts[:-1]:
                package = parts[parts.index(folder) + 1].removesuffix(".py")
                return "" if package in self.project else package
        return "Python" if os.path.realpath(path).startswith(os.path.join(_STANDARD, "")) else ""


def plain_name(name: str) -> str:
    """`fit.<locals>.step` as the source's reader says it: `fit.step`; a comprehension is its function's."""
    while name.endswith(COMPREHENSIONS):
        name = name.rpartition(".")[0] or "<module>"
    return name.replace("<locals>.", "").removesuffix(".<locals>")
