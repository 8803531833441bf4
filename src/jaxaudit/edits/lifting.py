"""A jitted function that is made anew in each call goes to the module's level, what it closed over as arguments."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import indent

from jaxaudit.edits.arguments import add_argument, add_keyword
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import spell
from jaxaudit.edits.jit_sites import JitSite
from jaxaudit.edits.lifting_calls import definition, expression, lifted_call, local_functions, only_there
from jaxaudit.edits.made_functions import (
    bound_values,
    code_of,
    made_functions,
    must_stay_until,
    name_of,
    only_read_there,
)
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import bound_in, fresh_name, parameters_of
from jaxaudit.edits.nodes import FUNCTIONS, Function, parents_of, statement_of
from jaxaudit.edits.own_methods import Methods, methods_of
from jaxaudit.edits.rebinding import must_compile_once
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import indent_of, remove_definition, remove_statement, string_over_lines
from jaxaudit.edits.static_names import add_static_names
from jaxaudit.edits.taking import Taken, decides, is_asked, must_be_kept, readings, taken


@dataclass(frozen=True, slots=True)
class Lifted:
    """The edits, the new function's name, and the names that became its arguments."""

    edits: tuple[Edit, ...]
    name: str
    arguments: tuple[str, ...]


def lifted(source: SourceText, site: JitSite, static: Sequence[str] = ()) -> Lifted:
    """The jitted function of this site at module level. `static` are names that are no arrays.

    Raises CannotEdit where it hands itself on in a way that is not followed, or binds names of the functions around.
    """
    if isinstance(site.function, ast.Lambda):
        try:
            return _lifted_lambda(source, site, site.function, static)
        except CannotEdit:
            return Lifted(*lifted_call(source, site))
    if site.function is not None and site.is_decorator:
        return _lifted_definition(source, site, site.function, static)
    return Lifted(*lifted_call(source, site))


def closed_over(
    names: Names, function: Function | ast.Lambda, inner: Sequence[Function] = (), methods: Methods | None = None,
    made: Sequence[ast.Assign] = (),
) -> list[Taken]:  # fmt: skip
    """What it takes from the functions around it, in the order in which it reads it; of annotations nothing. `inner`,
    `methods` and `made` are functions that go along."""
    body = function.body if isinstance(function.body, list) else [function.body]
    defaults = [*function.args.defaults, *filter(None, function.args.kw_defaults)]
    own = [one.arg for one in parameters_of(function)]
    inside = [function.name] if isinstance(function, FUNCTIONS) else []
    parts = (*body, *defaults, *(one.value for one in made))
    values = taken(
        names, parts, inner, own, (function,), methods, made=map(name_of, made), bound=bound_values(names, made)
    )
    return [one for one in values if one.text not in inside]


def _lifted_definition(source: SourceText, site: JitSite, function: Function, static: Sequence[str]) -> Lifted:
    outer = _outermost(source, function)
    _must_be_plain(source, function)
    if len(function.decorator_list) != 1:
        raise CannotEdit("it has other decorators too")
    calls = _uses(source, function, outer)
    scopes = Names(source)
    body = ast.Module(function.body, [])
    inner = [one for one in local_functions(scopes, body) if one is not function and not _is_inside(one, function)]
    methods = methods_of(scopes, (*function.body, *inner))
    made = made_functions(scopes, (*function.body, *inner), function)
    must_stay_until(scopes, made, calls)
    values = closed_over(scopes, function, inner, methods, made)
    names = [one.name for one in values]
    along = [part for one in made for part in code_of(scopes, one)]
    must_compile_once(scopes, (*function.body, *along, *inner, *methods.found), [one.text for one in values])
    must_be_kept(scopes, function, [one for one in values if is_asked(scopes, one)])
    name = _module_name(source, function.name, outer)
    header = _with_parameters(source, function, names)
    more = _with_static(source, site, names, (*static, *(one.name for one in values if decides(scopes, one))))
    renamed = [] if name == function.name else [_renamed(source, function, name)]
    inside, imports = _parted(more, *source.span(function))
    changed = [*readings(source, values), *methods.edits(scopes)]
    own, _ = _parted(changed, *source.span(function))
    first = _along(source, function, made, [*methods.found, *inner], changed)
    text = _moved_text(source, function, [*header, *inside, *renamed, *own, *first])
    edits = [*imports, _before(source, outer, text), *remove_definition(source, function)]
    for one in inner:
        if only_there(scopes, one, (function, *inner)):
            edits += remove_definition(source, one)
    for each in made:
        if only_read_there(scopes, each, (function, *inner, *(one.value for one in made))):
            edits += remove_definition(source, each)
    for use in calls:
        edits += _call(source, use, name, values)
    return Lifted(tuple(edits), name, tuple(one.text for one in values))


