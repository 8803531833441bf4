"""The edits that jit the work of a turn: at the definition, at the call, before the loop, in `__init__`, or of the loop itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.counting import rolled_while
from jaxaudit.edits.decorators import add_inner_decorator
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.names import bound_in, free_names, fresh_name, parameters_of
from jaxaudit.edits.nodes import FUNCTIONS, Function, enclosing
from jaxaudit.edits.rolling import rolled
from jaxaudit.edits.statements import insert_after, insert_before
from jaxaudit.edits.taking import ASKED_OF_OBJECTS
from jaxaudit.rules.boundaries.any_arrays import must_have_no_other_users
from jaxaudit.rules.boundaries.plain_keywords import plain_keywords
from jaxaudit.rules.boundaries.same_when_traced import must_do_the_same, must_hold_for_subclasses
from jaxaudit.rules.consequences import Edits, must_bring_no_fault, needs_static
from jaxaudit.rules.control_flow.rolling_up import arrays_in, loop_on
from jaxaudit.rules.project import Project

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.model.spot import Spot
    from jaxaudit.model.wasted import LoopSeen

MOST_STATIC = 6
TRANSFORMS = {
    **dict.fromkeys(
        (f"jax.{name}" for name in ("grad", "value_and_grad", "vmap", "jacfwd", "jacrev", "hessian", "jvp", "vjp")), "jax.jit"
    ),
    **dict.fromkeys(
        (f"equinox.filter_{name}" for name in ("grad", "value_and_grad", "vmap")), "equinox.filter_jit"
    ),
}  # fmt: skip
UNTRACED = ("property", "cached_property", "contextmanager", "classmethod", "overload", "jit", "filter_jit", "pmap")
"""Decorators whose functions cannot be jitted beneath them, or are."""


def in_one(project: Project, loop: LoopSeen) -> Edits:
    """`lax.fori_loop`, which compiles its body wherever it stands."""
    source = project.text(loop.at.path)
    node = loop_on(source, loop.loop)
    must_hold_for_subclasses(project, source, node)
    if isinstance(node, ast.While):
        return {loop.at.path: rolled_while(source, node).edits}
    return {loop.at.path: rolled(source, node, arrays_in(source, node, project)).edits}


# -- at the call -------------------------------------------------------------------------------------------------------


def is_own_method(call: ast.Call) -> bool:
    """`self.step(...)`."""
    return (
        isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "self"
    )


def made_by(source: SourceText, call: ast.Call) -> ast.Call | None:
    """`jax.grad(loss)`, where the call's name was bound to that once."""
    if not isinstance(call.func, ast.Name):
        return None
    name = call.func.id
    bound = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]
    if len(bound) != 1 or any(isinstance(node, ast.arg) and node.arg == name for node in ast.walk(source.tree)):
        return None
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign) and node.targets == bound and isinstance(node.value, ast.Call):
            return node.value if qualified_name(source, node.value.func) in TRANSFORMS else None
    return None


def around(source: SourceText, made: ast.Call) -> tuple[Edit, ...]:
    """`jax.jit(...)` around a function that a transformation makes."""
    jit = spell(source, TRANSFORMS[qualified_name(source, made.func) or "jax.grad"])
    start, end = source.span(made)
    return (*jit.edits, Edit(start, start, f"{jit.text}("), Edit(end, end, ")"))


def jit_for(source: SourceText, func: ast.expr, is_module: bool) -> str:
    """The jit of what an expression gives; Equinox's for a method of a module, whose arrays are arguments then."""
    if isinstance(func, ast.Call):
        return TRANSFORMS.get(qualified_name(source, func.func) or "", "jax.jit")
    return "equinox.filter_jit" if is_module else "jax.jit"


def before(
    project: Project, source: SourceText, call: ast.Call, line: int, hint: str, is_module: bool = False
) -> tuple[Edit, ...]:
    """`jitted_step = jax.jit(env.step)` before the loop that calls it."""
    loop = loop_on(source, line)
    again = sorted(free_names(call.func) & bound_in(loop))
    if again:
        raise CannotEdit(f"`{again[0]}` is another in each turn")
    jit = spell(source, jit_for(source, call.func, is_module))
    static = plain_keywords(project, source, call, loop) if jit.text.rpartition(".")[2] == "jit" else []
    words = f", static_argnames={_words(static)}" if static else ""
    name = fresh_name(source, hint)
    made = insert_before(source, loop, f"{name} = {jit.text}({source.of(call.func)}{words})")
    return (*jit.edits, *made, Edit(*source.span(call.func), name))


def in_init(source: SourceText, call: ast.Call, hint: str, is_module: bool = False) -> tuple[Edit, ...]:
    """`self.jitted_loss = jax.jit(self.problem.loss)` at the end of `__init__`, of what only `__init__` sets."""
    jit = spell(source, jit_for(source, call.func, is_module))
    return (*jit.edits, *kept_on_self(source, call.func, f"{jit.text}({source.of(call.func)})", hint))


