"""`jax.jit(jax.vmap(f))(x)`, made anew in each call: a jitted function at module level, `f` and what it reads along."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent, indent

from jaxaudit.edits.arguments import add_argument
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.jit_sites import PARTIALS, JitSite
from jaxaudit.edits.made_functions import (
    bound_values,
    code_of,
    made_functions,
    must_stay_until,
    name_of,
    only_read_there,
)
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import bound_in, fresh_name
from jaxaudit.edits.nodes import FUNCTIONS, Function, statement_of
from jaxaudit.edits.own_methods import Methods, methods_of
from jaxaudit.edits.rebinding import must_compile_once
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import indent_of, remove_definition, remove_statement, string_over_lines
from jaxaudit.edits.taking import KEEPERS, Taken, decides, is_asked, must_be_kept, readings, taken

STEP = "    "
ANY = "*arguments"
"""The parameters of what is handed on to a caller that is not known here: what it takes beside stands behind them."""


@dataclass(frozen=True, slots=True)
class _Use:
    """The jit made anew, and the places where its result is called, or handed on."""

    site: ast.Call
    wrapped: ast.expr
    name: str | None
    calls: tuple[ast.Call, ...]
    others: tuple[ast.expr, ...]
    statement: ast.stmt | None


def lifted_call(source: SourceText, site: JitSite) -> "tuple[tuple[Edit, ...], str, tuple[str, ...]]":
    """The edits, the new function's name, and what is handed to it. CannotEdit says why not."""
    names = Names(source)
    if not any(isinstance(one, FUNCTIONS) for one in names.parents(site.node)):
        raise CannotEdit("it is made once, at module level")
    outer = outermost(names, site.node)
    use = _use_of(source, names, site)
    inner = local_functions(names, use.wrapped)
    made = made_functions(names, (use.wrapped, *inner), site.node)
    must_stay_until(names, made, (*use.calls, *use.others))
    bound = bound_values(names, made)
    parts = (use.wrapped, *(one.value for one in made))
    methods = methods_of(names, (*parts, *inner))
    parameters = _parameters(source, names, use, methods)
    values = taken(names, parts, inner, parameters, methods=methods, made=map(name_of, made), bound=bound)
    moved = (use.wrapped, *(part for one in made for part in code_of(names, one)), *inner, *methods.found)
    must_compile_once(names, moved, [one.text for one in values])
    changed = [*readings(source, values), *methods.edits(names)]
    alone = None if made else _alone(names, use, inner, methods)
    name = _new_name(source, use, alone)
    deciding = [one for one in values if decides(names, one)]
    must_be_kept(names, site.node, [one for one in deciding if is_asked(names, one)])
    static = [one.name for one in deciding]
    head, edits = _head(source, site, static)
    text = (
        _as_it_is(source, alone, name, values, changed)
        if alone is not None and _takes_more(alone)
        else _around(source, use, [*methods.found, *inner], name, parameters, values, changed, made)
    )
    start = source.line_starts[source.line_of(source.start(outer)) - 1]
    edits.append(Edit(start, start, (head + text).replace("\n", source.newline) + source.newline * 3))
    for one in inner:
        if only_there(names, one, (use.wrapped, *inner)):
            edits += remove_definition(source, one)
    for each in made:
        if only_read_there(names, each, (*parts, *inner)):
            edits += remove_definition(source, each)
    edits += _places(source, use, name, values, parameters == [ANY])
    return tuple(dict.fromkeys(edits)), name, tuple(one.text for one in values)


# -- what is jitted, and where it is used -------------------------------------------------------------------------------


