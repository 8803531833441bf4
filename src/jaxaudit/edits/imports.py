"""How a file spells an outside name, and the import it needs when it has none yet."""

import ast
import sys
from dataclasses import dataclass

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.names import bound_in
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import insert_after, insert_before

Import = ast.Import | ast.ImportFrom

USUAL_ALIASES = {"jax.numpy": "jnp", "numpy": "np", "equinox": "eqx", "jax.random": "jr", "jax.tree_util": "jtu"}


@dataclass(frozen=True, slots=True)
class Spelling:
    """The text by which this file can name something, and the edits that make it so (none where it is imported)."""

    text: str
    edits: tuple[Edit, ...] = ()


def spell(source: SourceText, qualified: str) -> Spelling:
    """`spell(source, "functools.partial")`: as the file imports it, else by a new import in the file's way."""
    known = _spelled(source, qualified)
    if known:
        return Spelling(known)
    module, _, name = qualified.rpartition(".")
    if not module:
        return _plain_import(source, qualified)
    taken = bound_in(source.tree) | _bound_below(source)
    if module == "jax" or name in taken or (_prefers_plain(source) and module not in USUAL_ALIASES):
        plain = _plain_import(source, module)
        return Spelling(f"{plain.text}.{name}", plain.edits)
    if module in USUAL_ALIASES:
        aliased = _plain_import(source, module)
        return Spelling(f"{aliased.text}.{name}", aliased.edits)
    return Spelling(name, add_import(source, f"from {module} import {name}"))


def qualified_name(source: SourceText, node: ast.expr) -> str | None:
    """What a name or a dotted name stands for by the file's imports: `jnp.ones` is `jax.numpy.ones`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join((imported_names(source).get(node.id, node.id), *parts))


def imported_names(source: SourceText) -> dict[str, str]:
    """Every name that an import binds, anywhere in the file, with what it stands for."""
    found: dict[str, str] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= _names_of(node)
    return found


def add_import(source: SourceText, line: str) -> tuple[Edit, ...]:
    """An import at the top: after docstring and `__future__`, in order among its kind where the file keeps one."""
    new = ast.parse(line).body[0]
    if not isinstance(new, ast.Import | ast.ImportFrom):
        raise CannotEdit(f"not an import: {line}")
    block = _first_imports(source)
    if not block:
        return _as_first_import(source, line)
    kin = [one for one in block if _is_standard(one) == _is_standard(new)]
    if not kin and _is_standard(new):
        start = source.start(block[0])
        return (Edit(start, start, line + source.newline * 2),)
    if not kin:
        return insert_after(source, block[-1], line)
    lower = [one for one in kin if _order(one) <= _order(new)]
    return insert_after(source, lower[-1], line) if lower else insert_before(source, kin[0], line)


def _plain_import(source: SourceText, module: str) -> Spelling:
    known = _spelled(source, module)
    if known:
        return Spelling(known)
    alias = USUAL_ALIASES.get(module)
    name = alias or module
    if name.split(".")[0] in bound_in(source.tree) | _bound_below(source):
        raise CannotEdit(f"the name {name} is taken, so {module} cannot be imported under it")
    return Spelling(name, add_import(source, f"import {module} as {alias}" if alias else f"import {module}"))


def _spelled(source: SourceText, qualified: str) -> str | None:
    """How imports at the top of the file name it: the longest import that leads there wins."""
    best: tuple[int, str] | None = None
    shadowed = _bound_below(source)
    for statement in _top_imports(source):
        for name, meaning in _names_of(statement).items():
            if name in shadowed or not (qualified == meaning or qualified.startswith(meaning + ".")):
                continue
            if _is_submodule(source, meaning, qualified):
                best = max(best or (-1, ""), (len(meaning), name + qualified[len(meaning) :]))
    return best[1] if best else None


def _is_submodule(source: SourceText, meaning: str, qualified: str) -> bool:
    """`import jax` reaches jax.numpy and jax.lax, but `import jax` alone does not reach jax.experimental.pallas."""
    inner = qualified[len(meaning) + 1 :].split(".")[:-1]
    return not inner or (
        meaning == "jax" and inner[0] in {"numpy", "lax", "random", "nn", "tree", "tree_util", "debug"}
    )


def _names_of(node: Import) -> dict[str, str]:
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        return {one.asname or one.name: f"{module}.{one.name}" for one in node.names if one.name != "*"}
    return {
        one.asname or one.name.split(".")[0]: one.name if one.asname else one.name.split(".")[0] for one in node.names
    }


def _top_imports(source: SourceText) -> list[Import]:
    return [one for one in source.tree.body if isinstance(one, ast.Import | ast.ImportFrom)]


def _first_imports(source: SourceText) -> list[Import]:
    """The top-level imports up to the first other statement, `__future__` left out."""
    block: list[Import] = []
    for statement in source.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            if getattr(statement, "module", "") != "__future__":
                block.append(statement)
        elif block:
            break
    return block


def _as_first_import(source: SourceText, line: str) -> tuple[Edit, ...]:
    body = source.tree.body
    head: list[ast.stmt] = body[:1] if ast.get_docstring(source.tree, clean=False) is not None else []
    head += [one for one in body if isinstance(one, ast.ImportFrom) and one.module == "__future__"]
    if head:
        [edit] = insert_after(source, head[-1], line)
        return (Edit(edit.start, edit.end, source.newline + edit.new),)
    if body:
        start = source.start(body[0])
        return (Edit(start, start, line + source.newline * 2),)
    return (Edit(len(source.text), len(source.text), line + source.newline),)


def _prefers_plain(source: SourceText) -> bool:
    """Whether the file writes `import x` rather than `from x import y` for the standard library."""
    standard = [one for one in _top_imports(source) if _is_standard(one) and getattr(one, "module", "") != "__future__"]
    plain = sum(isinstance(one, ast.Import) for one in standard)
    return plain > len(standard) - plain


def _bound_below(source: SourceText) -> set[str]:
    """Names that functions and lambdas of the file bind: an import of such a name would be hidden there."""
    scopes = (node for node in ast.walk(source.tree) if isinstance(node, (*FUNCTIONS, ast.Lambda)))
    return set().union(*(bound_in(scope) for scope in scopes))


def _is_standard(node: Import) -> bool:
    module = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
    return module.split(".")[0] in sys.stdlib_module_names and not getattr(node, "level", 0)


def _order(node: Import) -> tuple[bool, str]:
    """Plain imports first, then `from` imports, each by name: what isort and ruff do unless told otherwise."""
    is_from = isinstance(node, ast.ImportFrom)
    return is_from, (node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name).lower()
