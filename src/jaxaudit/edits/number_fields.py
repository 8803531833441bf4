"""A field of an Equinox module that holds a number of Python's, which `filter_jit` keeps static, made an array wherever it is set."""

import ast
import re
from collections.abc import Iterator

from jaxaudit.edits.arguments import add_keyword, keyword_of
from jaxaudit.edits.data_fields import NUMBERS
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import wrap
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.nodes import last_word
from jaxaudit.edits.source_text import SourceText

ASARRAY = "jax.numpy.asarray"
PLAINLY = ("dump", "dumps", "isinstance", "type", "range", "is_integer", "hex", "Fraction", "Decimal", "hash")
"""What takes a number of Python's and no array, or answers otherwise for one."""


def number_field(cls: ast.ClassDef, name: str) -> ast.AnnAssign | None:
    """`rate: float` in the body of a class."""
    for node in cls.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=word), annotation=ast.Name(id=kind)):
                if word == name and kind in NUMBERS:
                    return node
    return None


def converted(source: SourceText, node: ast.AnnAssign) -> tuple[Edit, ...]:
    """`rate: jax.Array = eqx.field(converter=jnp.asarray)`, with the default that stood there."""
    asarray, array = spell(source, ASARRAY), spell(source, "jax.Array")
    edits = [*asarray.edits, *array.edits, Edit(*source.span(node.annotation), array.text)]
    if isinstance(node.value, ast.Call) and qualified_name(source, node.value.func) == "equinox.field":
        if keyword_of(node.value, "converter") is not None:
            raise CannotEdit(f"`{source.of(node.target)}` has a converter")
        return (*edits, *add_keyword(source, node.value, "converter", asarray.text))
    field = spell(source, "equinox.field")
    edits += field.edits
    if node.value is None:
        end = source.end(node)
        return (*edits, Edit(end, end, f" = {field.text}(converter={asarray.text})"))
    text = f"{field.text}(default={source.of(node.value)}, converter={asarray.text})"
    return (*edits, Edit(*source.span(node.value), text))


def replaced(source: SourceText, name: str) -> tuple[Edit, ...]:
    """`eqx.tree_at(lambda a: a.rate, a, new)` asks no converter: what it puts in becomes an array there."""
    edits: dict[Edit, None] = {}
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or qualified_name(source, node.func) != "equinox.tree_at" or not node.args:
            continue
        where = node.args[0]
        body = where.body if isinstance(where, ast.Lambda) else where
        if not any(_is_field(one, name) for one in ast.walk(body)):
            continue
        for one in _put_in(source, node, body, name):
            asarray = spell(source, ASARRAY)
            edits |= dict.fromkeys((*asarray.edits, *wrap(source, one, f"{asarray.text}(", ")")))
    return tuple(edits)


def _put_in(source: SourceText, call: ast.Call, where: ast.expr, name: str) -> Iterator[ast.expr]:
    named = keyword_of(call, "replace")
    new = call.args[2] if len(call.args) > 2 else named.value if named is not None else None
    if new is None or any(isinstance(one, ast.Starred) for one in call.args):
        raise CannotEdit(f"`{source.of(call)[:60]}` works out what it puts in for `{name}`")
    if _is_field(where, name):
        yield new
    elif (
        isinstance(where, ast.Tuple | ast.List)
        and isinstance(new, ast.Tuple | ast.List)
        and len(where.elts) == len(new.elts)
    ):
        yield from (value for one, value in zip(where.elts, new.elts) if _is_field(one, name))
    else:
        raise CannotEdit(f"what `{source.of(call)[:60]}` puts in for `{name}` is not written out there")


def _is_field(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == name


FILTERS = re.compile(r"\b(filter_(?!jit\b)\w+|is_array|is_inexact_array|if_array|partition)\b")
"""What Equinox takes apart by arrays: gradients are taken by every array, axes are mapped of each, and all of them are trained."""


def must_not_be_filtered(source: SourceText, name: str) -> None:
    """CannotEdit where the file takes objects apart by what is an array: the field would be one of these."""
    found = FILTERS.search(source.text)
    if found is not None:
        line = source.line_of(found.start())
        raise CannotEdit(
            f"{source.path}:{line} takes objects apart by their arrays (`{found[0]}`), and `{name}` would become one: trained, "
            "differentiated or mapped"
        )


def must_not_be_needed_plain(source: SourceText, name: str) -> None:
    """CannotEdit where the file takes the field as a key or a slice, or hands it to what wants a number of Python's."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=func, args=args) if last_word(func) in PLAINLY:
                wanted: list[ast.AST] = [*args]
            case ast.Subscript(slice=index):
                wanted = [index]
            case ast.Dict(keys=keys):
                wanted = [one for one in keys if one is not None]
            case ast.Set(elts=elements):
                wanted = [*elements]
            case _:
                continue
        if any(_is_field(inner, name) for one in wanted for inner in ast.walk(one)):
            where = f"{source.path}:{getattr(node, 'lineno', 0)}"
            raise CannotEdit(f"{where} needs `{name}` as a number of Python's (`{source.of(node)[:60]}`)")