def _is_inside(node: ast.AST, outer: ast.AST) -> bool:
    return any(one is node for one in ast.walk(outer))


def _along(
    source: SourceText,
    function: Function,
    made: Sequence[ast.Assign],
    others: Sequence[Function],
    changed: Sequence[Edit],
) -> list[Edit]:
    """What goes along, at the beginning of its body: what is made there, and functions."""
    if not made and not others:
        return []
    has_text = isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant)
    first = function.body[1 if has_text and len(function.body) > 1 else 0]
    blanks = indent_of(source, first)
    assigned = "\n".join(f"{name_of(one)} = {expression(source, one.value, changed)}" for one in made)
    texts = [*filter(None, [assigned]), *(definition(source, one, changed) for one in others)]
    text = "\n\n".join(indent(one, blanks) for one in texts) + ("\n\n" if others else "\n")
    at = source.start(first) - len(blanks)
    return [Edit(at, at, text.replace("\n", source.newline))]


def _lifted_lambda(source: SourceText, site: JitSite, function: ast.Lambda, static: Sequence[str]) -> Lifted:
    outer = _outermost(source, function)
    _must_be_plain(source, function)
    scopes = Names(source)
    values = closed_over(scopes, function)
    names = [one.name for one in values]
    must_compile_once(scopes, [function], [one.text for one in values])
    must_be_kept(scopes, site.node, [one for one in values if is_asked(scopes, one)])
    if local_functions(scopes, function):
        raise CannotEdit("it reads local functions, which go along")
    statement = statement_of(source, site.node)
    bound = _bound_name(statement, site.node)
    name = fresh_name(source, f"jitted_{bound or 'function'}") if bound is None else _module_name(source, bound, outer)
    span = source.start(site.node)
    more = _with_static(source, site, names, (*static, *(one.name for one in values if decides(scopes, one))))
    inside, imports = _parted(more, *source.span(site.node))
    inner = [
        Edit(edit.start - span, edit.end - span, edit.new)
        for edit in (*_with_parameters(source, function, names), *inside, *readings(source, values))
    ]
    jitted = SourceText.from_text(source.path, source.of(site.node)).edited(inner).text
    edits = [*imports, _before(source, outer, f"{name} = {jitted}{source.newline}")]
    if bound is not None:
        edits += remove_statement(source, statement)
        scope = parents_of(source, statement)[0]
        for use in _loads(source, scope, bound):
            edits += _call(source, use, name, values)
        return Lifted(tuple(edits), name, tuple(one.text for one in values))
    parent = parents_of(source, site.node)[0]
    if not (isinstance(parent, ast.Call) and parent.func is site.node):
        raise CannotEdit("the jitted lambda is handed on")
    edits.append(Edit(*source.span(site.node), name))
    edits += _more_arguments(source, parent, values)
    return Lifted(tuple(edits), name, tuple(one.text for one in values))


# -- where it goes ------------------------------------------------------------------------------------------------------


def _outermost(source: SourceText, function: Function | ast.Lambda) -> ast.stmt:
    """The statement at module level that holds it."""
    parents = parents_of(source, function)
    if not any(isinstance(one, FUNCTIONS) for one in parents):
        raise CannotEdit("it is made once, at module level")
    return parents[-2]  # type: ignore[return-value]


def _before(source: SourceText, outer: ast.stmt, text: str) -> Edit:
    start = source.line_starts[source.line_of(source.start(outer)) - 1]
    return Edit(start, start, text + source.newline * 2)


def _moved_text(source: SourceText, function: Function, edits: Sequence[Edit]) -> str:
    """The definition with these edits, at no indentation."""
    indent = indent_of(source, function)
    start, end = source.start(function) - len(indent), source.end(function)
    if string_over_lines(function):
        raise CannotEdit("a string in it runs over several lines")
    inner = [Edit(edit.start - start, edit.end - start, edit.new) for edit in edits]
    text = SourceText.from_text(source.path, source.text[start:end]).edited(inner).text
    lines = text.splitlines(keepends=True)
    return "".join(line.removeprefix(indent) for line in lines) + source.newline


