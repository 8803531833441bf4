"""A field of a pytree that is static metadata, made one of its leaves."""

import ast

from jaxaudit.edits.arguments import add_keyword, remove_argument
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.source_text import SourceText

NUMBERS = ("float", "int")


def static_field(source: SourceText, name: str) -> ast.AnnAssign | None:
    """The one field of this name that a class of the file declares static."""
    found = [
        node for node in ast.walk(source.tree) if isinstance(node, ast.AnnAssign) and _is_static(source, node, name)
    ]
    return found[0] if len(found) == 1 else None


def _is_static(source: SourceText, node: ast.AnnAssign, name: str) -> bool:
    return isinstance(node.target, ast.Name) and node.target.id == name and _mark(source, node) is not None


def _mark(source: SourceText, node: ast.AnnAssign) -> tuple[str, str] | None:
    """Whose the mark is, and the keyword that makes it one."""
    match node.value:
        case ast.Call(func=func, keywords=keywords):
            pass
        case _:
            return None
    called = qualified_name(source, func) or ""
    given = {one.arg: one.value for one in keywords}
    if called.startswith("equinox.") and _is(given.get("static"), True):
        return "equinox", "static"
    if called in ("equinox.static_field", "equinox._module.static_field"):
        return "equinox", ""
    if called.startswith("flax.struct.") and _is(given.get("pytree_node"), False):
        return "flax", "pytree_node"
    if called == "dataclasses.field" and _says_static(given.get("metadata")):
        return "jax", "metadata"
    return None


def _says_static(node: ast.expr | None) -> bool:
    """`{"static": True}`, `dict(static=True)`: what `jax.tree_util.register_dataclass` asks for."""
    match node:
        case ast.Dict(keys=[ast.Constant(value="static")], values=[ast.Constant(value=True)]):
            return True
        case ast.Call(
            func=ast.Name(id="dict"), args=[], keywords=[ast.keyword(arg="static", value=ast.Constant(value=True))]
        ):
            return True
    return False


def _is(node: ast.expr | None, wanted: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is wanted


def made_data(source: SourceText, node: ast.AnnAssign) -> tuple[Edit, ...]:
    """Equinox keeps Python numbers static under `filter_jit`, so the field becomes an array: `field(converter=jnp.asarray)`."""
    mark = _mark(source, node)
    assert mark is not None and isinstance(node.value, ast.Call)
    whose, keyword = mark
    edits: list[Edit] = []
    if whose == "jax" and len(node.value.keywords) == 1 and not node.value.args:
        return (Edit(source.end(node.annotation), source.end(node.value), ""),)
    if whose in ("flax", "jax"):
        return remove_argument(source, node.value, keyword)
    if any(one.arg == "converter" for one in node.value.keywords):
        raise CannotEdit(f"`{source.of(node.target)}` has a converter")
    asarray = spell(source, "jax.numpy.asarray")
    edits += asarray.edits
    converter = f"converter={asarray.text}"
    if keyword:
        static = next(one for one in node.value.keywords if one.arg == keyword)
        edits.append(Edit(*source.span(static), converter))
    else:
        field = spell(source, "equinox.field")
        edits += [*field.edits, Edit(*source.span(node.value.func), field.text)]
        edits += add_keyword(source, node.value, "converter", asarray.text)
    if isinstance(node.annotation, ast.Name) and node.annotation.id in NUMBERS:
        array = spell(source, "jax.Array")
        edits += [*(one for one in array.edits if one not in edits), Edit(*source.span(node.annotation), array.text)]
    return tuple(edits)


MATH = {"atan2": "arctan2", "acos": "arccos", "asin": "arcsin", "atan": "arctan", "fabs": "abs"}
"""Where `jax.numpy` has another name for a function of `math`."""
ALIKE = frozenset(
    [
        "cos",
        "sin",
        "tan",
        "cosh",
        "sinh",
        "tanh",
        "exp",
        "log",
        "log10",
        "log2",
        "log1p",
        "expm1",
        "sqrt",
        "hypot",
        "floor",
        "ceil",
        "radians",
        "degrees",
    ]
)


def on_the_device(source: SourceText, name: str) -> tuple[Edit, ...]:
    """`math.cos(self.angle)` becomes `jnp.cos(self.angle)`: the field is a tracer under jit."""
    edits: list[Edit] = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not any(_reads(one, name) for one in (*node.args, *node.keywords)):
            continue
        module, _, function = (qualified_name(source, node.func) or "").rpartition(".")
        if module in ("math", "numpy") and (function in ALIKE or function in MATH):
            new = spell(source, f"jax.numpy.{MATH.get(function, function)}")
            edits += [*(one for one in new.edits if one not in edits), Edit(*source.span(node.func), new.text)]
    return tuple(edits)


def _reads(node: ast.AST, name: str) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == name for one in ast.walk(node))
