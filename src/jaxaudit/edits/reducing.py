"""`functools.reduce(step, range(n), state)` as `lax.fori_loop`, or over the rows of an array as `lax.scan`."""

import ast

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.rolling import Rolled
from jaxaudit.edits.scanned_items import items_of_expression
from jaxaudit.edits.source_text import SourceText


def reduce_on(source: SourceText, line: int) -> ast.Call | None:
    """The one call of `functools.reduce` on a line, with a value to start from."""
    found = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or node.lineno)
        and qualified_name(source, node.func) == "functools.reduce" and len(node.args) == 3 and not node.keywords
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def reduced(source: SourceText, call: ast.Call, arrays: frozenset[str]) -> Rolled:
    """Raises CannotEdit, `Ragged` where the items are a list of which nothing is known."""
    step, over, start = call.args
    if any(isinstance(one, ast.Starred) for one in call.args):
        raise CannotEdit("it is called with any number of arguments")
    items = items_of_expression(source, over, arrays)
    state, item, does = _turn(source, step)
    if items.bounds is not None:
        lax = spell(source, "jax.lax.fori_loop")
        text = f"{lax.text}({items.bounds[0]}, {items.bounds[1]}, lambda {item}, {state}: {does}, {source.of(start)})"
    else:
        lax = spell(source, "jax.lax.scan")
        text = f"{lax.text}(lambda {state}, {item}: ({does}, None), {source.of(start)}, {items.scanned})[0]"
    edits = [*lax.edits, *(one for one in items.edits if one not in lax.edits), Edit(*source.span(call), text)]
    return Rolled(tuple(edits), lax.text)


def _turn(source: SourceText, step: ast.expr) -> tuple[str, str, str]:
    """What a turn's state and item are called, and what the turn does with them."""
    if not isinstance(step, ast.Lambda | ast.Name | ast.Attribute | ast.Call):
        raise CannotEdit("its step is no function that is named or written there")
    if not isinstance(step, ast.Lambda):
        state, item = fresh_name(source, "state"), fresh_name(source, "item")
        return state, item, f"{source.of(step)}({state}, {item})"
    names = [one.arg for one in step.args.args]
    given = step.args
    if len(names) != 2 or given.defaults or given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs:
        raise CannotEdit("its step takes more than the state and an item")
    return names[0], names[1], source.of(step.body)
