"""An expression, with the local functions that it hands over, goes into a jitted function of its own at module level."""

import ast
from collections.abc import Container
from dataclasses import dataclass
from textwrap import indent

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import spell
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
    must_stay_until(names, made, [call])
    parts = (call, *(one.value for one in made))
    methods = methods_of(names, (*parts, *inner))
    values = taken(names, parts, inner, methods=methods, made=map(name_of, made), bound=bound_values(names, made))
    if not values:
        raise CannotEdit("it reads nothing from around it: the function needs no arguments")
    if made:
        along = [part for one in made for part in code_of(names, one)]
        must_compile_once(names, [call, *along, *inner, *methods.found], [one.text for one in values])
    name = fresh_name(source, hint)
    static = [one.name for one in values if decides(names, one)] if jit not in FILTERS else []
    outer = outermost(names, call)
    wrapper = spell(source, jit)
    partial = spell(source, "functools.partial") if static else None
    words = ", ".join(repr(one).replace("'", '"') for one in static)
    head = f"@{partial.text}({wrapper.text}, static_argnames=({words},))" if partial else f"@{wrapper.text}"
    changed = [*readings(source, values), *methods.edits(names)]
    body = [definition(source, one, changed) for one in (*methods.found, *inner)]
    assigned = [f"{name_of(one)} = {expression(source, one.value, changed)}" for one in made]
    body.append("\n".join([*assigned, f"return {expression(source, call, changed)}"]))
    text = f"{head}\ndef {name}({', '.join(one.name for one in values)}):\n" + indent("\n\n".join(body), STEP)
    start = source.line_starts[source.line_of(source.start(outer)) - 1]
    written = text.replace("\n", source.newline) + source.newline * 3
    converted = [one for one in values if one.text in numbers and not decides(names, one)] if jit in FILTERS else []
    as_array = spell(source, "jax.numpy.asarray") if converted else None
    handed = ", ".join(f"{as_array.text}({one.text})" if as_array and one in converted else one.text for one in values)
    edits = [
        *wrapper.edits, *(partial.edits if partial else ()), *(as_array.edits if as_array else ()),
        Edit(start, start, written), Edit(*source.span(call), f"{name}({handed})"),
    ]  # fmt: skip
    for one in inner:
        if only_there(names, one, [*parts, *inner]):
            edits += remove_definition(source, one)
    for each in made:
        if only_read_there(names, each, [*parts, *inner]):
            edits += remove_definition(source, each)
    return Extracted(tuple(dict.fromkeys(edits)), name, tuple(one.text for one in values))


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
