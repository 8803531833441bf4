"""An expression, with the local functions that it hands over, goes into a jitted function of its own at module level."""

import ast
from dataclasses import dataclass
from textwrap import indent

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import spell
from jaxaudit.edits.lifting_calls import definition, expression, local_functions, only_there, outermost
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.own_methods import methods_of
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import remove_definition
from jaxaudit.edits.taking import decides, readings, taken

STEP = "    "


@dataclass(frozen=True, slots=True)
class Extracted:
    """The edits, the new function's name, and what it is handed."""

    edits: tuple[Edit, ...]
    name: str
    arguments: tuple[str, ...]


def extracted(source: SourceText, call: ast.Call, hint: str) -> Extracted:
    """The call in a function of its own: `return scan(...)` behind the definitions that only it uses.

    Names that are called, or that decide a length, are static. CannotEdit where it needs a whole object, or rebinds names.
    """
    names = Names(source)
    inner = local_functions(names, call)
    methods = methods_of(names, (call, *inner))
    values = taken(names, (call,), inner, methods=methods)
    if not values:
        raise CannotEdit("it reads nothing from around it: the function needs no arguments")
    name = fresh_name(source, hint)
    static = [one.name for one in values if decides(names, one)]
    outer = outermost(names, call)
    jit = spell(source, "jax.jit")
    partial = spell(source, "functools.partial") if static else None
    words = ", ".join(repr(one).replace("'", '"') for one in static)
    head = f"@{partial.text}({jit.text}, static_argnames=({words},))" if partial else f"@{jit.text}"
    changed = [*readings(source, values), *methods.edits(names)]
    body = [definition(source, one, changed) for one in (*methods.found, *inner)]
    body.append(f"return {expression(source, call, changed)}")
    text = f"{head}\ndef {name}({', '.join(one.name for one in values)}):\n" + indent("\n\n".join(body), STEP)
    start = source.line_starts[source.line_of(source.start(outer)) - 1]
    written = text.replace("\n", source.newline) + source.newline * 3
    handed = ", ".join(one.text for one in values)
    edits = [
        *jit.edits, *(partial.edits if partial else ()),
        Edit(start, start, written), Edit(*source.span(call), f"{name}({handed})"),
    ]  # fmt: skip
    for one in inner:
        if only_there(names, one, [call, *inner]):
            edits += remove_definition(source, one)
    return Extracted(tuple(edits), name, tuple(one.text for one in values))
