"""Which keywords of a call hold a whole number, a text or a truth value that stays the same in a loop: what a library sizes a
plate or picks a branch by, and no tracer can stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import bound_in
from jaxaudit.rules.units import units_around
from jaxaudit.source.kinds import kind_of

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.rules.project import Project

PLAIN = (bool, int, str)
KINDS = frozenset({"bool", "int", "str"})


def plain_keywords(project: Project, source: SourceText, call: ast.Call, loop: ast.AST) -> list[str]:
    again = bound_in(loop)
    return [name for name, value in _keywords(source, call, again) if _is_plain(project, source, value, again)]


def _keywords(source: SourceText, call: ast.Call, again: set[str]) -> Iterator[tuple[str, ast.expr]]:
    """Those written out, and those of `**options` where these are a dict of this file, bound once."""
    for one in call.keywords:
        if one.arg is not None:
            yield one.arg, one.value
        elif isinstance(one.value, ast.Name) and one.value.id not in again:
            names = Names(source)
            home = names.home(one.value)
            bound = names.bound_at(home, one.value.id) if home is not None else []
            made = names.parent.get(bound[0]) if len(bound) == 1 else None
            given = made.value if isinstance(made, ast.Assign) and made.targets == bound else None
            if isinstance(given, ast.Dict):
                for key, value in zip(given.keys, given.values):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield key.value, value
            elif isinstance(given, ast.Call) and isinstance(given.func, ast.Name) and given.func.id == "dict":
                yield from ((each.arg, each.value) for each in given.keywords if each.arg is not None)


def _is_plain(project: Project, source: SourceText, value: ast.expr, again: set[str]) -> bool:
    if isinstance(value, ast.Constant):
        return isinstance(value.value, PLAIN)
    if not isinstance(value, ast.Name) or value.id in again:
        return False
    scope = next((one for one in units_around(project, source, value) if value.id in one.flow.bindings), None)
    held = scope.flow.bindings[value.id] if scope is not None else ()
    return bool(held) and all(kind_of(project.program, one).what in KINDS for one in held)
