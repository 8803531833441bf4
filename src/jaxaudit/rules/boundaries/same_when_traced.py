"""Whether a function does the same where JAX traces it once: it changes nothing that it is handed, asks no value what it is,
catches no error, and reads nothing that the program changes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.decorators import add_inner_decorator
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import spell
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import parameters_of
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.rebinding import CHANGING, must_ask_nothing_anew, must_compile_once
from jaxaudit.rules.boundaries.changed_elsewhere import must_not_change_elsewhere
from jaxaudit.rules.boundaries.plain_results import must_not_be_needed_plain
from jaxaudit.rules.boundaries.subclasses import other_methods
from jaxaudit.rules.consequences import must_bring_no_fault

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.edits.nodes import Function
    from jaxaudit.rules.project import Project

ASKS = frozenset({"isinstance", "type", "callable", "hasattr", "getattr", "id", "hash"})
MOST = 60


def must_do_the_same(project: Project, source: SourceText, node: Function | ast.Lambda, of_nnx: bool = False) -> None:
    """CannotEdit with what it does otherwise; functions of the file that it calls are looked at as well, and what subclasses put in
    the place of methods. `nnx.jit` carries changes of its arguments back."""
    _alone(project, source, node, of_nnx)
    must_not_be_needed_plain(project, source, node)
    must_hold_for_subclasses(project, source, node, of_nnx)


def must_hold_for_subclasses(project: Project, source: SourceText, part: ast.AST, of_nnx: bool = False) -> None:
    """The same of methods that a subclass puts in the place of those that the part calls on its object."""
    for file, _, other in other_methods(project, source, part):
        _alone(project, file, other, of_nnx)
        if not of_nnx:
            must_bring_no_fault(project, {file.path: _as_if_jitted(file, other)})


def _as_if_jitted(source: SourceText, node: Function) -> tuple[Edit, ...]:
    """A method under jit, its object static: what the rules would say of it. Nobody gets to see this text."""
    jit, partial = spell(source, "jax.jit"), spell(source, "functools.partial")
    decorator = f"{partial.text}({jit.text}, static_argnums=0)"
    imports = (*jit.edits, *(one for one in partial.edits if one not in jit.edits))
    return (*imports, *add_inner_decorator(source, node, decorator))


def _alone(project: Project, source: SourceText, node: Function | ast.Lambda, of_nnx: bool) -> None:
    names = Names(source)
    for one in reached(names, node):
        name = getattr(one, "name", "the lambda")
        own = {parameter.arg for parameter in parameters_of(one)} - {"self", "cls"}
        bound: dict[str, int] = {}
        for part in ast.walk(one):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                bound[part.id] = min(part.lineno, bound.get(part.id, part.lineno))
        for part in ast.walk(one):
            changed = _changed(part)
            if changed in own and not of_nnx and part.lineno <= bound.get(changed, part.lineno):  # type: ignore[attr-defined]
                raise CannotEdit(
                    f"`{name}` changes `{changed}` in place (line {part.lineno}): traced, it would change a copy"  # type: ignore[attr-defined]
                )
            if isinstance(part, ast.Try):
                raise CannotEdit(f"`{name}` catches errors (line {part.lineno}), also those that tracing raises")
            match part:
                case ast.Call(func=ast.Name(id=asked), args=[ast.Name(id=value), *_]) if asked in ASKS and value in own:
                    raise CannotEdit(f"`{name}` asks `{asked}({value}, ...)`, and a tracer answers otherwise")
    if of_nnx:
        must_ask_nothing_anew(names, [node])
    else:
        must_compile_once(names, [node])
    must_not_change_elsewhere(project, source, [node])


def reached(names: Names, node: Function | ast.Lambda) -> Iterator[Function | ast.Lambda]:
    """The function, and those of its file that it names, and that these name."""
    waiting: list[ast.AST] = [node]
    seen: set[ast.AST] = set()
    while waiting and len(seen) < MOST:
        one = waiting.pop()
        if one in seen or not isinstance(one, (*FUNCTIONS, ast.Lambda)):
            continue
        seen.add(one)
        yield one
        for part in ast.walk(one):
            home = names.home(part) if isinstance(part, ast.Name) else None
            if home is not None and isinstance(part, ast.Name):
                waiting += names.bound_at(home, part.id)


def _changed(node: ast.AST) -> str:
    """The name at the root of what is changed in place: `state` in `state["x"] = ...`, `rows.append(x)`."""
    target: ast.AST | None = None
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            target = node
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=value, attr=attr))) if attr in CHANGING:
            target = value
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""
