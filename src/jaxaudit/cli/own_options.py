"""Options of ours that were written behind the program's name, as in `jaxaudit audit simulate.py --test "pytest -q"`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

MOST_FILES = 2000
HIDDEN = re.compile(r"(^|/)(\.[^/]|__pycache__|site-packages|node_modules)")


def taken_back(
    parser: argparse.ArgumentParser, names: Sequence[str], program: Sequence[str], folder: Path
) -> tuple[list[str], list[str]]:
    """Those of `names` (with their values) that no Python file below the folder mentions, and the program without them.

    What the program may know is left to it: `--` before the program leaves it everything.
    """
    values = {name: action.nargs is None for action in parser._actions for name in action.option_strings}
    ours: list[str] = []
    rest = list(program[:1])
    words = list(program[1:])
    wanted = {name for name in names if any(word == name or word.startswith(f"{name}=") for word in words)}
    wanted -= mentioned(wanted, folder) if wanted else set()
    while words:
        word = words.pop(0)
        if word.partition("=")[0] not in wanted:
            rest.append(word)
            continue
        ours.append(word)
        if "=" not in word and values[word] and words:
            ours.append(words.pop(0))
    return ours, rest


def is_below(program: str, folder: Path) -> bool:
    """A file of the folder: what a module or a script elsewhere may know, the folder's files don't say."""
    file = Path(program)
    return file.is_file() and file.resolve().is_relative_to(folder.resolve())


def mentioned(names: set[str], folder: Path) -> set[str]:
    """Those that a Python file of the folder may define: `"--dry-run"`, `"dry_run"`, `dry_run: bool`, `dry_run=False`."""
    patterns = {}
    for name in names:
        word = re.sub(r"[-_]", "[-_]", name.lstrip("-"))
        patterns[name] = re.compile(rf"--{word}\b|[\"']{word}[\"']|(?<![\w.]){word}\s*[:=](?!=)".encode())
    found: set[str] = set()
    for number, file in enumerate(folder.rglob("*.py")):
        if number >= MOST_FILES:
            return set(names)  # who knows
        if HIDDEN.search(file.relative_to(folder).as_posix()):
            continue
        try:
            text = file.read_bytes()
        except OSError:
            continue
        found |= {name for name, pattern in patterns.items() if pattern.search(text)}
    return found
