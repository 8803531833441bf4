"""Where a function is jitted: `@jit`, `@partial(jit, ...)`, `@jit(...)`, `jit(f, ...)`, `partial(jit, ...)(f)`."""

import ast
from dataclasses import dataclass

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.names import parameters_of
from jaxaudit.edits.nodes import FUNCTIONS, Function, path_to
from jaxaudit.edits.source_text import SourceText
from jaxaudit.model import Place

PARTIALS = ("functools.partial", "jax.util.partial", "equinox.Partial", "jax.tree_util.Partial")
JITS = ("jit", "pjit", "pmap", "filter_jit", "filter_pmap", "nnx.jit", "checkpoint", "remat")


@dataclass(frozen=True, slots=True)
class JitSite:
    """One place where a transformation that takes options is applied."""

    node: ast.expr
    """The decorator, or the call that jits."""
    options: ast.Call | None
    """The call that holds the options (`static_argnames=`); None for a bare `@jit`."""
    transform: ast.expr
    """The expression that names the transformation: `jax.jit`."""
    function: Function | ast.Lambda | None
    """The jitted function where it stands in this file in plain sight."""
    is_decorator: bool

    @property
    def through_partial(self) -> bool:
        return self.options is not None and self.options.func is not self.transform

    def parameters(self) -> tuple[str, ...]:
        """The jitted function's positional parameters. CannotEdit where the function is not in plain sight."""
        if self.function is None:
            raise CannotEdit("the jitted function's parameters are not known here")
        given = self.function.args
        return tuple(argument.arg for argument in (*given.posonlyargs, *given.args))

    def takes(self, name: str) -> bool:
        return self.function is None or any(argument.arg == name for argument in parameters_of(self.function))


def jit_site(source: SourceText, place: Place) -> JitSite:
    """The jit at a place: the place may be the decorator, the call, or the decorated function."""
    path = path_to(source, *source.place_span(place))
    for node in reversed(path):
        owner = next((one for one in path if isinstance(one, FUNCTIONS) and node in one.decorator_list), None)
        site = _site_of(source, node, owner) if isinstance(node, ast.expr) else None
        if site:
            return site
        if isinstance(node, FUNCTIONS):
            sites = [found for one in node.decorator_list if (found := _site_of(source, one, node))]
            if sites:
                return sites[-1]
    at_start = _smallest_call(source, place)
    if at_start:
        return at_start
    raise CannotEdit(f"no jit at {place}")


def _smallest_call(source: SourceText, place: Place) -> JitSite | None:
    """A place that names only part of a line: the first jit that begins there."""
    start = source.offset(place.line, place.column)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and source.start(node) == start:
            site = _site_of(source, node, None)
            if site:
                return site
    return None


def _site_of(source: SourceText, node: ast.expr, owner: Function | None) -> JitSite | None:
    decorates = owner is not None
    if not isinstance(node, ast.Call):
        return JitSite(node, None, node, owner, True) if decorates and _is_jit(source, node) else None
    if qualified_name(source, node.func) in PARTIALS and node.args and _is_jit(source, node.args[0]):
        return JitSite(node, node, node.args[0], owner, decorates)
    if isinstance(node.func, ast.Call):
        inner = _site_of(source, node.func, None)
        made = inner and JitSite(node, inner.options, inner.transform, _function_of(source, node), False)
        return made or None
    if _is_jit(source, node.func):
        function = owner if decorates else _function_of(source, node)
        return JitSite(node, node, node.func, function, decorates)
    return None


def is_jitted(source: SourceText, function: Function) -> bool:
    """Whether a decorator jits it."""
    return any(_site_of(source, one, function) is not None for one in function.decorator_list)


def _is_jit(source: SourceText, node: ast.expr) -> bool:
    name = qualified_name(source, node) or ""
    return name.rpartition(".")[2] in JITS or name.endswith("nnx.jit")


def _function_of(source: SourceText, call: ast.Call) -> Function | ast.Lambda | None:
    if not call.args:
        return None
    first = call.args[0]
    if isinstance(first, ast.Lambda):
        return first
    if isinstance(first, ast.Name):
        found = [one for one in ast.walk(source.tree) if isinstance(one, FUNCTIONS) and one.name == first.id]
        return found[0] if len(found) == 1 else None
    return None
