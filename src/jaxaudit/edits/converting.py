"""Numbers that a loop hands to a call in each turn are made arrays once, before the loop."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import replace
from jaxaudit.edits.imports import spell
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import bound_in, fresh_name
from jaxaudit.edits.rebinding import changed_in
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import insert_before

LOOPS = (ast.For, ast.While)


@dataclass(frozen=True, slots=True)
class Converted:
    """The edits, the parameters that get an array, and what the new names are bound to."""

    edits: tuple[Edit, ...]
    parameters: tuple[str, ...]
    bound: Mapping[str, str]


def converted_once(source: SourceText, call: ast.Call, arguments: Mapping[str, ast.expr]) -> Converted:
    """The call with new names for these arguments, by parameter, which are bound before the loop around it.

    What the loop may change is left as it is. Raises CannotEdit where nothing is left to convert.
    """
    names = Names(source)
    asarray = spell(source, "jax.numpy.asarray")
    edits: dict[Edit, None] = dict.fromkeys(asarray.edits)
    done: list[str] = []
    bound: dict[str, str] = {}
    why: CannotEdit | None = None
    for parameter, value in arguments.items():
        try:
            loop = _loop_around(names, call, value)
        except CannotEdit as error:
            why = error
            continue
        name = fresh_name(source, f"{value.id if isinstance(value, ast.Name) else parameter}_array")
        edits |= dict.fromkeys(insert_before(source, loop, f"{name} = {asarray.text}({source.of(value)})"))
        edits |= dict.fromkeys(replace(source, value, name))
        done.append(parameter)
        bound[name] = source.of(value)
    if not done:
        raise why or CannotEdit("the call is handed none of them")
    return Converted(tuple(edits), tuple(done), bound)


def _loop_around(names: Names, call: ast.Call, value: ast.expr) -> ast.stmt:
    """The outermost loop that leaves the value as it is."""
    loops = [one for one in names.loops_around(call) if isinstance(one, LOOPS)]
    if not loops:
        raise CannotEdit("no loop of the same function stands around the call")
    match value:
        case ast.Constant() | ast.UnaryOp(operand=ast.Constant()):
            return loops[-1]
        case ast.Name(id=name):
            home = names.home(value)
            if home is not None and home is names.tree and changed_in(names, name):
                raise CannotEdit(f"a function rebinds `{name}`")
            still = [one for one in loops if name not in bound_in(one)]
            if not still:
                raise CannotEdit(f"the loop binds `{name}` anew")
            return still[-1]
    raise CannotEdit("what is handed in is worked out in each turn")
