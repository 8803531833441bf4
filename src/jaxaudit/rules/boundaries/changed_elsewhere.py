"""Whether code that is to be compiled once reads what another file of the project changes: `settings.MODE = "band"`."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.rebinding import CHANGING, changed_in

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.rules.project import Project


class Read(NamedTuple):
    """A variable of a module of the project, by the module's path and its name there, and how it is written."""

    path: str
    name: str
    text: str


def must_not_change_elsewhere(project: Project, source: SourceText, parts: Sequence[ast.AST]) -> None:
    """CannotEdit where the parts, or functions of the project that they call, read a variable of a module that another
    file sets, or changes what it holds, while the program runs.
    """
    files = _Files(project)
    read = {(one.path, one.name): one for one in files.reads(source, parts)}
    if not read:
        return
    changes: dict[tuple[str, str], list[Change]] = {}
    for other in files.sources.values():
        for key, change in files.changes(other):
            if key in read:
                changes.setdefault(key, []).append(change)
    for (path, name), one in read.items():
        own = changed_in(Names(files.sources[path]), name) if path != source.path else 0
        found = changes.get((path, name), [])
        again = [each for each in found if each.again or len(found) > 1]
        if own or again:
            where = f"{path}:{own}" if own else f"{again[0].path}:{again[0].line}"
            raise CannotEdit(
                f"it reads `{one.text}`, which {where} changes while the program runs: compiled once, it would keep the "
                "first value"
            )


class Change(NamedTuple):
    """A line that sets a variable of another module; `again` where it can run more than once."""

    path: str
    line: int
    again: bool


class _Files:
    """The project's files that parse, by path and by dotted name."""

    def __init__(self, project: Project) -> None:
        self.sources: dict[str, SourceText] = {}
        self.dotted: dict[str, str] = {}
        for source in project.sources():
            self.sources[source.path] = source
            words = os.path.splitext(source.path)[0].replace(os.sep, ".").removesuffix(".__init__")
            self.dotted[words] = source.path

    def module(self, name: str, at: str) -> str | None:
        """The file of a dotted name; a relative one is looked up by its end."""
        name = name.strip(".")
        beside = ".".join([*os.path.dirname(at).split(os.sep), name]).strip(".")
        for words in (name, beside):
            if words in self.dotted:
                return self.dotted[words]
        found = [path for words, path in self.dotted.items() if words.endswith(f".{name}")] if name else []
        return found[0] if len(found) == 1 else None

    def variable(self, source: SourceText, node: ast.AST) -> Read | None:
        """What `settings.MODE`, or `MODE` imported from there, or a variable of the file itself is."""
        if isinstance(node, ast.Name):
            name = qualified_name(source, node) or ""
            home, _, last = name.rpartition(".")
            path = self.module(home, source.path) if home else source.path
            return Read(path, last, source.of(node)) if path else None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            path = self.module(qualified_name(source, node.value) or "", source.path)
            return Read(path, node.attr, source.of(node)) if path else None
        return None

    def reads(self, source: SourceText, parts: Sequence[ast.AST]) -> Iterator[Read]:
        """The variables that the parts read, and the functions of the project that these name."""
        waiting: list[tuple[SourceText, ast.AST]] = [(source, one) for one in parts]
        seen: set[ast.AST] = set()
        while waiting:
            here, part = waiting.pop()
            if part in seen or len(seen) > 400:
                continue
            seen.add(part)
            names = Names(here)
            for node in ast.walk(part):
                if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
                    continue
                root = node
                while isinstance(root, ast.Attribute):
                    root = root.value  # type: ignore[assignment]
                home = names.home(root) if isinstance(root, ast.Name) else None
                if home is not None and home is not names.tree:
                    if isinstance(node, ast.Name):
                        waiting += [(here, one) for one in names.bound_at(home, node.id) if isinstance(one, FUNCTIONS)]
                    continue
                found = self.variable(here, node)
                if found is None:
                    continue
                yield found
                waiting += [(self.sources[found.path], one) for one in _functions(self.sources[found.path], found.name)]

    def changes(self, source: SourceText) -> Iterator[tuple[tuple[str, str], Change]]:
        """The variables of other modules that this file sets, or whose content it changes."""
        names = Names(source)
        for node in names.evaluated_in:
            for path, name in self._changed(source, names, node):
                if path != source.path:
                    function = names.function_around(node)
                    once = function is None or getattr(function, "name", "") == "main"
                    again = not once or bool(names.loops_around(node))
                    yield (path, name), Change(source.path, getattr(node, "lineno", 0), again)

    def _changed(self, source: SourceText, names: Names, node: ast.AST) -> Iterator[tuple[str, str]]:
        match node:
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                yield from self._through(names, node)
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in CHANGING:
                yield from self._through(names, value)
            case ast.Call(func=func, args=[ast.Name() as module, ast.Constant(value=str(name)), *_]):
                path = self.module(qualified_name(source, module) or "", source.path)
                if path and source.of(func).rpartition(".")[2] == "setattr":
                    yield path, name
            case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if "." in name:
                path = self.module(name.rpartition(".")[0], source.path)
                if path and source.of(func).rpartition(".")[2] in ("patch", "setattr"):
                    yield path, name.rpartition(".")[2]

    def _through(self, names: Names, node: ast.expr) -> Iterator[tuple[str, str]]:
        """Each variable of a module that the target goes through."""
        chain: list[ast.expr] = [node]
        while isinstance(chain[-1], ast.Attribute | ast.Subscript):
            chain.append(chain[-1].value)
        if isinstance(chain[-1], ast.Name) and names.home(chain[-1]) in (None, names.tree):
            for one in chain:
                found = self.variable(names.source, one)
                if found is not None:
                    yield found.path, found.name


def _functions(source: SourceText, name: str) -> Iterator[ast.AST]:
    for node in source.tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.name == name:
            yield node
