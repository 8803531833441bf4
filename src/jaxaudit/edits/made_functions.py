"""Functions that a factory of the file makes (`model = make_model(tables)`): code that moves makes them anew for itself."""

import ast
from collections.abc import Sequence

from jaxaudit.edits.name_scopes import Names


def made_functions(names: Names, parts: Sequence[ast.AST]) -> list[ast.Assign]:
    """The assignments, in the functions around, of such functions that the parts read, and that these read, in order.

    A factory does nothing but define functions and return one of them, so that calling it costs nothing and changes nothing.
    """
    found: dict[ast.Assign, None] = {}
    waiting = list(parts)
    while waiting:
        for node in ast.walk(waiting.pop()):
            home = names.home(node) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) else None
            if home is None or home is names.tree or any(names.is_within(home, one) for one in parts):
                continue
            made = _made(names, home, node.id)  # type: ignore[attr-defined]
            if made is not None and made not in found:
                found[made] = None
                waiting.append(made.value)
    return sorted(found, key=lambda one: one.lineno)


def name_of(made: ast.Assign) -> str:
    target = made.targets[0]
    assert isinstance(target, ast.Name)
    return target.id


def _made(names: Names, home: ast.AST, name: str) -> ast.Assign | None:
    bindings = names.bound_at(home, name)
    statement = names.parent.get(bindings[0]) if len(bindings) == 1 else None
    match statement:
        case ast.Assign(targets=[ast.Name()], value=ast.Call(func=ast.Name() as called)) if not names.loops_around(
            statement
        ):
            if names.home(called) is names.tree and _is_factory(names, called.id):
                return statement
    return None


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


def only_read_there(names: Names, made: ast.Assign, parts: Sequence[ast.AST]) -> bool:
    scope = names.scope_of(made)
    return all(any(names.is_within(use, one) for one in parts) for use in names.loads(scope, name_of(made)))
