"""A function that another one makes and hands out jits anew in each call what the maker knows: it is jitted where it is made."""

import ast

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.expressions import replace
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.jit_sites import JitSite
from jaxaudit.edits.lifting import Lifted
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.nodes import FUNCTIONS, Function
from jaxaudit.edits.rebinding import must_compile_once
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import insert_before


def made_around(source: SourceText, site: JitSite) -> Lifted:
    """`return jax.jit(partial(fn, **options))(x)` in a wrapper that a decorator or a factory returns: jitted beside the wrapper.

    Raises CannotEdit where what is jitted is known only in the call, or where the wrapper does not outlive its maker.
    """
    names = Names(source)
    node = site.node
    if site.is_decorator or not isinstance(node, ast.Call):
        raise CannotEdit("it is jitted by a decorator")
    scopes = [one for one in names.parents(node) if isinstance(one, (*FUNCTIONS, ast.Lambda, ast.ClassDef))]
    match scopes:
        case [ast.FunctionDef() as wrapper, ast.FunctionDef() as maker, *_]:
            pass
        case _:
            raise CannotEdit("no function makes the one that jits it")
    if not _is_handed_out(names, wrapper, maker):
        raise CannotEdit(f"`{wrapper.name}` is called where it is made")
    known = [one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)]
    for one in known:
        _must_be_known_before(names, one, node, wrapper, maker)
    if not any(names.home(one) is maker or names.home(one) in scopes[2:] for one in known):
        raise CannotEdit("nothing in it comes from the function around")
    _must_only_name(source, node)
    local = [made for one in known for made in names.bound_at(names.home(one) or names.tree, one.id)]
    must_compile_once(names, [node, *(one for one in local if isinstance(one, FUNCTIONS))])
    wrapped = node.args[0] if node.args else None
    hint = wrapped.id if isinstance(wrapped, ast.Name) else "function"
    name = fresh_name(source, f"jitted_{hint}")
    edits = (*insert_before(source, wrapper, f"{name} = {source.of(node)}\n"), *replace(source, node, name))
    if "\n" in source.of(node):
        raise CannotEdit("it is written over several lines")
    return Lifted(edits, name, ())


def _is_handed_out(names: Names, wrapper: Function, maker: Function) -> bool:
    """Whether the wrapper is returned, kept or registered, and not called by its maker."""
    uses = names.loads(maker, wrapper.name)
    called = [one for one in uses if isinstance(call := names.parent[one], ast.Call) and call.func is one]
    return bool(uses) and not called


def _must_be_known_before(names: Names, name: ast.Name, node: ast.AST, wrapper: Function, maker: Function) -> None:
    home = names.home(name)
    if home is None or home is names.tree or names.is_within(home, node):
        return
    if home is wrapper or names.is_within(home, wrapper):
        raise CannotEdit(f"`{name.id}` is known in the call only")
    bound = names.bound_at(home, name.id)
    if len(bound) != 1:
        raise CannotEdit(f"`{name.id}` is bound more than once")
    if (
        home is maker
        and not isinstance(bound[0], ast.arg)
        and names.source.start(bound[0]) > names.source.start(wrapper)
    ):
        raise CannotEdit(f"`{name.id}` is bound behind `{wrapper.name}`")


def _must_only_name(source: SourceText, node: ast.Call) -> None:
    """What is evaluated to make it gives the same whenever it is evaluated: names, things of modules, constants; calls of
    jit and its like. What stands in a lambda is evaluated later."""
    waiting: list[ast.AST] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Lambda):
            continue
        if isinstance(one, ast.Attribute) and qualified_name(source, one) is None:
            raise CannotEdit(f"`{source.of(one)}` may be another one in each call")
        if isinstance(one, ast.Call):
            called = (qualified_name(source, one.func) or "").partition(".")[0]
            if called not in ("jax", "functools", "equinox"):
                raise CannotEdit(f"`{source.of(one)}` may make another one in each call")
        if isinstance(one, ast.Subscript | ast.NamedExpr | ast.Await | ast.Yield):
            raise CannotEdit(f"`{source.of(one)}` may be another one in each call")
        waiting += ast.iter_child_nodes(one)