def _module_name(source: SourceText, name: str, outer: ast.stmt) -> str:
    inside = {id(node) for node in ast.walk(outer)}
    taken = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name) and id(node) not in inside}
    taken |= bound_in(source.tree)
    return name if name not in taken else fresh_name(source, f"jitted_{name}")


# -- what it is handed --------------------------------------------------------------------------------------------------


def _must_be_plain(source: SourceText, function: Function | ast.Lambda) -> None:
    given = function.args
    if given.vararg or given.kwarg:
        raise CannotEdit("it takes any number of arguments")
    for node in ast.walk(function):
        if isinstance(node, (ast.Nonlocal, ast.Global, ast.Yield, ast.YieldFrom, ast.Await)):
            raise CannotEdit(f"it has a `{type(node).__name__.lower()}`")


def _with_parameters(source: SourceText, function: Function | ast.Lambda, names: Sequence[str]) -> list[Edit]:
    """The names behind its positional parameters; all may be handed in by name or in order."""
    if not names:
        return []
    given = function.args
    if given.defaults or given.kwonlyargs:
        raise CannotEdit("it has parameters with defaults")
    last = (*given.posonlyargs, *given.args)[-1:]
    if last:
        end = source.end(last[0])
        return [Edit(end, end, "".join(f", {name}" for name in names))]
    if isinstance(function, ast.Lambda):
        start = source.start(function) + len("lambda")
        return [Edit(start, start, " " + ", ".join(names))]
    opening = source.text.index("(", source.offset_of_bytes(function.lineno, function.col_offset))
    return [Edit(opening + 1, opening + 1, ", ".join(names))]


def _with_static(source: SourceText, site: JitSite, names: Sequence[str], static: Sequence[str]) -> list[Edit]:
    wanted = [name for name in names if name in static]
    if not wanted:
        return []
    if site.options is None and not site.is_decorator:
        raise CannotEdit(f"`{wanted[0]}` is no array")
    return list(add_static_names(source, replace(site, function=None), wanted))


def _parted(edits: Sequence[Edit], start: int, end: int) -> tuple[list[Edit], list[Edit]]:
    """Those within a range, and the others: an import that they need."""
    inside = [one for one in edits if start <= one.start and one.end <= end]
    return inside, [one for one in edits if one not in inside]


def _renamed(source: SourceText, function: Function, name: str) -> Edit:
    start = source.text.index(function.name, source.offset_of_bytes(function.lineno, function.col_offset) + len("def"))
    return Edit(start, start + len(function.name), name)


def _uses(source: SourceText, function: Function, outer: ast.stmt) -> list[ast.Name]:
    scope = next(one for one in parents_of(source, function) if isinstance(one, FUNCTIONS))
    inside = {id(node) for node in ast.walk(function)}
    if any(
        isinstance(node, ast.Name) and node.id == function.name and id(node) in inside for node in ast.walk(function)
    ):
        raise CannotEdit("it calls itself")
    return [use for use in _loads(source, scope, function.name) if id(use) not in inside]


def _loads(source: SourceText, scope: ast.AST, name: str) -> list[ast.Name]:
    stores = [
        n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load)
    ]
    if len(stores) > 1:
        raise CannotEdit(f"`{name}` is bound more than once")
    return [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def _call(source: SourceText, use: ast.Name, name: str, values: Sequence[Taken]) -> list[Edit]:
    """A call hands in what was closed over; elsewhere the function goes on with it bound."""
    renamed = [] if use.id == name else [Edit(*source.span(use), name)]
    if not values:
        return renamed
    parent = parents_of(source, use)[0]
    if isinstance(parent, ast.Call) and parent.func is use:
        return [*renamed, *_more_arguments(source, parent, values)]
    partial = spell(source, "functools.partial")
    bound = ", ".join(one.bound for one in values)
    return [Edit(*source.span(use), f"{partial.text}({name}, {bound})"), *partial.edits]


def _more_arguments(source: SourceText, call: ast.Call, values: Sequence[Taken]) -> list[Edit]:
    if not values:
        return []
    by_name = bool(call.keywords) or any(isinstance(one, ast.Starred) for one in call.args)
    if not by_name:
        return list(add_argument(source, call, ", ".join(one.text for one in values)))
    return [edit for one in values for edit in add_keyword(source, call, one.name, one.text)]


def _bound_name(statement: ast.stmt, node: ast.expr) -> str | None:
    """`f` of `f = jax.jit(...)`, a statement of its own."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
            return name
    return None
