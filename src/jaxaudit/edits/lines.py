"""What stands on a line: a run names lines only, without columns."""

import ast
from collections.abc import Iterator

from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.nodes import FUNCTIONS, Function
from jaxaudit.edits.source_text import SourceText


def calls_on(source: SourceText, line: int) -> Iterator[ast.Call]:
    """The calls of which some part stands on a line, those that begin there first."""
    found = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    yield from sorted(found, key=lambda node: node.lineno != line)


def calls_of(source: SourceText, line: int, *names: str) -> list[ast.Call]:
    """Those of them that call one of these, by the file's imports."""
    return [node for node in calls_on(source, line) if (qualified_name(source, node.func) or "") in names]


def function_named(source: SourceText, name: str, line: int = 0) -> Function | None:
    """The function of that name; of several the one whose head, decorators included, stands on the line."""
    found = [
        node for node in ast.walk(source.tree) if isinstance(node, FUNCTIONS) and node.name == name.rpartition(".")[2]
    ]
    here = [node for node in found if any(one.lineno == line for one in (node, *node.decorator_list))]
    chosen = here or found
    return chosen[0] if len(chosen) == 1 else None
