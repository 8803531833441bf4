"""The same verdicts as git's own."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from jaxaudit.source.gitignore import IgnoreRules

PATTERNS = [
    "*.pyc", "build/", "/docs", "!keep.py", "a/b", "a/**/c.py", "**/x", "x/**", "foo*", "[ab].py", "[!a]b.py", "?.py",
    "\\!odd.py", "\\#hash.py", "# comment", "trailing.py   ", "sp\\ ", "a/*", "/*.py", "!/a.py", "**", "!*/", "*/",
    "[[:digit:]]*.py", "a**b.py", "[a-c]x", "[]a]b", "d[", "e\\", "/", "//", "!", "", "a/b/", "src/gen/*.py", "**/a/**",
]  # fmt: skip
PATHS = [
    "a.py", "b.py", "ab.py", "bb.py", "keep.py", "build/a.py", "build/keep.py", "docs/a.py", "x/a.py",
    "x/y/a.py", "docs/x/c.py",
    "a/b/c.py", "a/c.py", "a/b/d/c.py", "foo/a.py", "food.py", "!odd.py", "#hash.py", "trailing.py", "src/gen/a.py",
    "src/gen/deep/a.py", "1a.py", "aXb.py", "ax/a.py", "z/a/b.py", "z/a/q/b.py", "sp ", "]b", "d[", "m.pyc",
    "q/build/a.py",
]  # fmt: skip


def left_out(patterns: list[str], path: str) -> bool:
    """As a walk asks: each folder first, and nothing inside one that is left out."""
    rules = IgnoreRules(patterns)
    parts = path.split("/")
    folders = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    return any(rules.verdict(folder, True) for folder in folders) or bool(rules.verdict(path, False))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is what this is compared with")
def test_agrees_with_git(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    chance = random.Random(3)
    for _ in range(60):
        patterns = chance.sample(PATTERNS, chance.randint(1, 6))
        (tmp_path / ".gitignore").write_text("\n".join(patterns) + "\n")
        command = ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "--stdin", "-z"]
        asked = subprocess.run(command, input="\0".join(PATHS), capture_output=True, text=True, check=False)
        expected = set(asked.stdout.split("\0")) - {""}
        assert {path for path in PATHS if left_out(patterns, path)} == expected, patterns


def test_the_last_pattern_decides() -> None:
    rules = IgnoreRules(["*.py", "!keep.py", "sub/keep.py"])
    assert rules.verdict("a.py", False) is True
    assert rules.verdict("keep.py", False) is False
    assert rules.verdict("sub/keep.py", False) is True
    assert rules.verdict("a.txt", False) is None
