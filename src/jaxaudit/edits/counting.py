"""A `while` that counts its turns by hand, written as a `for` over a range."""

import ast

from jaxaudit.edits.edit import CannotEdit, Edit, difference
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import bound_in, free_names
from jaxaudit.edits.nodes import scopes_of
from jaxaudit.edits.rebinding import CHANGING
from jaxaudit.edits.rolling import Rolled, rolled
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import remove_statement


def rolled_while(source: SourceText, loop: ast.While) -> Rolled:
    """The loop, rolled up. Raises CannotEdit where it does not count from a number up to a bound, one by one."""
    counter, bound, beyond = _head(source, loop)
    names = Names(source)
    start = _start(names, loop, counter)
    step = loop.body[-1]
    if not _adds_one(step, counter):
        raise CannotEdit(f"its last statement is not `{counter} += 1`")
    if len(loop.body) < 2:
        raise CannotEdit("a turn does nothing but count")
    inside = [node for one in loop.body[:-1] for node in scopes_of(one)]
    if any(isinstance(one, ast.Name) and one.id == counter and not isinstance(one.ctx, ast.Load) for one in inside):
        raise CannotEdit(f"`{counter}` is set more than once in a turn")
    if any(isinstance(one, ast.Continue) for one in inside):
        raise CannotEdit("a turn may leave the loop: `continue`")
    if changed := sorted(free_names(bound) & bound_in(loop)):
        raise CannotEdit(f"`{changed[0]}`, which bounds it, changes in it")
    if any(isinstance(one, ast.Call | ast.Await) and not _is_length(one, loop) for one in ast.walk(bound)):
        raise CannotEdit(f"`{source.of(bound)}` is asked anew in each turn")
    last = source.of(bound) + (" + 1" if beyond else "")
    first = source.of(start.value)
    head = f"for {counter} in range({last if first == '0' else f'{first}, {last}'}):"
    begin, end = source.start(loop), source.end(loop.test)
    colon = source.text.index(":", end)
    edits = [Edit(begin, colon + 1, head), *remove_statement(source, step), *remove_statement(source, start)]
    text = SourceText.from_text(source.path, source.edited(edits).text)
    alike = [one for one in ast.walk(text.tree) if isinstance(one, ast.For) and text.of(one).startswith(head)]
    made = min(alike, key=lambda one: abs(one.lineno - loop.lineno))
    done = rolled(text, made)
    return Rolled(difference(source.text, text.edited(done.edits).text), done.through)


def _is_length(node: ast.AST, loop: ast.While) -> bool:
    """`len(radii)` of what no turn makes longer: the same in each turn."""
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)], keywords=[]):
            pass
        case _:
            return False
    for one in ast.walk(loop):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=asked), attr=attr)) if (
                asked == name and attr in CHANGING
            ):
                return False
            case ast.Subscript(value=ast.Name(id=asked), ctx=ast.Store() | ast.Del()) if asked == name:
                return False
            case ast.AugAssign(target=ast.Name(id=asked)) if asked == name:
                return False
    return True


def _head(source: SourceText, loop: ast.While) -> tuple[str, ast.expr, bool]:
    match loop.test:
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Lt() | ast.LtE() as op], comparators=[bound]):
            return name, bound, isinstance(op, ast.LtE)
        case ast.Compare(left=bound, ops=[ast.Gt() | ast.GtE() as op], comparators=[ast.Name(id=name)]):
            return name, bound, isinstance(op, ast.GtE)
    raise CannotEdit(f"`while {source.of(loop.test)}` does not count up to a bound")


def _start(names: Names, loop: ast.While, counter: str) -> ast.Assign:
    """Where the counter is set to a number; nobody else reads or sets it."""
    scope = names.scope_of(loop)
    found: list[ast.Assign] = []
    for node in names.uses(scope, counter):
        if names.is_within(node, loop):
            continue
        above = names.parent.get(node)
        match above:
            case ast.Assign(targets=[ast.Name()], value=ast.Constant(value=int())) if names.parent.get(above) is (
                names.parent.get(loop)
            ):
                found.append(above)
            case ast.Assign(targets=[ast.Name()], value=ast.Constant()):
                raise CannotEdit(f"`{counter}` does not begin as a whole number")
            case _:
                raise CannotEdit(f"`{counter}` is used in line {getattr(node, 'lineno', 0)} as well")
    if len(found) != 1 or found[0].lineno > loop.lineno:
        raise CannotEdit(f"`{counter}` does not begin as a number before the loop")
    return found[0]


def _adds_one(node: ast.stmt, counter: str) -> bool:
    match node:
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=ast.Constant(value=1)):
            return name == counter
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.BinOp(left=ast.Name(id=left), op=ast.Add(), right=ast.Constant(value=1)),
        ):
            return name == left == counter
    return False
