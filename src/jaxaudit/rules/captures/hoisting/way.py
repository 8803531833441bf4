"""One way to hand in what was captured: its edits, whole or not at all."""

from __future__ import annotations

import ast
from typing import NamedTuple

from jaxaudit.edits import CannotEdit, Edit
from jaxaudit.rules.captures.hoisting.chain import (
    Edits,
)
from jaxaudit.rules.captures.hoisting.project_code import Code


class Held(CannotEdit):
    """The signature must stay: somebody calls the function whom no edit may change."""


class Way(NamedTuple):
    """Edits by path, and the name under which the compiled function is known afterwards."""

    edits: dict[str, tuple[Edit, ...]]
    name: str
    how: str


def checked(code: Code, edits: Edits, name: str, how: str) -> Way:
    """The edits, each file parsed once with them: nothing half done leaves here."""
    out: dict[str, tuple[Edit, ...]] = {}
    for path, more in edits.items():
        if not more:
            continue
        after = code.source(path).edited(more)
        try:
            compile(after.text, path, "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise CannotEdit(f"{path} would not parse: {error}") from error
        out[path] = tuple(more)
    return Way(out, name, how)