def kept_on_self(source: SourceText, node: ast.expr, text: str, hint: str) -> tuple[Edit, ...]:
    """`self.hint = text` at the end of `__init__`, and `self.hint` in the place of `node`, which reads what only `__init__` sets."""
    cls = enclosing(source, node, ast.ClassDef)
    init = (
        next((one for one in cls.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)
        if cls
        else None
    )
    if cls is None or init is None:
        raise CannotEdit("its class has no `__init__` that could hold it")
    if free_names(node) - {"self"} - _of_module(source):
        raise CannotEdit(f"`{source.of(node)}` reads local names")
    if any(one is node for one in ast.walk(init)):
        raise CannotEdit("it stands in `__init__`")
    read = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute) and _is_self(one.value)}
    methods = {one.name for one in cls.body if isinstance(one, FUNCTIONS)}
    for attr in sorted(read - methods):
        sets = [one for one in ast.walk(source.tree) if _sets(one, attr)]
        inside = {id(one) for one in ast.walk(init)}
        later = next((one for one in sets if id(one) not in inside), None)
        if not sets or later is not None:
            where = f"line {later.lineno}" if later is not None else "another class"  # type: ignore[attr-defined]
            raise CannotEdit(f"`self.{attr}` is set in {where}, not in `__init__` alone")
    name = fresh_name(source, hint)
    made = insert_after(source, init.body[-1], f"self.{name} = {text}")
    return (*made, Edit(*source.span(node), f"self.{name}"))


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _of_module(source: SourceText) -> set[str]:
    return bound_in(source.tree)


def _sets(node: ast.AST, attr: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == attr and not isinstance(node.ctx, ast.Load)


# -- at the definition -------------------------------------------------------------------------------------------------


def jitted(project: Project, spot: Spot, caller: str = "") -> Edits:
    """Its definition under jit; parameters that no tracer can stand for are static. CannotEdit says why not."""
    source = project.text(spot.path)
    node = function_at(source, spot)
    if isinstance(node, FUNCTIONS):
        must_be_plain(source, node)
    must_have_no_other_users(project, source, node, caller)
    edits = _jitted(project, source, node)
    must_bring_no_fault(project, edits)
    must_do_the_same(project, source, node, of_nnx=works_with_nnx(source, node))
    return edits


def _jitted(project: Project, source: SourceText, node: Function | ast.Lambda) -> Edits:
    if isinstance(node, ast.Lambda):
        jit = spell(source, "jax.jit")
        start, end = source.span(node)
        return {source.path: (*jit.edits, Edit(start, start, f"{jit.text}("), Edit(end, end, ")"))}
    if works_with_nnx(source, node):
        jit = spell(source, "flax.nnx.jit")
        return {source.path: (*jit.edits, *add_inner_decorator(source, node, jit.text))}
    static = called_names(node)
    while True:
        edits = {source.path: decorated(source, node, static)}
        more = needs_static(project, edits, node.name)
        if not more or len(static) >= MOST_STATIC:
            return edits
        if more in static or more in project.wishes.never_static:
            raise CannotEdit(f"`{more}` of `{node.name}` would have to be static")
        static.append(more)


def works_with_nnx(source: SourceText, node: ast.AST) -> bool:
    """Whether it uses transformations of Flax's nnx, so that its arguments are objects that `nnx.jit` takes apart."""
    names = [qualified_name(source, one) or "" for one in ast.walk(node) if isinstance(one, ast.Attribute | ast.Name)]
    return any(name.startswith("flax.nnx.") for name in names)


def called_names(node: Function) -> list[str]:
    """Parameters that the body calls, or asks for what only objects have: functions, which no tracer can stand for."""
    own_names = {one.arg for one in parameters_of(node)}
    found: list[str] = []
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            asked = one.func
            if isinstance(asked, ast.Attribute) and asked.attr in ASKED_OF_OBJECTS:
                asked = asked.value
            if isinstance(asked, ast.Name) and asked.id in own_names and asked.id not in found:
                found.append(asked.id)
    return found


def function_at(source: SourceText, spot: Spot) -> Function | ast.Lambda:
    name = spot.function.rpartition(".")[2]
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS) and node.name == name:
            if spot.line in (node.lineno, *(one.lineno for one in node.decorator_list)):
                return node
    lambdas = [node for node in ast.walk(source.tree) if isinstance(node, ast.Lambda) and node.lineno == spot.line]
    if name == "<lambda>" and len(lambdas) == 1:
        return lambdas[0]
    raise CannotEdit(f"`{name}` was not found in line {spot.line}")


def must_be_plain(source: SourceText, node: Function) -> None:
    name = node.name
    if isinstance(node, ast.AsyncFunctionDef) or any(isinstance(one, ast.Yield | ast.YieldFrom) for one in own(node)):
        raise CannotEdit(f"`{name}` is a generator or a coroutine, which JAX cannot trace")
    if name.startswith("__") and name.endswith("__"):
        raise CannotEdit(f"`{name}` belongs to an object that JAX may not be able to trace")
    first = next(iter([*node.args.posonlyargs, *node.args.args]), None)
    if first is not None and first.arg in ("self", "cls"):
        raise CannotEdit(
            f"`{name}` takes `{first.arg}`, an object: JAX would have to trace it, or to keep it as it is now"
        )
    for decorator in node.decorator_list:
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        word = (qualified_name(source, inner) or source.of(inner)).rpartition(".")[2]
        if word in UNTRACED:
            raise CannotEdit(f"`{name}` stands under `@{source.of(inner)}`")


def own(node: ast.AST) -> Iterator[ast.AST]:
    """What a function does itself, without the functions in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*FUNCTIONS, ast.Lambda)):
            yield child
            yield from own(child)


def decorated(source: SourceText, node: Function, static: Sequence[str]) -> tuple[Edit, ...]:
    jit = spell(source, "jax.jit")
    if not static:
        return (*jit.edits, *add_inner_decorator(source, node, jit.text))
    partial = spell(source, "functools.partial")
    text = f"{partial.text}({jit.text}, static_argnames={_words(static)})"
    return (*jit.edits, *partial.edits, *add_inner_decorator(source, node, text))


def _words(names: Sequence[str]) -> str:
    words = ", ".join(f'"{name}"' for name in names)
    return f"({words},)" if len(names) == 1 else f"({words})"
