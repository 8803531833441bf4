"""A Python loop as `lax.fori_loop` or `lax.scan`: its body becomes a function of what one turn hands to the next."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from jaxaudit.edits.edit import CannotEdit, Edit, difference
from jaxaudit.edits.gathering import Gathered, body_of, gathered_in, stacked, starts_apart
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import bound_in, free_names, fresh_name
from jaxaudit.edits.nodes import FUNCTIONS, LOOPS, block_of, enclosing, parents_of, scopes_of
from jaxaudit.edits.rebinding import must_ask_nothing_anew
from jaxaudit.edits.scanned_items import Items, items_of
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import indent_of, indented

LEAVES = (ast.Break, ast.Continue, ast.Return, ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal, ast.Raise)
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module


@dataclass(frozen=True, slots=True)
class Rolled:
    """The edits, and the function that the loop became one of."""

    edits: tuple[Edit, ...]
    through: str


def rolled(source: SourceText, loop: ast.For, arrays: Iterable[str] = ()) -> Rolled:
    """The loop, rolled up. `arrays` are names of which the caller knows that they hold arrays.

    Raises CannotEdit where turns leave the loop, or hand on what no carry can hold; `Ragged` where it runs over a list.
    """
    apart = starts_apart(source, loop)
    if apart:
        text = SourceText.from_text(source.path, source.edited(apart).text)
        number = [one for one in ast.walk(source.tree) if isinstance(one, LOOPS)].index(loop)
        same = [one for one in ast.walk(text.tree) if isinstance(one, LOOPS)][number]
        assert isinstance(same, ast.For)
        done = rolled(text, same, arrays)
        return Rolled(difference(source.text, text.edited(done.edits).text), done.through)
    scope: Scope = enclosing(source, loop, ast.FunctionDef, ast.AsyncFunctionDef) or source.tree
    must_stay_inside(loop)
    gathered = gathered_in(source, loop, scope)
    must_only_assign(source, loop, gathered)
    carried = carried_by(source, loop, scope, gathered)
    items = items_of(source, loop, frozenset(arrays), bool(gathered))
    return _written(source, loop, carried, gathered, items)


# -- what a turn may do -------------------------------------------------------------------------------------------------


def must_stay_inside(loop: ast.For) -> None:
    if loop.orelse:
        raise CannotEdit("the loop has an `else`")
    for node in (one for statement in loop.body for one in scopes_of(statement)):
        if isinstance(node, LEAVES):
            raise CannotEdit(f"a turn may leave the loop: `{type(node).__name__.lower()}` in line {node.lineno}")


def must_only_assign(source: SourceText, loop: ast.For, gathered: Sequence[Gathered]) -> None:
    """What a turn does beside binding names would happen once only, while it is traced."""
    names = bound_in(loop) | free_names(loop.target)
    _must_slice_alike(source, loop)
    must_ask_nothing_anew(Names(source), loop.body)
    for node in (one for statement in loop.body for one in scopes_of(statement)):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            raise CannotEdit(f"`{source.of(node)}` is written in place")
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            if any(node is one.append for one in gathered):
                continue
            called = qualified_name(source, node.value.func) if isinstance(node.value, ast.Call) else None
            if not (called or "").startswith("jax.debug."):
                raise CannotEdit(f"`{source.of(node)}` is done for its effect")
        if isinstance(node, (ast.If, ast.While, ast.IfExp)) and free_names(node.test) & names:
            raise CannotEdit(f"`{source.of(node.test)}` chooses by the turn")
        if isinstance(node, (ast.For, ast.comprehension)) and free_names(node.iter) & names:
            raise CannotEdit(f"`{source.of(node.iter)}` differs from turn to turn")


def _must_slice_alike(source: SourceText, loop: ast.For) -> None:
    counters = _target_names(loop.target)
    for node in (one for statement in loop.body for one in ast.walk(statement)):
        if isinstance(node, ast.Slice) and any(isinstance(n, ast.Name) and n.id in counters for n in ast.walk(node)):
            raise CannotEdit(
                f"`{source.of(node)}` is a slice that the turn decides: `lax.dynamic_slice` takes one of a fixed length"
            )


# -- what one turn hands to the next ------------------------------------------------------------------------------------


def carried_by(source: SourceText, loop: ast.For, scope: Scope, gathered: Sequence[Gathered]) -> tuple[str, ...]:
    """Names that a turn reads before it binds them, and names that are read after the loop."""
    binds = bound_in(loop) - _target_names(loop.target)
    late = _read_elsewhere(source, loop, scope) & binds
    early = set(_read_first(loop.body, binds, set()))
    wanted = early | late
    wanted -= {one.name for one in gathered}
    leaking = _target_names(loop.target) & _read_elsewhere(source, loop, scope)
    if leaking and not leaking <= _bound_again(source, loop, scope):
        raise CannotEdit(f"`{min(leaking)}` is read after the loop")
    before = _bound_before(source, loop, scope)
    missing = sorted(wanted - before)
    if missing:
        raise CannotEdit(f"`{missing[0]}` has no value before the loop")
    order = [node.id for node in ast.walk(loop) if isinstance(node, ast.Name)]
    lasts = [one.last for one in gathered if one.last]
    return tuple(dict.fromkeys([*(name for name in order if name in wanted), *lasts]))


def _target_names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _read_elsewhere(source: SourceText, loop: ast.For, scope: Scope) -> set[str]:
    """Names read behind the loop; around it too, where it stands in another loop."""
    outer = any(isinstance(one, LOOPS) for one in parents_of(source, loop) if one is not scope)
    end = source.end(loop)
    inside = {id(node) for node in ast.walk(loop)}
    return {
        node.id
        for node in ast.walk(scope)
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and id(node) not in inside
        and (outer or source.start(node) >= end or _is_deferred(source, node, scope))
    }


def _is_deferred(source: SourceText, node: ast.AST, scope: Scope) -> bool:
    """Read in a function that may be called later."""
    return enclosing(source, node, *FUNCTIONS, ast.Lambda) not in (scope, None)


def _bound_again(source: SourceText, loop: ast.For, scope: Scope) -> set[str]:
    """Names that another statement binds as a whole (a second loop over the same index)."""
    inside = {id(node) for node in ast.walk(loop)}
    return {
        node.id
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in inside
    }


def _bound_before(source: SourceText, loop: ast.For, scope: Scope) -> set[str]:
    names = {
        node.id
        for node in scopes_of_body(scope)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and source.start(node) < source.start(loop)
    }
    if isinstance(scope, FUNCTIONS):
        given = scope.args
        ends = [one for one in (given.vararg, given.kwarg) if one]
        names |= {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, *ends)}
    return names


def scopes_of_body(scope: Scope) -> Iterator[ast.AST]:
    for statement in scope.body:
        yield from scopes_of(statement)


def _read_first(body: list[ast.stmt], binds: set[str], done: set[str]) -> Iterator[str]:
    """Names of `binds` that are read before they are surely bound in this turn. Fills `done` with those bound."""
    for statement in body:
        if isinstance(statement, ast.If):
            yield from free_names(statement.test) & binds - done
            then, other = set(done), set(done)
            yield from _read_first(statement.body, binds, then)
            yield from _read_first(statement.orelse, binds, other)
            yield from (then ^ other) & binds - done  # bound on one side only: the old value shows on the other
            done |= then & other
        elif isinstance(statement, (ast.For, ast.While, ast.With)):
            head = _heads(statement)
            yield from set().union(*(free_names(one) for one in head)) & binds - done
            inner = done | (_target_names(statement.target) if isinstance(statement, ast.For) else set())
            yield from _read_first(statement.body, binds, inner)
            if isinstance(statement, ast.With):
                done |= inner
            else:
                yield from _read_first(statement.orelse, binds, set(done))
        else:
            reads = free_names(statement)
            if isinstance(statement, ast.AugAssign):
                reads |= _target_names(statement.target)
            yield from reads & binds - done
            done |= {
                node.id
                for node in scopes_of(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
            if isinstance(statement, FUNCTIONS):
                done.add(statement.name)


def _heads(statement: ast.For | ast.While | ast.With) -> list[ast.expr]:
    """What is worked out before its body begins."""
    if isinstance(statement, ast.With):
        return [one.context_expr for one in statement.items]
    return [statement.iter if isinstance(statement, ast.For) else statement.test]


# -- writing it ---------------------------------------------------------------------------------------------------------


def _written(
    source: SourceText, loop: ast.For, carried: tuple[str, ...], gathered: Sequence[Gathered], items: Items
) -> Rolled:
    if not carried and not gathered:
        raise CannotEdit("no turn hands anything to the next, or to what follows")
    name = fresh_name(source, "turn")
    state = carried[0] if len(carried) == 1 else f"({', '.join(carried)})" if carried else "None"
    taken = carried[0] if len(carried) == 1 else fresh_name(source, "carry") if carried else "_"
    unpack = [f"{', '.join(carried)} = {taken}"] if len(carried) > 1 else []
    target = source.of(loop.target)
    simple = isinstance(loop.target, ast.Name)
    item = target if simple else fresh_name(source, "item")
    if not simple:
        unpack.append(f"{target} = {item}")
    inner = " " * 4
    body = body_of(source, loop, gathered)
    bare = state[1:-1] if len(carried) > 1 else state
    if items.bounds is not None:
        lax = spell(source, "jax.lax.fori_loop")
        head, result = f"def {name}({item}, {taken}):", bare
        call = f"{bare} = {lax.text}({items.bounds[0]}, {items.bounds[1]}, {name}, {state})"
    else:
        lax = spell(source, "jax.lax.scan")
        outs = [one.last or source.of(one.value) for one in gathered]
        out = outs[0] if len(outs) == 1 else f"({', '.join(outs)})" if outs else "None"
        lists = [one.name for one in gathered]
        got = lists[0] if len(lists) == 1 else f"({', '.join(lists)})" if lists else "_"
        head, result = f"def {name}({taken}, {item}):", f"{state}, {out}"
        left = f"{state if carried else '_'}, {got}"
        call = f"{left} = {lax.text}({name}, {state}, {items.scanned})"
    lines = [head, *(inner + line for line in unpack), *body, f"{inner}return {result}", "", call]
    indent = indent_of(source, loop)
    text = indented(source, "\n".join(lines), indent).strip("\r\n")[len(indent) :]
    gap = "" if block_of(source, loop)[0] is loop else source.newline
    start, end = source.span(loop)
    edits = [Edit(start - len(indent), end, gap + indent + text)]
    edits += [*lax.edits, *(one for one in items.edits if one not in lax.edits)]
    for one in gathered:
        edits += stacked(source, one)
    return Rolled(tuple(dict.fromkeys(edits)), lax.text)
