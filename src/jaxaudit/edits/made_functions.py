"""Functions that are made where they are used, by a factory of the file (`model = make_model(tables)`), with values bound
(`target = partial(loss, data=fold(times))`), by Optax (`optimiser = optax.adam(rate)`), or held by a term of a solver
(`term = diffrax.ODETerm(field)`): code that moves makes them anew for itself.
"""

import ast
from collections.abc import Iterator, Sequence

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.jit_sites import PARTIALS
from jaxaudit.edits.name_scopes import Names

MAKERS = ("optax.",)
"""Libraries whose optimisers and schedules are pure functions of the numbers that they are made of, traced ones too."""
HOLDERS = frozenset(
    [
        "diffrax.ODETerm", "diffrax.ControlTerm", "diffrax.WeaklyDiagonalControlTerm", "diffrax.MultiTerm",
        "lineax.FunctionLinearOperator", "lineax.JacobianLinearOperator", "equinox.Partial", "jax.tree_util.Partial",
    ]
)  # fmt: skip
"""What does nothing but hold a function."""
PLAIN = (ast.Name, ast.Attribute, ast.Constant, ast.Lambda)
"""What is bound as it is written: a name, or something that is the same wherever it is worked out."""


def made_functions(names: Names, parts: Sequence[ast.AST], site: ast.AST) -> list[ast.Assign]:
    """The assignments, in the functions around, of such functions that the parts read, and that these read, in order.

    A factory does nothing but define functions and return one of them, so that calling it costs nothing and changes
    nothing; what a partial binds is handed over (`bound_values`). What Optax makes once, for many jits at `site`, stays.
    """
    found: dict[ast.Assign, None] = {}
    waiting = list(parts)
    while waiting:
        for node in ast.walk(waiting.pop()):
            home = names.home(node) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) else None
            if home is None or home is names.tree or any(names.is_within(home, one) for one in parts):
                continue
            made = _made(names, home, node.id, site)  # type: ignore[attr-defined]
            if made is not None and made not in found:
                found[made] = None
                waiting.append(made.value)
    return sorted(found, key=lambda one: one.lineno)


def code_of(names: Names, made: ast.Assign) -> Sequence[ast.expr]:
    """What of it runs where it moves to: not what a partial binds."""
    call = made.value
    if isinstance(call, ast.Call) and (_is_partial(names, call) or _is_made_by_library(names, call)):
        return [one for _, one in _given(names, call) if isinstance(one, PLAIN)]
    return [made.value]


def _given(names: Names, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """What a call is given, with names for it; of calls of the library among it, what these are given."""
    first = -1 if _is_partial(names, call) else 0
    positions = ((f"bound_{number}", one) for number, one in enumerate(call.args, first))
    for name, value in (*positions, *((str(one.arg), one.value) for one in call.keywords)):
        if isinstance(value, ast.Call) and _is_made_by_library(names, value):
            yield from _given(names, value)
        else:
            yield name, value


def _is_made_by_library(names: Names, call: ast.Call) -> bool:
    called = qualified_name(names.source, call.func) or ""
    return (called.startswith(MAKERS) or called in HOLDERS) and not (
        any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords)
    )


def name_of(made: ast.Assign) -> str:
    target = made.targets[0]
    assert isinstance(target, ast.Name)
    return target.id


def _made(names: Names, home: ast.AST, name: str, site: ast.AST) -> ast.Assign | None:
    bindings = names.bound_at(home, name)
    statement = names.parent.get(bindings[0]) if len(bindings) == 1 else None
    match statement:
        case ast.Assign(targets=[ast.Name()], value=ast.Call() as call) if _is_as_often(names, statement, site):
            if _is_made_by_library(names, call):
                return statement
    match statement:
        case ast.Assign(targets=[ast.Name()], value=ast.Call(func=ast.Name() as called)) if not names.loops_around(
            statement
        ):
            if names.home(called) is names.tree and _is_factory(names, called.id):
                return statement
    match statement:
        case ast.Assign(targets=[ast.Name()], value=ast.Call() as call) if not names.loops_around(statement):
            if _is_partial(names, call):
                return statement
    return None


def _is_as_often(names: Names, statement: ast.stmt, site: ast.AST) -> bool:
    """Whether it is worked out anew whenever the jit is."""
    around = names.loops_around(statement)
    return names.scope_of(statement) is names.scope_of(site) and all(
        loop in around for loop in names.loops_around(site)
    )


def _is_partial(names: Names, call: ast.Call) -> bool:
    """Of a named function, with values for parameters that are written out."""
    if qualified_name(names.source, call.func) not in PARTIALS or not call.args:
        return False
    given = [*call.args, *(one.value for one in call.keywords)]
    return isinstance(call.args[0], ast.Name) and not (
        any(isinstance(one, ast.Starred) for one in given) or any(one.arg is None for one in call.keywords)
    )


def bound_values(names: Names, made: Sequence[ast.Assign]) -> dict[ast.expr, str]:
    """The expressions whose values they bind, each with a name for it: they are worked out outside."""
    found: dict[ast.expr, str] = {}
    for one in made:
        call = one.value
        if isinstance(call, ast.Call) and _is_partial(names, call):
            found |= {value: name for name, value in list(_given(names, call))[1:]}
        elif isinstance(call, ast.Call) and _is_made_by_library(names, call):
            found |= {value: name for name, value in _given(names, call)}
    return {one: name for one, name in found.items() if not isinstance(one, PLAIN)}


def _is_factory(names: Names, name: str) -> bool:
    bindings = names.bound_at(names.tree, name)
    function = bindings[0] if len(bindings) == 1 else None
    if not isinstance(function, ast.FunctionDef) or function.decorator_list:
        return False
    body = [one for one in function.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    inner = {one.name for one in body[:-1] if isinstance(one, ast.FunctionDef) and not one.decorator_list}
    match body[-1:]:
        case [ast.Return(value=ast.Name(id=given))]:
            return given in inner and len(inner) == len(body) - 1
        case [ast.Return(value=ast.Lambda())]:
            return len(inner) == len(body) - 1
    return False


def must_stay_until(names: Names, made: Sequence[ast.Assign], uses: Sequence[ast.AST]) -> None:
    """CannotEdit where a name that they are made of is bound again before they are used: made later, they would be others."""
    last = max((getattr(one, "lineno", 0) for one in uses), default=0)
    for each in made:
        for node in ast.walk(each.value):
            home = names.home(node) if isinstance(node, ast.Name) else None
            for binding in names.bound_at(home, node.id) if home is not None and isinstance(node, ast.Name) else ():
                line = getattr(binding, "lineno", 0)
                if (each.end_lineno or each.lineno) < line <= last:
                    raise CannotEdit(f"`{node.id}`, of which `{name_of(each)}` is made, is bound again in line {line}")  # type: ignore[attr-defined]


def only_read_there(names: Names, made: ast.Assign, parts: Sequence[ast.AST]) -> bool:
    scope = names.scope_of(made)
    return all(any(names.is_within(use, one) for one in parts) for use in names.loads(scope, name_of(made)))