def _use_of(source: SourceText, names: Names, site: JitSite) -> _Use:
    call = site.node
    if not isinstance(call, ast.Call) or site.is_decorator or site.options is not call or not call.args:
        raise CannotEdit("the jitted function is not written where it is jitted")
    if (qualified_name(source, site.transform) or "").rpartition(".")[2] not in ("jit", "filter_jit"):
        raise CannotEdit("it is no plain jit")
    if len(call.args) > 1 or any(one.arg is None for one in call.keywords):
        raise CannotEdit("jit takes more than the function")
    parent = names.parent[call]
    if isinstance(parent, ast.Call) and parent.func is call:
        return _Use(call, call.args[0], None, (parent,), (), None)
    statement = statement_of(source, call)
    match statement:
        case ast.Assign(targets=[ast.Name(id=bound) as target], value=value) if value is call:
            scope = names.home(target)
            if scope is None or scope is names.tree or len(names.bound_at(scope, bound)) > 1:
                raise CannotEdit(f"`{bound}` is bound more than once")
            loads = names.loads(scope, bound)
            calls = [names.parent[one] for one in loads if _is_called(names, one)]
            others = [one for one in loads if not _is_called(names, one)]
            return _Use(call, call.args[0], bound, tuple(calls), tuple(others), statement)  # type: ignore[arg-type]
    return _Use(call, call.args[0], None, (), (call,), None)


def _is_called(names: Names, node: ast.expr) -> bool:
    parent = names.parent[node]
    return isinstance(parent, ast.Call) and parent.func is node


def outermost(names: Names, node: ast.AST) -> ast.stmt:
    """The statement of the module's level that it stands in, before which something can be defined for it."""
    parents = [node, *names.parents(node)]
    outer = parents[-2]
    assert isinstance(outer, ast.stmt)
    if any(isinstance(one, ast.ClassDef) for one in parents) and not isinstance(outer, ast.ClassDef):
        raise CannotEdit("it stands in a class inside a function")
    return outer


def local_functions(names: Names, part: ast.AST) -> list[Function]:
    """The functions defined in the functions around that it names, and those that these name, in order of the text."""
    found: dict[ast.AST, Function] = {}
    waiting = [part]
    while waiting:
        for node in ast.walk(waiting.pop()):
            home = names.home(node) if isinstance(node, ast.Name) else None
            if not isinstance(node, ast.Name) or home is None or home is names.tree or isinstance(home, ast.ClassDef):
                continue
            bindings = names.bound_at(home, node.id)
            made = [one for one in bindings if isinstance(one, FUNCTIONS)]
            if made and made[0] not in found and not names.is_within(part, made[0]):
                if len(bindings) > 1 or made[0].decorator_list or isinstance(made[0], ast.AsyncFunctionDef):
                    raise CannotEdit(f"`{node.id}` is bound more than once, or decorated")
                found[made[0]] = made[0]
                waiting.append(made[0])
    return sorted(found.values(), key=lambda one: one.lineno)


def only_there(names: Names, function: Function, parts: Sequence[ast.AST]) -> bool:
    scope = names.scope_of(function)
    return all(any(names.is_within(use, one) for one in parts) for use in names.loads(scope, function.name))


# -- what the new function takes ----------------------------------------------------------------------------------------


def _parameters(source: SourceText, names: Names, use: _Use, methods: Methods) -> list[str]:
    """As many as every call hands in, with the names that the wrapped function gives them."""
    counts = {len(one.args) for one in use.calls}
    if any(one.keywords or any(isinstance(a, ast.Starred) for a in one.args) for one in use.calls):
        raise CannotEdit("it is called with keywords, or with any number of arguments")
    if len(counts) > 1:
        raise CannotEdit("it is called with more arguments in one place than in another")
    written = _written_parameters(source, names, use.wrapped, methods)
    if use.others and (written is None or (counts and counts != {len(written)})):
        return [ANY]
    count = counts.pop() if counts else len(written or ())
    if written is not None and len(written) >= count:
        return written[:count]
    taken_names = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    return [next(one for one in (f"argument_{i}", f"argument_{i}_") if one not in taken_names) for i in range(count)]


