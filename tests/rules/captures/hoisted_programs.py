"""Programs that capture arrays: what is proposed for them, and what each change makes of them when they really run."""

import contextlib
import io
import os
import runpy
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import jaxaudit
from jaxaudit.edits import SourceText
from jaxaudit.model.evidence import Evidence
from jaxaudit.rules import load_rules
from jaxaudit.rules.project import Change, Project, Refused, Wishes
from jaxaudit.source.program import Program
from jaxaudit.source.reading import read_program
from jaxaudit.verify.tokens import distance, tokens

HEAD = """\
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
"""
RULES = ("captured-array", "captured-self")
ROUNDING = 2e-4
"""What no longer is folded by XLA may move the last digits that float32 has."""
SMALL = Wishes(captured_bytes=64 * 1024)
"""The programs of these tests hold some hundred kB: large enough against this budget."""


@dataclass
class Tried:
    """A program, what was proposed, and what it printed."""

    files: dict[str, str]
    printed: str
    evidence: Evidence
    changes: list[Change] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def edits(self) -> list[Change]:
        return [one for one in self.changes if one.edits]

    def after(self, change: Change) -> dict[str, str]:
        files = dict(self.files)
        for path, edits in change.edits.items():
            files[path] = SourceText.from_text(path, files[path]).edited(edits).text
        return files

    def lines(self, change: Change) -> list[str]:
        """The lines that are new, as they stand."""
        out = []
        for path, text in self.after(change).items():
            before = self.files[path].splitlines()
            out += [line for line in text.splitlines() if line not in before and line.strip()]
        return out


def program(code: str | Mapping[str, str]) -> dict[str, str]:
    """Files by their paths; a single text is `main.py`, the usual imports in front of it."""
    if isinstance(code, str):
        return {"main.py": HEAD + dedent(code)}
    return {path: dedent(text).removeprefix("\n") for path, text in code.items()}


def run(folder: Path, files: Mapping[str, str], entry: str = "main.py") -> tuple[str, Evidence]:
    """What a program prints, and what was seen of it. In this process: JAX is imported only once."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    printed = io.StringIO()
    with _alone(folder, files), jaxaudit.observe() as seen, contextlib.redirect_stdout(printed):
        runpy.run_path(str(folder / entry), run_name="__main__")
    return printed.getvalue(), seen.evidence


@contextlib.contextmanager
def _alone(folder: Path, files: Mapping[str, str]) -> Iterator[None]:
    """In the program's folder, its modules importable, and forgotten afterwards."""
    before, here, known = list(sys.path), Path.cwd(), set(sys.modules)
    tops = {path.split("/")[0].removesuffix(".py") for path in files}
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        os.chdir(here)
        sys.path[:] = before
        for name in [name for name in sys.modules if name.split(".")[0] in tops and name not in known]:
            del sys.modules[name]


def proposed(
    folder: Path,
    code: str | Mapping[str, str],
    wishes: Wishes = SMALL,
    entry: str = "main.py",
    rules: Sequence[str] = RULES,
) -> Tried:
    """The program run as it is, and all that the two rules propose for what source and run show."""
    files = program(code)
    printed, evidence = run(folder / "before", files, entry)
    tried = Tried(files, printed, evidence)
    for answer in answers(folder / "before", files, evidence, wishes, rules):
        (tried.changes if isinstance(answer, Change) else tried.refused).append(answer)  # type: ignore[arg-type]
    return tried


def answers(
    folder: Path, files: Mapping[str, str], evidence: Evidence, wishes: Wishes, rules: Sequence[str] = RULES
) -> Iterator[Change | Refused]:
    with contextlib.chdir(folder):
        linked = read_program(sorted(files), context=False)
    texts = {path: SourceText.from_text(path, text) for path, text in files.items()}
    project = Project(linked, evidence, texts.__getitem__, wishes, lambda changed: relinked(folder, files, changed))
    seen: set[str] = set()
    for name in rules:
        rule = load_rules()[name]
        findings = [*rule.match(linked), *(rule.observe(rule, evidence) if rule.observe else ())]
        if rule.propose is not None:
            for answer in rule.propose(findings, project):
                key = (
                    repr((sorted(answer.edits.items()), answer.setting)) if isinstance(answer, Change) else answer.text
                )
                if key not in seen:  # two rules may ask for the same
                    seen.add(key)
                    yield answer


def relinked(folder: Path, files: Mapping[str, str], changed: Mapping[str, bytes]) -> Program:
    with contextlib.chdir(folder):
        return read_program(sorted(files), context=False, overlay=dict(changed))


def holds(folder: Path, tried: Tried, change: Change, entry: str = "main.py", most: int = 2048) -> None:
    """The changed program prints the same, and the functions that the change is about hold no large constant."""
    after = tried.after(change)
    for path in change.edits:
        compile(after[path], path, "exec")
    printed, evidence = run(folder, after, entry)
    apart = distance(tokens(tried.printed), tokens(printed))
    assert apart.same_words and apart.relative <= ROUNDING, (tried.printed, printed)
    names = {name.rpartition(".")[2] for name in change.touched}
    seen = [one for one in evidence.compiles if one.site.name.rpartition(".")[2] in names]
    assert seen, f"none of {names} was compiled"
    assert max(one.constants_bytes for one in seen) <= most, [(one.site.name, one.constants_bytes) for one in seen]


def all_hold(folder: Path, tried: Tried, entry: str = "main.py") -> None:
    assert tried.edits
    for number, change in enumerate(tried.edits):
        holds(folder / f"after{number}", tried, change, entry)


def kinds(titles: list[str]) -> list[str]:
    """Which way each title speaks of."""
    words = {"Hand": "signature", "Bind": "partial"}
    return ["wrapper" if "inner function" in title else words[title.split()[0]] for title in titles]
