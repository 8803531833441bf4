"""An expression, with the local functions that it hands over, goes into a jitted function of its own at module level."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent, indent

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import spell
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.nodes import FUNCTIONS, Function
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import indent_of, remove_definition

STEP = "    "


@dataclass(frozen=True, slots=True)
class Extracted:
    """The edits, the new function's name, and what it is handed."""

    edits: tuple[Edit, ...]
    name: str
    arguments: tuple[str, ...]


def extracted(source: SourceText, call: ast.Call, hint: str) -> Extracted:
    """The call in a function of its own: `return scan(...)` behind the definitions that only it uses.

    Names that are called, or that decide a length, are static. CannotEdit where it reads an object or rebinds names.
    """
    names = Names(source)
    scope = names.scope_of(call)
    inner = _local_functions(names, call, scope)
    arguments = _arguments(names, call, inner, scope)
    if not arguments:
        raise CannotEdit("it reads nothing from around it: the function needs no arguments")
    name = fresh_name(source, hint)
    static = [one for one in arguments if _decides(names, one, [call, *inner])]
    outer = _at_module_level(names, call)
    jit = spell(source, "jax.jit")
    partial = spell(source, "functools.partial") if static else None
    words = ", ".join(repr(one).replace("'", '"') for one in static)
    head = f"@{partial.text}({jit.text}, static_argnames=({words},))" if partial else f"@{jit.text}"
    body = [_text(source, one) for one in inner]
    body.append(f"return {_flat(source, call)}")
    text = f"{head}\ndef {name}({', '.join(arguments)}):\n" + indent("\n\n".join(body), STEP)
    start = source.line_starts[source.line_of(source.start(outer)) - 1]
    written = text.replace("\n", source.newline) + source.newline * 3
    edits = [
        *jit.edits, *(partial.edits if partial else ()),
        Edit(start, start, written), Edit(*source.span(call), f"{name}({', '.join(arguments)})"),
    ]  # fmt: skip
    for one in inner:
        if _only_there(names, one, [call, *inner]):
            edits += remove_definition(source, one)
    return Extracted(tuple(edits), name, tuple(arguments))


def _local_functions(names: Names, call: ast.Call, scope: ast.AST) -> list[Function]:
    """The functions of the same scope that it names, and those that these name, in the order of the text."""
    found: dict[ast.AST, Function] = {}
    waiting: list[ast.AST] = [call]
    while waiting:
        for node in ast.walk(waiting.pop()):
            if not isinstance(node, ast.Name) or names.home(node) is None or names.home(node) is names.tree:
                continue
            bindings = names.bound_at(names.home(node) or scope, node.id)
            made = [one for one in bindings if isinstance(one, FUNCTIONS)]
            if made and made[0] not in found and not names.is_within(call, made[0]):
                if len(bindings) > 1 or made[0].decorator_list:
                    raise CannotEdit(f"`{node.id}` is bound more than once, or decorated")
                found[made[0]] = made[0]
                waiting.append(made[0])
    return sorted(found.values(), key=lambda one: one.lineno)


def _arguments(names: Names, call: ast.Call, inner: Sequence[Function], scope: ast.AST) -> list[str]:
    """The names that it reads from the functions around it; at module level, those that are bound by assignments."""
    own = {one.name for one in inner}
    found: list[ast.Name] = []
    for part in (call, *inner):
        for node in ast.walk(part):
            if isinstance(node, ast.Nonlocal | ast.Global | ast.Yield | ast.YieldFrom | ast.Await | ast.NamedExpr):
                raise CannotEdit("it rebinds names, or waits")
            if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or node.id in own:
                continue
            home = names.home(node)
            if home is None or any(names.is_within(home, one) for one in (call, *inner)):
                continue
            if home is names.tree and not _is_a_variable(names, node.id):
                continue
            if node.id in ("self", "cls"):
                raise CannotEdit("it reads its object")
            if home is not names.tree and scope is names.tree:
                continue
            found.append(node)
    found.sort(key=lambda node: (not names.is_within(node, call), node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in found))


def _is_a_variable(names: Names, name: str) -> bool:
    """Bound at module level in a loop, or more than once: it is not the same for ever."""
    bindings = names.bound_at(names.tree, name)
    if any(isinstance(one, (*FUNCTIONS, ast.ClassDef, ast.alias)) for one in bindings):
        return False
    return len(bindings) > 1 or any(names.loops_around(one) for one in bindings)


def _decides(names: Names, name: str, parts: Sequence[ast.AST]) -> bool:
    """It is called, or it is a length or the number of turns of a Python loop."""
    for part in parts:
        for node in ast.walk(part):
            if not isinstance(node, ast.Name) or node.id != name:
                continue
            parent = names.parent.get(node)
            if isinstance(parent, ast.Call) and parent.func is node:
                return True
            if isinstance(parent, ast.keyword) and parent.arg in ("length", "shape", "axis", "unroll", "reverse"):
                return True
            if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "range":
                return True
    return False


def _at_module_level(names: Names, call: ast.Call) -> ast.stmt:
    parents = [call, *names.parents(call)]
    outer = parents[-2]
    assert isinstance(outer, ast.stmt)
    if any(isinstance(one, ast.ClassDef) for one in parents) and not isinstance(outer, ast.ClassDef):
        raise CannotEdit("it stands in a class inside a function")
    return outer


def _text(source: SourceText, function: Function) -> str:
    if any(
        isinstance(one, ast.Constant) and isinstance(one.value, str | bytes) and one.lineno != one.end_lineno
        for one in ast.walk(function)
    ):
        raise CannotEdit("a string in it runs over several lines")
    before = indent_of(source, function)
    return dedent(before + source.of(function)).replace(source.newline, "\n")


def _flat(source: SourceText, call: ast.Call) -> str:
    """The call's text, moved to one step of indentation where it runs over several lines."""
    text = source.of(call).replace(source.newline, "\n")
    first, *rest = text.split("\n")
    return "\n".join([first, *dedent("\n".join(rest)).split("\n")]) if rest else text


def _only_there(names: Names, function: Function, parts: Sequence[ast.AST]) -> bool:
    scope = names.scope_of(function)
    return all(any(names.is_within(use, one) for one in parts) for use in names.loads(scope, function.name))
