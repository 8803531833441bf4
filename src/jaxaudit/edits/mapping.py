"""A comprehension or a loop whose results are stacked or added up becomes one `jax.vmap` of what it computes for each item."""

import ast
from dataclasses import dataclass

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.gathering import body_of, gathered_in, stacked
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.nodes import enclosing, parents_of
from jaxaudit.edits.rebinding import must_ask_nothing_anew
from jaxaudit.edits.rolling import Scope, carried_by, must_only_assign, must_stay_inside
from jaxaudit.edits.scanned_items import Ragged
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import indent_of, indented

STACKS = ("jax.numpy.stack", "jax.numpy.array", "jax.numpy.asarray")
SUMS = ("sum", "jax.numpy.sum")


@dataclass(frozen=True, slots=True)
class Mapped:
    """The edits, and the new expression."""

    edits: tuple[Edit, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Over:
    """The parameters of the mapped function, and the arrays that it runs over."""

    parameters: tuple[str, ...]
    arrays: tuple[str, ...]
    edits: tuple[Edit, ...] = ()


def comprehension_on(source: SourceText, line: int) -> ast.ListComp | ast.GeneratorExp:
    found = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ListComp | ast.GeneratorExp) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    if len(found) != 1:
        raise CannotEdit(f"{len(found)} comprehensions stand in that line")
    return found[0]


def mapped(source: SourceText, whole: ast.ListComp | ast.GeneratorExp, arrays: frozenset[str]) -> Mapped:
    """`jnp.stack([f(w, x) for x in xs])` as `jax.vmap(lambda x: f(w, x))(xs)`. `arrays` are names that hold one array.

    Raises Ragged where the items may differ in shape, CannotEdit where the results are put together otherwise.
    """
    if len(whole.generators) > 1 or whole.generators[0].ifs or whole.generators[0].is_async:
        raise CannotEdit("the comprehension has a condition, or several loops")
    if any(isinstance(node, ast.NamedExpr | ast.Await) for node in ast.walk(whole)):
        raise CannotEdit("the comprehension binds a name")
    must_ask_nothing_anew(Names(source), [whole.elt])
    call = parents_of(source, whole)[0]
    if not isinstance(call, ast.Call) or call.args[:1] != [whole]:
        raise CannotEdit("its results are neither stacked nor added up where they stand")
    name = qualified_name(source, call.func) or ""
    over = _over(source, whole.generators[0], arrays)
    vmap = spell(source, "jax.vmap")
    text = f"{vmap.text}({_function(source, whole.elt, over)})({', '.join(over.arrays)})"
    if name in STACKS and len(call.args) == 1 and not call.keywords:
        return Mapped((*vmap.edits, *over.edits, Edit(*source.span(call), text)), text)
    if name in SUMS and len(call.args) == 1 and not call.keywords:
        summed = spell(source, "jax.numpy.sum")
        text = f"{summed.text}({text}, axis=0)"
        return Mapped((*vmap.edits, *summed.edits, *over.edits, Edit(*source.span(call), text)), text)
    raise CannotEdit(f"its results go to `{source.of(call.func)}`")


def mapped_loop(source: SourceText, loop: ast.For, arrays: frozenset[str], jitted: bool = False) -> Mapped:
    """`for x in xs: rows.append(f(x))`, stacked afterwards, as `rows = jax.vmap(f)(xs)`; `jitted`, as one program.

    Raises Ragged where the items may differ in shape, CannotEdit where one turn needs another, or does more.
    """
    scope: Scope = enclosing(source, loop, ast.FunctionDef, ast.AsyncFunctionDef) or source.tree
    must_stay_inside(loop)
    lists = gathered_in(source, loop, scope)
    if not lists:
        raise CannotEdit("its results are not simply stacked")
    if any(one.first is not None for one in lists):
        raise CannotEdit("the list starts with a value of its own")
    must_only_assign(source, loop, lists)
    carried = carried_by(source, loop, scope, lists)
    if carried:
        raise CannotEdit(f"a turn needs the one before it, or what follows needs the last: `{carried[0]}`")
    over = _over(source, loop, arrays)
    vmap, jit = spell(source, "jax.vmap"), spell(source, "jax.jit")
    opening, closing = (f"{jit.text}({vmap.text}", ")") if jitted else (vmap.text, "")
    given = ", ".join(over.arrays)
    left = ", ".join(one.name for one in lists)
    body = body_of(source, loop, lists)
    if any(line.strip() for line in body) or len(lists) > 1:
        name = fresh_name(source, "turn")
        values = ", ".join(source.of(one.value) for one in lists)
        lines = [f"def {name}({', '.join(over.parameters)}):", *body, f"    return {values}", ""]
        text = f"{opening}({name}){closing}({given})"
    else:
        lines = []
        text = f"{opening}({_function(source, lists[0].value, over)}){closing}({given})"
    lines.append(f"{left} = {text}")
    indent = indent_of(source, loop)
    begin, end = source.span(loop)
    written = indented(source, "\n".join(lines), indent).rstrip("\r\n")
    edits = [*vmap.edits, *(jit.edits if jitted else ()), *over.edits, Edit(begin - len(indent), end, written)]
    for one in lists:
        edits += stacked(source, one)
    return Mapped(tuple(dict.fromkeys(edits)), text)


def _function(source: SourceText, element: ast.expr, over: _Over) -> str:
    """`f` where a turn calls `f(x)` and no more, else a lambda."""
    if isinstance(element, ast.Call) and isinstance(element.func, ast.Name | ast.Attribute) and not element.keywords:
        written = [one.id if isinstance(one, ast.Name) else "" for one in element.args]
        names = {node.id for node in ast.walk(element.func) if isinstance(node, ast.Name)}
        if written == list(over.parameters) and names.isdisjoint(over.parameters):
            return source.of(element.func)
    return f"lambda {', '.join(over.parameters)}: {source.of(element)}"


def _over(source: SourceText, clause: ast.comprehension | ast.For, arrays: frozenset[str]) -> _Over:
    target = clause.target
    names = [target] if isinstance(target, ast.Name) else list(getattr(target, "elts", []))
    parameters = tuple(one.id for one in names if isinstance(one, ast.Name))
    if not parameters or len(parameters) != len(names):
        raise CannotEdit("the items are taken apart in a way that is not followed")
    match clause.iter:
        case ast.Call(func=ast.Name(id="range"), args=args, keywords=[]) if len(parameters) == 1:
            arange = spell(source, "jax.numpy.arange")
            return _Over(parameters, (f"{arange.text}({', '.join(map(source.of, args))})",), arange.edits)
        case ast.Call(func=ast.Name(id="zip"), args=args) if len(args) == len(parameters):
            return _Over(parameters, tuple(_array(source, one, arrays) for one in args))
        case ast.Call(func=ast.Name(id="enumerate"), args=[one], keywords=[]) if len(parameters) == 2:
            arange, over = spell(source, "jax.numpy.arange"), _array(source, one, arrays)
            return _Over(parameters, (f"{arange.text}(len({over}))", over), arange.edits)
    if len(parameters) > 1:
        raise CannotEdit("the items are taken apart in a way that is not followed")
    return _Over(parameters, (_array(source, clause.iter, arrays),))


def _array(source: SourceText, node: ast.expr, arrays: frozenset[str]) -> str:
    text = source.of(node)
    if text in arrays:
        return text
    raise Ragged(f"the items of `{text}` can be mapped only if they have one shape; nothing shows that they have")
