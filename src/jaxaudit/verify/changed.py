"""Which functions a changed file changes, by the last part of their names."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def changed_functions(root: Path, texts: Mapping[str, bytes]) -> frozenset[str]:
    """Of the files as they are below `root` and as they would be. A function of which only inner ones changed is as it was."""
    return frozenset(
        name
        for path, text in texts.items()
        for name in _of_file((root / path).read_bytes() if (root / path).exists() else b"", text)
    )


def _of_file(before: bytes, after: bytes) -> set[str]:
    try:
        one, other = set(_texts(ast.parse(before))), set(_texts(ast.parse(after)))
    except (SyntaxError, ValueError):
        return set()
    return {name.rpartition(".")[2] for name, _ in one ^ other}


def _texts(tree: ast.AST, around: str = "") -> Iterator[tuple[str, str]]:
    """Each function by its name in full, with its own text."""
    for node in _inside(tree):
        name = around + ("<lambda>" if isinstance(node, ast.Lambda) else node.name)
        yield name, _told(node, node)
        yield from _texts(node, f"{name}.")


def _inside(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda]:
    """The functions right inside, those of classes too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, FUNCTIONS):
            yield node
        else:
            yield from _inside(node)


def _told(value: object, top: ast.AST) -> str:
    """The text of a function without that of the functions inside it."""
    if isinstance(value, list):
        return f"[{', '.join(_told(one, top) for one in value)}]"
    if not isinstance(value, ast.AST):
        return repr(value)
    if isinstance(value, FUNCTIONS) and value is not top:
        return type(value).__name__
    return f"{type(value).__name__}({', '.join(_told(part, top) for _, part in ast.iter_fields(value))})"