def _written_parameters(source: SourceText, names: Names, node: ast.expr, methods: Methods) -> list[str] | None:
    """The positional parameters of what is jitted, through `vmap`, `grad` and `partial`; None where it is not seen."""
    if isinstance(node, ast.Lambda):
        return _plain(node)
    if isinstance(node, ast.Name):
        home = names.home(node)
        bindings = names.bound_at(home, node.id) if home else []
        made = bindings[0] if len(bindings) == 1 else None
        if isinstance(made, FUNCTIONS):
            return _plain(made)
        assigned = names.parent.get(made) if made is not None else None
        if isinstance(assigned, ast.Assign) and isinstance(assigned.value, ast.Call):
            return _written_parameters(source, names, assigned.value, methods)
        return None
    if isinstance(node, ast.Attribute):
        found = _plain(methods.references[node]) if node in methods.references else None
        return found[1:] if found is not None else None
    if not isinstance(node, ast.Call) or not node.args:
        return None
    called = qualified_name(source, node.func) or ""
    if called in PARTIALS:
        found = _written_parameters(source, names, node.args[0], methods)
        if found is None or any(isinstance(one, ast.Starred) for one in node.args):
            return None
        words = {one.arg for one in node.keywords}
        return [one for one in found[len(node.args) - 1 :] if one not in words]
    if called.rpartition(".")[2] in KEEPERS:
        return _written_parameters(source, names, node.args[0], methods)
    return None


def _plain(function: Function | ast.Lambda) -> list[str] | None:
    given = function.args
    if given.vararg or given.kwarg:
        return None
    return [one.arg for one in (*given.posonlyargs, *given.args)]


# -- writing it ---------------------------------------------------------------------------------------------------------


def _alone(names: Names, use: _Use, inner: Sequence[Function], methods: Methods) -> Function | None:
    """The local function or the method, where it is what is jitted and brings no other along."""
    if isinstance(use.wrapped, ast.Attribute) and not inner and len(methods.found) == 1:
        return methods.references.get(use.wrapped)
    if methods.found:
        return None
    if not isinstance(use.wrapped, ast.Name):
        return None
    found = [one for one in inner if one.name == use.wrapped.id]
    return found[0] if len(inner) == 1 and found and only_there(names, found[0], (use.wrapped,)) else None


def _takes_more(function: Function) -> bool:
    """Whether parameters can stand behind its own."""
    given = function.args
    return not (given.defaults or given.kwonlyargs or given.vararg or given.kwarg)


def _new_name(source: SourceText, use: _Use, alone: Function | None) -> str:
    hint = use.name if alone is None or isinstance(use.wrapped, ast.Attribute) else alone.name
    if hint is None:
        called = [node.id for node in ast.walk(use.wrapped) if isinstance(node, ast.Name)]
        last = use.wrapped.id if isinstance(use.wrapped, ast.Name) else ""
        hint = f"jitted_{last or _innermost(use.wrapped) or 'function'}" if called else "jitted_function"
        return fresh_name(source, hint)
    return hint if _is_free(source, hint, use, alone) else fresh_name(source, f"jitted_{hint}")


def _innermost(node: ast.expr) -> str:
    while isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _is_free(source: SourceText, name: str, use: _Use, alone: Function | None) -> bool:
    """Whether the module, and everyone in it, knows no other thing of this name."""
    own = {id(use.site)} if alone is None else {id(use.site), id(alone)}
    if name in bound_in(source.tree):
        return False
    for node in ast.walk(source.tree):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.name == name and id(node) not in own:
            return False
        if isinstance(node, ast.arg) and node.arg == name:
            return False
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            if use.statement is None or not any(node is one for one in ast.walk(use.statement)):
                return False
    return True


def _head(source: SourceText, site: JitSite, static: Sequence[str]) -> tuple[str, list[Edit]]:
    """`@jax.jit`, `@partial(jax.jit, static_argnames=...)`, with the options that jit had."""
    call = site.node
    assert isinstance(call, ast.Call)
    transform = source.of(site.transform)
    filtered = transform.rpartition(".")[2] == "filter_jit"
    static = [] if filtered else list(static)
    options = [source.of(one) for one in call.keywords]
    if static and any(one.arg in ("static_argnames", "static_argnums") for one in call.keywords):
        raise CannotEdit("it has static arguments of its own, and what it closes over must be static too")
    if any(not isinstance(node, ast.Constant | ast.Tuple | ast.List | ast.Load) for one in call.keywords
           for node in ast.walk(one.value)):  # fmt: skip
        raise CannotEdit("the options of jit are computed")
    if static:
        words = ", ".join(f'"{one}"' for one in static)
        options.append(f"static_argnames=({words},)" if len(static) == 1 else f"static_argnames=({words})")
    if not options:
        return f"@{transform}\n", []
    partial = spell(source, "functools.partial")
    return f"@{partial.text}({transform}, {', '.join(options)})\n", list(partial.edits)


