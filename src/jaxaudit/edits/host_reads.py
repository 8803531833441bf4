"""Numbers that a line reads of device arrays one by one: each array is fetched once, and what is worked out of them is NumPy's."""

import ast
from collections.abc import Iterator, Sequence

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import wrap
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.nodes import placed_nodes
from jaxaudit.edits.source_text import SourceText

READERS = ("float", "int", "bool")
ALIKE = frozenset(
    "sqrt exp log log10 log2 log1p expm1 abs absolute sin cos tan tanh sinh cosh arcsin arccos arctan arctan2 hypot "  # noqa: SIM905
    "maximum minimum square sign floor ceil degrees radians real imag".split()
)
"""Functions of `jax.numpy` that NumPy has under the same name, number by number."""


def read_on_the_host(source: SourceText, lines: Sequence[int]) -> tuple[Edit, ...]:
    """`float(jnp.sqrt(cov[k, k]))` becomes `float(np.sqrt(np.asarray(cov)[k, k]))`, on all these lines."""
    asarray = spell(source, "numpy.asarray")
    edits: list[Edit] = []
    for call in _reads(source, lines):
        found = list(_of_host(source, call.args[0], asarray.text))
        if any(found):
            edits += found
    if not edits:
        raise CannotEdit("no single numbers of an array are read there")
    return (*asarray.edits, *dict.fromkeys(edits))


def _reads(source: SourceText, lines: Sequence[int]) -> Iterator[ast.Call]:
    for node in placed_nodes(source.tree):
        match node:
            case ast.Call(func=ast.Name(id=reader), args=[_], keywords=[]) if (
                reader in READERS and node.lineno in lines
            ):
                yield node


def _of_host(source: SourceText, node: ast.expr, asarray: str) -> Iterator[Edit]:
    """The edits that make an expression of device arrays one of NumPy's; none where a part of it is not known."""
    try:
        yield from list(_edits(source, node, asarray))
    except CannotEdit:
        return


def _edits(source: SourceText, node: ast.expr, asarray: str) -> Iterator[Edit]:
    match node:
        case ast.Constant():
            return
        case ast.Subscript(value=ast.Name() | ast.Attribute() as base, slice=index) if _is_position(index):
            yield from wrap(source, base, f"{asarray}(", ")")
        case ast.BinOp(left=left, right=right):
            yield from _edits(source, left, asarray)
            yield from _edits(source, right, asarray)
        case ast.UnaryOp(operand=operand):
            yield from _edits(source, operand, asarray)
        case ast.Call(func=func, args=args, keywords=[]):
            module, _, name = (qualified_name(source, func) or "").rpartition(".")
            if module != "jax.numpy" or name not in ALIKE:
                raise CannotEdit(f"`{source.of(func)}` is not NumPy's as well")
            numpy = asarray.removesuffix("asarray")
            yield Edit(*source.span(func), f"{numpy}{name}" if numpy else f"numpy.{name}")
            for one in args:
                yield from _edits(source, one, asarray)
        case _:
            raise CannotEdit(f"`{source.of(node)}` is not known")


def _is_position(index: ast.expr) -> bool:
    """A number or numbers, no key of a dict, no slice."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return not any(
        isinstance(one, ast.Slice | ast.Starred) or (isinstance(one, ast.Constant) and not isinstance(one.value, int))
        for one in parts
    )
