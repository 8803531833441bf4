"""An expression, with the local functions that it hands over, goes into a function of its own at module level: jitted, or cached."""

import ast
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.lifting_calls import definition, expression, local_functions, only_there, outermost
from jaxaudit.edits.made_functions import (
    bound_values,
    code_of,
    made_functions,
    must_stay_until,
    name_of,
    only_read_there,
)
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.nodes import Function
from jaxaudit.edits.own_methods import methods_of
from jaxaudit.edits.rebinding import must_compile_once
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import remove_definition
from jaxaudit.edits.taking import decides, readings, taken

STEP = "    "
FILTERS = ("equinox.filter_jit",)
"""Jits that hold static whatever is no array, of their own accord."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """The edits, the new function's name, and what it is handed."""

    edits: tuple[Edit, ...]
    name: str
    arguments: tuple[str, ...]


def extracted(
    source: SourceText, call: ast.Call, hint: str, jit: str = "jax.jit", numbers: Container[str] = ()
) -> Extracted:
    """The call in a function of its own: `return scan(...)` behind the definitions that only it uses.

    Names that are called, or that decide a length, are static; `numbers` are handed in as arrays where the jit would
    hold them static. CannotEdit where it needs a whole object, or rebinds names.
    """
    names = Names(source)
    inner, made = _going_along(names, call)
    moved = _Moved(names, call, inner, made, bound_values(names, made))
    values = moved.values
    if not values:
        raise CannotEdit("it reads nothing from around it: the function needs no arguments")
    if made:
        along = [part for one in made for part in code_of(names, one)]
        must_compile_once(names, [call, *along, *inner, *moved.methods.found], [one.text for one in values])
    static = [one.name for one in values if decides(names, one)] if jit not in FILTERS else []
    wrapper = spell(source, jit)
    partial = spell(source, "functools.partial") if static else None
    words = ", ".join(repr(one).replace("'", '"') for one in static)
    head = f"@{partial.text}({wrapper.text}, static_argnames=({words},))" if partial else f"@{wrapper.text}"
    converted = [one for one in values if one.text in numbers and not decides(names, one)] if jit in FILTERS else []
    as_array = spell(source, "jax.numpy.asarray") if converted else None
    handed = [f"{as_array.text}({one.text})" if as_array and one in converted else one.text for one in values]
    imports = [*wrapper.edits, *(partial.edits if partial else ()), *(as_array.edits if as_array else ())]
    return moved.to(fresh_name(source, hint), head, handed, imports)


def cached(source: SourceText, call: ast.Call, hint: str, may_call: Callable[[ast.Call], bool]) -> Extracted:
    """The call, which makes an object, in a cached function of its own: the same object for the same values.

    What is made for it beside it, of calls that `may_call` allows, goes along. CannotEdit where it is made of something
    that a cache cannot tell apart, or of what changes.
    """
    names = Names(source)
    made = _made_along(names, call, may_call)
    moved = _Moved(names, call, [], made, {})
    if moved.methods.found:
        raise CannotEdit("it asks its object for what it is made of")
    parts = (call, *(one.value for one in made))
    must_compile_once(names, parts, [one.text for one in moved.values])
    for one in (node for part in parts for node in ast.walk(part)):
        if isinstance(one, ast.Call) and not may_call(one):
            raise CannotEdit(f"`{source.of(one)[:50]}` may give another value each time")
    cache = spell(source, "functools.lru_cache")
    handed = [one.text for one in moved.values]
    return moved.to(fresh_name(source, hint), f"@{cache.text}(maxsize=None, typed=True)", handed, cache.edits)


