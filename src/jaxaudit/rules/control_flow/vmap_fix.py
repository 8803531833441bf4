"""`jnp.stack([f(p, x) for x in xs])` becomes `jax.vmap(f, in_axes=(None, 0))(p, xs)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jaxaudit.rules.control_flow.turn_results import GatheredResults, uses_turn
from jaxaudit.source import values as v

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.model import Finding
    from jaxaudit.source.events import Loop

STACKS = frozenset({"stack", "array", "asarray"})


def can_become_vmap(loop: Loop, found: GatheredResults) -> bool:
    """Each argument is this turn's entry or the same in all turns, and the results are stacked as they come."""
    whole = loop.whole
    if (
        whole is None
        or found.how not in STACKS
        or found.turns.sort == "modules"
        or whole.element.__class__ is not v.Call
    ):
        return False
    call = whole.element
    if call.kwargs or uses_turn(call.func, loop) or any(a.__class__ is v.Star for a in call.args):
        return False
    mapped = [a for a in call.args if uses_turn(a, loop)]
    return bool(mapped) and all(_is_entry(a, loop) for a in mapped)


def _is_entry(value: v.Value, loop: Loop) -> bool:
    """`x`, one of `x, y`, or `xs[i]`."""
    if value.__class__ is v.Elem:
        return value.loop is loop
    if value.__class__ is not v.Item:
        return False
    if value.base.__class__ is v.Elem:
        return value.index.__class__ is v.Const
    return value.index.__class__ is v.Elem and not uses_turn(value.base, loop)


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """The whole `jnp.stack([...])` replaced."""
    from jaxaudit.edits import CannotEdit, call_at, enclosing, replace, spell
    from jaxaudit.edits.name_scopes import Names
    from jaxaudit.edits.rebinding import must_ask_nothing_anew

    call = call_at(source, finding.place)
    whole = enclosing(source, call, ast.ListComp)
    stack = enclosing(source, call, ast.Call)
    if whole is None or stack is None or whole.elt is not call or stack.args != [whole] or stack.keywords:
        raise CannotEdit("the results are not simply stacked")
    clause = whole.generators[0]
    if len(whole.generators) > 1 or clause.ifs or clause.is_async or call.keywords:
        raise CannotEdit("the comprehension has a condition, or several loops")
    must_ask_nothing_anew(Names(source), [call])
    axes, arguments = [], []
    for argument in call.args:
        over = _axis(argument, clause)
        if over is None and _names(argument) & _names(clause.target):
            raise CannotEdit("an argument is computed from the entry: vmap a function that does so")
        axes.append("None" if over is None else "0")
        arguments.append(source.of(over or argument))
    vmap = spell(source, "jax.vmap")
    inner = "" if set(axes) == {"0"} else f", in_axes=({', '.join(axes)})"
    made = f"{vmap.text}({source.of(call.func)}{inner})({', '.join(arguments)})"
    return (*vmap.edits, *replace(source, stack, made))


def _axis(argument: ast.expr, clause: ast.comprehension) -> ast.expr | None:
    """The array whose entries an argument runs through."""
    target, over = clause.target, clause.iter
    if isinstance(argument, ast.Name):
        if isinstance(target, ast.Name) and argument.id == target.id:
            return over if not isinstance(over, ast.Call) or not _is_named(over, "range") else None
        if isinstance(target, ast.Tuple) and isinstance(over, ast.Call) and _is_named(over, "zip"):
            for name, array in zip(target.elts, over.args):
                if isinstance(name, ast.Name) and name.id == argument.id:
                    return array
    if isinstance(argument, ast.Subscript) and isinstance(argument.slice, ast.Name) and isinstance(target, ast.Name):
        whole = isinstance(over, ast.Call) and _is_named(over, "range") and _is_length(over.args, argument.value)
        if argument.slice.id == target.id and whole:
            return argument.value
    return None


def _is_named(call: ast.Call, name: str) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == name


def _is_length(arguments: list[ast.expr], array: ast.expr) -> bool:
    """`range(len(xs))` or `range(xs.shape[0])`."""
    if len(arguments) != 1:
        return False
    written, name = ast.unparse(arguments[0]), ast.unparse(array)
    return written in (f"len({name})", f"{name}.shape[0]")


def _names(node: ast.expr) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
