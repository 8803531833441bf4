"""A frozen dataclass that is a static argument becomes a pytree: the fields that change are its leaves, the others its metadata."""

import ast
from collections.abc import Sequence

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.source_text import SourceText


def registered(source: SourceText, cls: ast.ClassDef, data: Sequence[str]) -> tuple[Edit, ...]:
    """`@functools.partial(jax.tree_util.register_dataclass, data_fields=[...], meta_fields=[...])` above `@dataclass`."""
    if len(cls.decorator_list) != 1 or cls.bases or cls.keywords:
        raise CannotEdit(f"`{cls.name}` has bases or other decorators")
    [decorator] = cls.decorator_list
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if qualified_name(source, called) != "dataclasses.dataclass":
        raise CannotEdit(f"`{cls.name}` is no plain dataclass")
    fields = _fields(source, cls)
    missing = [name for name in data if name not in fields]
    if missing:
        raise CannotEdit(f"`{cls.name}` declares no field `{missing[0]}`")
    partial, register = spell(source, "functools.partial"), spell(source, "jax.tree_util.register_dataclass")
    rest = [name for name in fields if name not in data]
    start = source.start(decorator)
    line = source.line_starts[source.line_of(start) - 1]
    blanks = source.text[line:start].partition("@")[0]
    new = f"{blanks}@{partial.text}({register.text}, data_fields={_listed(data)}, meta_fields={_listed(rest)}){source.newline}"
    return (*partial.edits, *register.edits, Edit(line, line, new))


def _fields(source: SourceText, cls: ast.ClassDef) -> list[str]:
    found: list[str] = []
    for node in cls.body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        words = {one.id if isinstance(one, ast.Name) else one.attr for one in ast.walk(node.annotation)
                 if isinstance(one, ast.Name | ast.Attribute)}  # fmt: skip
        if words & {"ClassVar"}:
            continue
        made = node.value if isinstance(node.value, ast.Call) else None
        options = {one.arg for one in made.keywords} if made is not None else set()
        if words & {"InitVar", "KW_ONLY"} or options & {"init", "compare", "hash"}:
            raise CannotEdit(f"the field `{node.target.id}` of `{cls.name}` is not set or compared as the others are")
        found.append(node.target.id)
    return found


def _listed(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
