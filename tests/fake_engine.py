"""A small stand-in for the engine, so that steps, reports and commands are tested by themselves."""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

from jaxaudit.model import Finding, Fix, Note, Place, Unread
from jaxaudit.rules.rule import Rule
from jaxaudit.rules.suppressions import unused_suppression
from jaxaudit.source.cache import FactsCache

FAULT = re.compile(r"(?P<code>\S+)\s*#.*?\bFAULT (?P<rule>[\w-]+)(?: (?P<confidence>0?\.\d+))?")


UNUSED = replace(unused_suppression.RULE, family="suppressions")


class FakeProgram:
    """Reads the files it is given; a line `x = f()  # FAULT rule 0.5` makes that rule fire on `f()`."""

    def __init__(self, texts: Mapping[str, str], unread: list[Unread]) -> None:
        self.texts = texts
        self.by_path: dict[str, Any] = {}
        self.graph = SimpleNamespace(linked_functions=[])
        self.unread = unread
        self.consulted: set[str] = set()

    def lines(self, path: str) -> list[str]:
        return self.texts.get(path, "").splitlines()

    def forget(self) -> None:
        pass

    def inventory(self) -> list[dict[str, Any]]:
        return [
            {
                "name": "step",
                "path": path,
                "line": 1,
                "wrapper": "jit",
                "static": ["n"],
                "donated": [],
                "callers": [{"path": path, "line": 3, "function": "main"}],
            }
            for path, text in self.texts.items()
            if "jit" in text
        ]


def fake_rule(name: str, family: str, **changes: Any) -> Rule:
    def match(program: Any) -> Iterable[Finding]:
        for path in program.texts:
            for number, line in enumerate(program.lines(path), 1):
                said = FAULT.search(line)
                if said and said["rule"] == name:
                    yield finding_at(name, path, number, said)

    return replace(UNUSED, name=name, family=family, title=f"the fault {name}", match=match, mend=None, **changes)


def finding_at(name: str, path: str, number: int, said: "re.Match[str]") -> Finding:
    place = Place(path, number, said.start("code") + 1, number, said.end("code") + 1, "main")
    return Finding(
        rule=name,
        title=f"the fault {name}",
        message=f"`{said['code']}` is at fault",
        severity="error" if name == "broken" else "warning",
        confidence=float(said["confidence"] or 1),
        place=place,
        notes=(Note(Place(path, 1, 1, 1, 2), "it began here"),),
        help="write it otherwise",
        fix=Fix("safe", "write it otherwise"),
    )


def _crash(program: Any) -> Iterable[Finding]:
    raise RuntimeError("no such thing")


def fake_rules() -> dict[str, Rule]:
    rules = [
        fake_rule("jit-in-loop", "boundaries", aliases=("loop-jit",)),
        fake_rule("jit-per-call", "boundaries"),
        fake_rule("key-reuse", "random"),
        fake_rule("broken", "boundaries"),
        fake_rule("needs-run", "boundaries", sees=("run",)),
    ]
    return {rule.name: rule for rule in (*rules, UNUSED)}


class Files(NamedTuple):
    paths: list[str]
    unread: list[Unread]


def fake_discover(paths: Sequence[str], exclude: Sequence[str], *, root: str) -> Files:
    found = [file for path in paths for file in (Path(path).rglob("*.py") if Path(path).is_dir() else [Path(path)])]
    return Files(sorted(str(file) for file in found if not any(file.match(pattern) for pattern in exclude)), [])


class FakeSources:
    """The bytes of the files, and the fake program that they make."""

    digest = b""
    beside: Mapping[str, bytes] = {}

    def __init__(
        self,
        files: Sequence[str],
        *,
        overlay: Mapping[str, bytes],
        progress: Callable[[int, int], None] | None,
        **_: Any,
    ) -> None:
        self.store = FactsCache(None)
        self.given: dict[str, bytes] = {}
        self.marked: dict[str, bytes] = {}
        self.unread: list[Unread] = []
        self.notebooks: dict[str, Any] = {}
        for number, path in enumerate(files, 1):
            if progress:
                progress(number, len(files))
            try:
                data = overlay[path] if path in overlay else Path(path).read_bytes()
                data.decode()
                self.given[path] = self.marked[path] = data
            except (OSError, UnicodeDecodeError):
                self.unread.append(Unread(path, "it is not UTF-8"))
        self.program = FakeProgram({path: data.decode() for path, data in self.given.items()}, [])

    def lines(self, path: str) -> list[str]:
        return self.program.lines(path)

    def digest_of(self, rows: list[str]) -> bytes:
        return b""

    def keys_of(self, paths: Iterable[str]) -> dict[str, bytes]:
        return {}

    def still_are(self, keys: Mapping[str, bytes]) -> bool:
        return True

    def groups(self) -> list[list[str]]:
        return [[*self.given]]

    def linked(self, rows: list[str]) -> FakeProgram:
        return self.program

    def close(self) -> None:
        pass


class Project:
    """The working directory of a test, empty at first."""

    def __init__(self, root: Path, rules: dict[str, Rule]) -> None:
        self.root = root
        self.rules = rules

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    def break_rule(self, name: str) -> None:
        self.rules[name] = replace(self.rules[name], match=_crash)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty working directory, the fake engine, and no settings of the machine's."""
    rules = fake_rules()
    files, reading = ModuleType("jaxaudit.source.files"), ModuleType("jaxaudit.source.reading")
    files.discover, files.Files = fake_discover, Files  # type: ignore[attr-defined]
    reading.Sources = FakeSources  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jaxaudit.source.files", files)
    monkeypatch.setitem(sys.modules, "jaxaudit.source.reading", reading)
    monkeypatch.setattr("jaxaudit.rules.load_rules", lambda: rules)
    monkeypatch.setattr("jaxaudit.steps.explain.load_rules", lambda: rules)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "COLUMNS", "JAXAUDIT_DEBUG", "JAXAUDIT_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    return Project(tmp_path, rules)
