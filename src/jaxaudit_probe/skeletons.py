"""Models that are made only to be overwritten: what was drawn for them is never used, so their keys are as good as new."""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache

from jaxaudit_probe import call_paths
from jaxaudit_probe.call_paths import Frames

LOADERS = frozenset(
    {
        "tree_deserialise_leaves", "from_bytes", "from_state_dict", "restore_checkpoint", "load_checkpoint", "restore",
        "load_state_dict", "load_pytree", "eval_shape", "filter_eval_shape",
    }
)  # fmt: skip
"""Functions that read values into something of the same structure, by their last names."""


def is_skeleton(frames: Frames) -> bool:
    """Whether a draw happened for an object that a line on the way hands to one of the loaders."""
    places = (call_paths.at(*pair) for pair in call_paths.users(frames))
    return any(place.line in _lines(place.path) for place in places)


@lru_cache(maxsize=64)
def _lines(path: str) -> frozenset[int]:
    """The lines of a file that make what a loader is then handed."""
    text = "".join(linecache.getlines(path))
    if not any(name in text for name in LOADERS):
        return frozenset()
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    scopes = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    found: set[int] = set()
    for scope in (tree, *scopes):
        found |= _lines_of(scope)
    return frozenset(found)


def _lines_of(scope: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> set[int]:
    out: set[int] = set()
    handed: set[str] = set()
    used: dict[str, int] = {}
    nodes = list(_own(scope))
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used[node.id] = used.get(node.id, 0) + 1
        if not isinstance(node, ast.Call) or _name(node.func) not in LOADERS:
            continue
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(value, ast.Name):
                handed.add(value.id)
            elif isinstance(value, ast.Call):
                out |= set(range(value.lineno, (value.end_lineno or value.lineno) + 1))
    for node in nodes:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        if isinstance(target, ast.Name) and target.id in handed and used.get(target.id) == 1:
            out |= set(range(target.lineno, (getattr(node, "end_lineno", None) or target.lineno) + 1))
    return out


def _own(scope: ast.AST) -> list[ast.AST]:
    """The nodes of a scope, those of the functions in it left out."""
    out: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        out.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
    return out


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