def _as_it_is(
    source: SourceText, function: Function, name: str, values: Sequence[Taken], changed: Sequence[Edit]
) -> str:
    """The local function itself, with more parameters."""
    extra = [one.name for one in values]
    at = source.text.index(function.name, source.start(function) + len("def"))
    edits = [one for one in changed if one.start != at]
    last = [one for one in (*function.args.posonlyargs, *function.args.args) if one.arg != "self"][-1:]
    if extra and last:
        end = source.end(last[0])
        edits.append(Edit(end, end, "".join(f", {one}" for one in extra)))
    elif extra:
        opening = source.text.index("(", source.start(function)) + 1
        edits.append(Edit(opening, opening, ", ".join(extra)))
    if name != function.name:
        edits.append(Edit(at, at + len(function.name), name))
    return definition(source, function, edits)


def _around(
    source: SourceText, use: _Use, inner: Sequence[Function], name: str, parameters: Sequence[str],
    values: Sequence[Taken], edits: Sequence[Edit], made: Sequence[ast.Assign] = (),
) -> str:  # fmt: skip
    """A function with the local ones inside, which calls what was jitted."""
    body = [f"{name_of(one)} = {expression(source, one.value, edits)}" for one in made]
    body += [definition(source, one, edits) for one in inner]
    wrapped = expression(source, use.wrapped, edits)
    if isinstance(use.wrapped, ast.Lambda):
        given = [one.arg for one in use.wrapped.args.args]
        body.append(f"return {expression(source, use.wrapped.body, edits)}" if given == list(parameters)
                    else f"return ({wrapped})({', '.join(parameters)})")  # fmt: skip
    else:
        body.append(f"return {wrapped}({', '.join(parameters)})")
    head = f"def {name}({', '.join([*parameters, *(one.name for one in values)])}):\n"
    return head + indent("\n\n".join(body), STEP)


def definition(source: SourceText, function: Function, edits: Sequence[Edit]) -> str:
    """A function's text with these edits, at no indentation."""
    if string_over_lines(function):
        raise CannotEdit("a string in it runs over several lines")
    before = indent_of(source, function)
    return dedent(before + _with(source, function, edits))


def expression(source: SourceText, node: ast.expr, edits: Sequence[Edit]) -> str:
    """An expression's text with these edits, moved to one step of indentation where it runs over several lines."""
    first, *rest = _with(source, node, edits).split("\n")
    return "\n".join([first, *dedent("\n".join(rest)).split("\n")]) if rest else first


def _with(source: SourceText, node: ast.AST, edits: Sequence[Edit]) -> str:
    start, end = source.span(node)
    own = [Edit(one.start - start, one.end - start, one.new) for one in edits if start <= one.start and one.end <= end]
    text = SourceText.from_text(source.path, source.text[start:end]).edited(own).text
    return text.replace(source.newline, "\n")


def _places(source: SourceText, use: _Use, name: str, values: Sequence[Taken], by_name: bool) -> list[Edit]:
    """Each call hands in what the function read from around it; elsewhere the function goes on with it bound."""
    edits: list[Edit] = []
    for call in use.calls:
        if use.name is None or use.name != name:
            edits.append(Edit(*source.span(call.func), name))
        if call.args and isinstance(call.args[0], ast.GeneratorExp) and len(call.args) == 1:
            raise CannotEdit("the call's only argument is a bare generator")
        if values:
            edits += add_argument(source, call, ", ".join(one.bound if by_name else one.text for one in values))
    for other in use.others:
        if not values:
            edits += [Edit(*source.span(other), name)] if source.of(other) != name else []
            continue
        partial = spell(source, "functools.partial")
        bound = ", ".join(one.bound for one in values)
        edits += [Edit(*source.span(other), f"{partial.text}({name}, {bound})"), *partial.edits]
    if use.statement is not None:
        edits += remove_statement(source, use.statement)
    return edits
