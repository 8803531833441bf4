"""What a Python loop runs over, as `fori_loop` counts it or `scan` takes it: ranges, arrays, lists of numbers, and these
side by side.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import spell
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.source_text import SourceText


class Ragged(CannotEdit):
    """The items that the loop runs over have no common shape, or none that can be seen."""


@dataclass(frozen=True, slots=True)
class Items:
    """The bounds for `fori_loop`, or what `scan` runs over and how to write how long that is."""

    bounds: tuple[str, str] | None = None
    scanned: str = ""
    length: str = ""
    edits: tuple[Edit, ...] = ()


def items_of(source: SourceText, loop: ast.For, arrays: frozenset[str], gathers: bool) -> Items:
    """`arrays` are texts of expressions that are one array each. Raises `Ragged` for lists of which nothing is known."""
    return _scanned(source, loop.iter, arrays) if gathers else items_of_expression(source, loop.iter, arrays)


def items_of_expression(source: SourceText, node: ast.expr, arrays: frozenset[str]) -> Items:
    """The same of what a loop runs over that gathers nothing."""
    match node:
        case ast.Call(func=ast.Name(id="range"), args=args, keywords=[]) if 1 <= len(args) < 3:
            words = [source.of(one) for one in args]
            return Items(("0", words[0]) if len(args) == 1 else (words[0], words[1]))
    return _scanned(source, node, arrays)


def _scanned(source: SourceText, node: ast.expr, arrays: frozenset[str]) -> Items:
    match node:
        case ast.Call(func=ast.Name(id="range"), args=args, keywords=[]) if 1 <= len(args) <= 3:
            words = ", ".join(source.of(one) for one in args)
            length = words if len(args) == 1 else f"len({source.of(node)})"
            arange = spell(source, "jax.numpy.arange")
            return Items(scanned=f"{arange.text}({words})", length=length, edits=arange.edits)
        case ast.Call(func=ast.Name(id="reversed"), args=[one], keywords=[]):
            over = _scanned(source, one, arrays)
            if not over.scanned.startswith("("):  # several side by side: each would have to be turned
                simple = over.scanned != source.of(one) or isinstance(one, ast.Name | ast.Attribute | ast.Call)
                turned = f"{over.scanned}[::-1]" if simple else f"({over.scanned})[::-1]"
                return Items(scanned=turned, length=over.length, edits=over.edits)
        case ast.Call(func=ast.Name(id="zip"), args=args, keywords=_) if args:
            parts = [_scanned(source, one, arrays) for one in args]
            text = f"({', '.join(one.scanned for one in parts)},)"
            return Items(scanned=text, length=parts[0].length, edits=_all_edits(parts))
        case ast.Call(func=ast.Name(id="enumerate"), args=[one, *rest], keywords=words) if len(rest) + len(words) < 2:
            over = _scanned(source, one, arrays)
            first = [source.of(given) for given in (*rest, *(word.value for word in words))]
            bounds = f"{first[0]}, {first[0]} + {over.length}" if first else over.length
            arange = spell(source, "jax.numpy.arange")
            text = f"({arange.text}({bounds}), {over.scanned})"
            return Items(scanned=text, length=over.length, edits=tuple(dict.fromkeys((*arange.edits, *over.edits))))
    text = source.of(node)
    if text in arrays:
        return Items(scanned=text, length=f"len({text})")
    if _are_numbers(Names(source), node):
        array = spell(source, "jax.numpy.array")
        return Items(scanned=f"{array.text}({text})", length=f"len({text})", edits=array.edits)
    raise Ragged(
        f"the items of `{text}` can be scanned only if they have one shape and are stacked; nothing shows that they "
        "have (a list may be ragged)"
    )


def _all_edits(parts: Iterable[Items]) -> tuple[Edit, ...]:
    return tuple(dict.fromkeys(edit for one in parts for edit in one.edits))


# -- lists of numbers ---------------------------------------------------------------------------------------------------


def _are_numbers(names: Names, node: ast.expr) -> bool:
    """Whether it is a list that is written out as numbers, all of one kind, and that nothing changes."""
    match node:
        case ast.Name():
            value = _value_of(names, node)
            return value is not None and not _is_changed(names, node) and _are_numbers(names, value)
        case ast.List(elts=elements) | ast.Tuple(elts=elements) if elements:
            kinds = {_kind(names, one, frozenset()) for one in elements}
            return kinds in ({"int"}, {"float"})
        case ast.ListComp(elt=element, generators=[ast.comprehension(target=ast.Name(id=name), iter=over, ifs=[])]):
            counts = isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.func.id == "range"
            return counts and _kind(names, element, frozenset((name,))) in ("int", "float")
    return False


def _kind(names: Names, node: ast.expr, counters: frozenset[str]) -> str:
    """`int` or `float` of an expression of numbers and of what counts them; "" for any other."""
    match node:
        case ast.Constant(value=number) if type(number) in (int, float):
            return type(number).__name__
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=one):
            return _kind(names, one, counters)
        case ast.BinOp(left=left, op=op, right=right):
            kinds = {_kind(names, left, counters), _kind(names, right, counters)}
            if "" in kinds or isinstance(op, ast.MatMult) or (isinstance(op, ast.Pow) and kinds == {"int"}):
                return ""
            return "float" if "float" in kinds or isinstance(op, ast.Div) else "int"
        case ast.Name(id=name) if name in counters:
            return "int"
        case ast.Name():
            value = _value_of(names, node)
            return _kind(names, value, frozenset()) if isinstance(value, ast.Constant | ast.UnaryOp) else ""
    return ""


def _value_of(names: Names, node: ast.Name) -> ast.expr | None:
    """What the name is bound to, where it is bound once, by a plain assignment."""
    home = names.home(node)
    bindings = names.bound_at(home, node.id) if home is not None else []
    if len(bindings) != 1:
        return None
    match names.parent.get(bindings[0]):
        case ast.Assign(targets=[ast.Name()], value=value):
            return value
    return None


def _is_changed(names: Names, node: ast.Name) -> bool:
    """Whether something is put into it, or it is handed on or given another name, so that something could be."""
    home = names.home(node)
    assert home is not None
    for use in names.loads(home, node.id):
        above = names.parent.get(use)
        is_read = isinstance(above, ast.Subscript) and isinstance(above.ctx, ast.Load) and above.value is use
        is_asked = (
            isinstance(above, ast.Call)
            and use in above.args
            and isinstance(above.func, ast.Name)
            and above.func.id in ("len", "zip", "enumerate", "sum", "min", "max", "range", "reversed", "sorted")
        )
        is_run_over = isinstance(above, ast.For | ast.comprehension) and above.iter is use
        if not (is_read or is_asked or is_run_over):
            return True
    return False
