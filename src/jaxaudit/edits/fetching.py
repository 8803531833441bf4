"""A device value that a loop makes a Python number in each turn is kept as it is, and fetched once behind the loop."""

import ast
from dataclasses import dataclass

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import replace
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.lines import calls_on
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.nodes import parents_of
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import insert_after, insert_before

CONVERTERS = ("float", "int", "numpy.asarray", "numpy.array", "jax.device_get")
METHODS = ("item", "tolist")
LOOPS = (ast.For, ast.While)


@dataclass(frozen=True, slots=True)
class Fetched:
    """The edits, and the name that holds the values until the loop has ended."""

    edits: tuple[Edit, ...]
    name: str


@dataclass(frozen=True, slots=True)
class _Fetch:
    """`float(x)`: the call, the value that it fetches, and how the call is written around another name."""

    call: ast.Call
    value: ast.expr
    before: str
    after: str

    def of(self, name: str) -> str:
        return f"{self.before}{name}{self.after}"


def fetched_once(source: SourceText, line: int) -> Fetched:
    """The fetch on a line moved behind its loop: of what is appended to a list, or added up.

    Raises CannotEdit where the loop itself needs the value.
    """
    names = Names(source)
    found = [fetch for call in calls_on(source, line) if (fetch := fetch_of(source, call)) is not None]
    if not found:
        raise CannotEdit("what fetches the value stands elsewhere")
    if len(found) > 1:
        raise CannotEdit(f"{len(found)} values are fetched in that line")
    [fetch] = found
    statement = next((one for one in names.parents(fetch.call) if isinstance(one, ast.stmt)), None)
    loops = [one for one in names.loops_around(fetch.call) if isinstance(one, LOOPS)]
    if statement is None or not loops:
        raise CannotEdit("no loop of the same function stands around it")
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name() as kept, attr="append"), args=[only])):
            if only is fetch.call:
                return _appended(source, names, fetch, kept, loops[-1])
        case ast.AugAssign(target=ast.Name() as total, op=ast.Add(), value=value) if value is fetch.call:
            return _added(source, names, fetch, total, statement, loops[-1])
        case ast.Assign(targets=[ast.Name() as one], value=value) if value is fetch.call:
            return _named(source, names, fetch, one, loops[-1])
        case ast.Expr(value=ast.Call(func=func)) if qualified_name(source, func) == "print":
            raise CannotEdit("it is printed in each turn, which is what it is fetched for")
        case ast.If() | ast.While() | ast.Assert():
            raise CannotEdit("it decides what the next turn does")
    raise CannotEdit("the loop goes on working with the Python number")


def fetch_of(source: SourceText, call: ast.Call) -> _Fetch | None:
    """What a call fetches; None for any other call."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in METHODS and not call.args and not call.keywords:
        return _Fetch(call, call.func.value, "", f".{call.func.attr}()")
    if qualified_name(source, call.func) in CONVERTERS and len(call.args) == 1 and not call.keywords:
        return _Fetch(call, call.args[0], f"{source.of(call.func)}(", ")")
    return None


def _appended(source: SourceText, names: Names, fetch: _Fetch, kept: ast.Name, loop: ast.AST) -> Fetched:
    """`losses.append(float(x))`: the list holds device values while the loop runs."""
    home = _home_of(names, kept, loop)
    _only_use(names, home, kept, loop)
    _must_begin_empty(names, home, kept.id)
    get = spell(source, "jax.device_get")
    one = fresh_name(source, "one")
    lines = f"{kept.id} = {get.text}({kept.id})\n{kept.id} = [{fetch.of(one)} for {one} in {kept.id}]"
    edits = (*get.edits, *replace(source, fetch.call, source.of(fetch.value)), *_behind(source, loop, lines))
    return Fetched(edits, kept.id)


def _added(
    source: SourceText, names: Names, fetch: _Fetch, total: ast.Name, statement: ast.AugAssign, loop: ast.AST
) -> Fetched:
    """`total += float(x)`: the values are kept in a list, and added up in the same order behind the loop."""
    home = _home_of(names, total, loop)
    _only_use(names, home, total, loop)
    parts, one = fresh_name(source, f"{total.id}_parts"), fresh_name(source, "one")
    get = spell(source, "jax.device_get")
    edits = (
        *get.edits,
        *insert_before(source, _statement(loop), f"{parts} = []"),
        *replace(source, statement, f"{parts}.append({source.of(fetch.value)})"),
        *_behind(
            source, loop, f"{parts} = {get.text}({parts})\nfor {one} in {parts}:\n    {total.id} += {fetch.of(one)}"
        ),
    )
    return Fetched(edits, parts)


def _named(source: SourceText, names: Names, fetch: _Fetch, name: ast.Name, loop: ast.AST) -> Fetched:
    """`loss = float(x)`, which the loop only appends to a list."""
    home = _home_of(names, name, loop)
    loads = names.loads(home, name.id)
    inside = [use for use in loads if names.is_within(use, loop)]
    if len(inside) != len(loads) or len(names.bound_at(home, name.id)) != 1:
        raise CannotEdit(f"`{name.id}` is used behind the loop as well")
    if len(inside) != 1:
        raise CannotEdit(f"the loop uses `{name.id}` in {len(inside)} places")
    statement = next(one for one in names.parents(inside[0]) if isinstance(one, ast.stmt))
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name() as kept, attr="append"), args=[only])):
            if only is inside[0]:
                return _appended(source, names, fetch, kept, loop)
    raise CannotEdit(f"the loop goes on working with `{name.id}` in line {inside[0].lineno}")


def _home_of(names: Names, node: ast.Name, loop: ast.AST) -> ast.AST:
    home = names.home(node)
    if home is None or home is not names.scope_of(loop):
        raise CannotEdit(f"`{node.id}` belongs to another function")
    return home


def _only_use(names: Names, home: ast.AST, node: ast.Name, loop: ast.AST) -> None:
    """Nothing else reads the name while the loop runs: no other line of it, and no function that it may call."""
    for use in names.uses(home, node.id):
        if use is not node and names.is_within(use, loop):
            raise CannotEdit(f"`{node.id}` is used in line {use.lineno} of the loop as well")
        if names.function_around(use) is not names.function_around(loop):
            raise CannotEdit(f"a function reads `{node.id}` in line {use.lineno}")


def _must_begin_empty(names: Names, home: ast.AST, name: str) -> None:
    """The list is made once, as `[]`."""
    bindings = names.bound_at(home, name)
    made = [one for binding in bindings for one in names.parents(binding) if isinstance(one, ast.stmt)][:1]
    match made:
        case [ast.Assign(value=ast.List(elts=[])) | ast.AnnAssign(value=ast.List(elts=[]))] if len(bindings) == 1:
            return
    raise CannotEdit(f"`{name}` is not a list that begins empty")


def _statement(loop: ast.AST) -> ast.stmt:
    assert isinstance(loop, ast.stmt)
    return loop


def _behind(source: SourceText, loop: ast.AST, code: str) -> tuple[Edit, ...]:
    """Statements behind the whole loop, its `else` included."""
    if any(isinstance(one, ast.Return | ast.Yield | ast.YieldFrom) for one in ast.walk(loop)):
        raise CannotEdit("the loop may hand something back before it ends")
    if any(isinstance(one, ast.Try) for one in parents_of(source, loop)):
        raise CannotEdit("a `try` stands around the loop, and may go on with what was collected by then")
    return insert_after(source, _statement(loop), code)
