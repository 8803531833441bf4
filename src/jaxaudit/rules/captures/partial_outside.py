"""`jit(partial(f, x))` becomes `partial(jit(f), x)`: the same calls, with x as an argument of the compiled program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v

if TYPE_CHECKING:
    import ast

    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.source.program import Program


def can_swap(program: Program, use: c.TransformUse) -> bool:
    """A jit without options around a `functools.partial` that is written inside it."""
    call = use.call
    if call.decorator or len(call.args) != 1 or call.kwargs or len(call.expr[2]) != 1 or call.expr[2][0][0] != "c":
        return False
    inner = call.args[0]
    is_partial = isinstance(inner, v.Call) and c.known_name(program, inner.func) == "functools.partial"
    return is_partial and len(use.options) == 1 and bool(inner.args) and inner.args[0].__class__ is not v.Star  # type: ignore[attr-defined]


def is_cured_by_swap(program: Program, use: c.TransformUse) -> bool:
    """Whether the function inside the partial is one object, so that jit of it finds its programs again."""
    if not can_swap(program, use):
        return False
    inner = use.call.args[0]
    return isinstance(inner, v.Call) and lifetime.identity(program, inner.args[0]).how == "same"


def swap(source: SourceText, jitted: ast.expr) -> tuple[Edit, ...]:
    """The edit, for the jit call."""
    import ast

    from jaxaudit.edits import CannotEdit, Edit

    bound = jitted.args[0] if isinstance(jitted, ast.Call) and len(jitted.args) == 1 else None
    if not isinstance(jitted, ast.Call) or not isinstance(bound, ast.Call) or not bound.args or jitted.keywords:
        raise CannotEdit("the call is not jit(partial(f, ...))")
    function = source.of(bound.args[0])
    end = source.end(bound.args[0])
    rest = source.text[end : source.end(bound)]
    return (Edit(*source.span(jitted), f"{source.of(bound.func)}({source.of(jitted.func)}({function}){rest}"),)