class _Moved:
    """A call, with local functions, assignments and methods that go along, and the values that it reads from around it."""

    def __init__(
        self,
        names: Names,
        call: ast.Call,
        inner: Sequence[Function],
        made: Sequence[ast.Assign],
        bound: Mapping[ast.expr, str],
    ) -> None:
        must_stay_until(names, made, [call])
        self.names, self.call, self.inner, self.made = names, call, inner, made
        self.parts = (call, *(one.value for one in made))
        self.methods = methods_of(names, (*self.parts, *inner))
        self.values = taken(names, self.parts, inner, methods=self.methods, made=map(name_of, made), bound=dict(bound))

    def to(self, name: str, head: str, handed: Sequence[str], imports: Sequence[Edit]) -> Extracted:
        """Into a function of that name at module level, under the decorator `head`; what only it uses leaves its place."""
        names, source = self.names, self.names.source
        outer = outermost(names, self.call)
        changed = [*readings(source, self.values), *self.methods.edits(names)]
        body = [definition(source, one, changed) for one in (*self.methods.found, *self.inner)]
        assigned = [f"{name_of(one)} = {expression(source, one.value, changed)}" for one in self.made]
        body.append("\n".join([*assigned, f"return {expression(source, self.call, changed)}"]))
        parameters = ", ".join(one.name for one in self.values)
        text = f"{head}\ndef {name}({parameters}):\n" + indent("\n\n".join(body), STEP)
        start = source.line_starts[source.line_of(source.start(outer)) - 1]
        edits = [
            *imports,
            Edit(start, start, _apart(source, start) + text.replace("\n", source.newline) + source.newline * 3),
            Edit(*source.span(self.call), f"{name}({', '.join(handed)})"),
        ]
        for one in self.inner:
            if only_there(names, one, [*self.parts, *self.inner]):
                edits += remove_definition(source, one)
        for each in self.made:
            if only_read_there(names, each, [*self.parts, *self.inner]):
                edits += remove_definition(source, each)
        return Extracted(tuple(dict.fromkeys(edits)), name, tuple(one.text for one in self.values))


def _apart(source: SourceText, start: int) -> str:
    """The line ends that two empty lines before a definition want."""
    before = source.text[:start].rstrip(" \t")
    ends = len(before) - len(before.rstrip("\r\n"))
    missing = 3 - ends // len(source.newline)
    return source.newline * missing if before.strip() and missing > 0 else ""


def _made_along(names: Names, call: ast.Call, may_call: Callable[[ast.Call], bool]) -> list[ast.Assign]:
    """The assignments of the same function, of calls that are allowed, that it is made of, and those that these are."""
    found: dict[ast.Assign, None] = {}
    waiting: list[ast.AST] = [call]
    while waiting:
        for node in ast.walk(waiting.pop()):
            home = names.home(node) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) else None
            if home is None or home is not names.scope_of(call) or home is names.tree:
                continue
            bindings = names.bound_at(home, node.id)  # type: ignore[attr-defined]
            match names.parent.get(bindings[0]) if len(bindings) == 1 else None:
                case ast.Assign(targets=[ast.Name()], value=ast.Call() as value) as statement:
                    if statement not in found and may_call(value) and not _gives_data(names, value):
                        found[statement] = None
                        waiting.append(value)
    return sorted(found, key=lambda one: one.lineno)


def _gives_data(names: Names, call: ast.Call) -> bool:
    """A number or an array (`len(x)`, `jnp.ones(3)`), which is handed in; no function or object of a library."""
    called = qualified_name(names.source, call.func) or ""
    own = isinstance(call.func, ast.Name) and names.home(call.func) is not None
    of_arrays = called.startswith(("jax.", "numpy.", "math.")) and not called.startswith("jax.nn.initializers.")
    return of_arrays or ("." not in called and not own)


def _going_along(names: Names, call: ast.Call) -> tuple[list[Function], list[ast.Assign]]:
    """The local functions that it names, and what is made of such beside it, and those that these name."""
    inner: dict[Function, None] = dict.fromkeys(local_functions(names, call))
    made: list[ast.Assign] = []
    while True:
        made = made_functions(names, (call, *inner), call)
        more = dict.fromkeys(one for each in made for one in local_functions(names, each.value))
        if inner.keys() >= more.keys():
            return sorted(inner, key=lambda one: one.lineno), made
        inner |= more
