"""A value's dtype written down where the value is made: `0.0` becomes `np.float32(0.0)`."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from jaxaudit.edits.arguments import add_keyword, keyword_of
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import replace
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.nodes import scopes_of, statement_of
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import insert_before

TAKES_DTYPE = {
    **dict.fromkeys(("array", "asarray", "zeros", "ones", "empty", "zeros_like", "ones_like", "empty_like"), 2),
    **dict.fromkeys(("full", "full_like"), 3), "arange": 4, "linspace": 6, "eye": 4,
}  # fmt: skip
"""Functions of `jax.numpy` that make an array, and how many positional arguments it takes to hand in the dtype."""
ONLY_JAX = ("bfloat16",)
OF_SETTING = {"float32": "float", "int32": "int", "complex64": "complex"}
"""What JAX makes of Python's numbers: 64 bits where `jax_enable_x64` is on."""
STEP = re.compile(r"\.(\w+)|\[(?:'([^']*)'|\"([^\"]*)\"|(\d+))\]")
FURTHEST = 6
"""Assignments that are followed from name to name."""


class NotWrittenOut(CannotEdit):
    """A call, or whatever `text` says, makes the leaf."""

    def __init__(self, text: str) -> None:
        super().__init__(f"the leaf is not written out in `{text[:60]}`")
        self.text = text


def pinned(source: SourceText, node: ast.expr, dtype: str, widened: bool = False) -> tuple[Edit, ...]:
    """The expression with its dtype: a number as a scalar of NumPy's, a call that makes an array with `dtype=`, all else in
    `jnp.asarray`. `widened`: 32 bits become 64 where `jax_enable_x64` is on.
    """
    of_setting = OF_SETTING.get(dtype, "") if widened else ""
    if _is_number(node) and dtype not in ONLY_JAX and not of_setting:
        scalar = spell(source, f"numpy.{dtype}")  # JAX would compile a program to convert the number
        return (*scalar.edits, *replace(source, node, f"{scalar.text}({source.of(node)})"))
    named = spell(source, "jax.numpy.result_type" if of_setting else f"jax.numpy.{dtype}")
    written = f"{named.text}({of_setting})" if of_setting else named.text
    if isinstance(node, ast.Call):
        name = qualified_name(source, node.func) or ""
        most = TAKES_DTYPE.get(name.removeprefix("jax.numpy.")) if name.startswith("jax.numpy.") else None
        said = keyword_of(node, "dtype")
        if said is not None:
            raise CannotEdit(f"its dtype is written there: `{source.of(said)}`")
        if most is not None and len(node.args) < most and not any(isinstance(one, ast.Starred) for one in node.args):
            return (*named.edits, *add_keyword(source, node, "dtype", written))
    asarray = spell(source, "jax.numpy.asarray")
    start, end = source.span(node)
    return (
        *named.edits, *asarray.edits,
        Edit(start, start, f"{asarray.text}("), Edit(end, end, f", dtype={written})"),
    )  # fmt: skip


def strengthened(source: SourceText, call: ast.Call, handed: Sequence[ast.expr]) -> tuple[Edit, ...]:
    """Every leaf of what a call is handed gets the dtype that it has, for good, before the loop around the call.

    For trees whose leaves are not written out: read from a file, made by a library.
    """
    names = Names(source)
    loops = [one for one in names.loops_around(call) if isinstance(one, ast.For | ast.While)]
    targets: list[ast.stmt] = [*reversed(loops)] or [statement_of(source, call)]
    target = next((one for one in targets if not _unnamed(names, handed, one)), None)
    if target is None:
        first = _unnamed(names, handed, targets[0])[0]
        raise CannotEdit(f"`{source.of(first)[:60]}` has no name before line {targets[0].lineno}")
    tree_map, asarray, result_type = (
        spell(source, f"jax.{one}") for one in ("tree.map", "numpy.asarray", "numpy.result_type")
    )
    texts = list(dict.fromkeys(source.of(one) for one in handed))
    whole = ", ".join(texts)
    made = whole if len(texts) == 1 else f"({whole})"
    line = f"{whole} = {tree_map.text}(lambda leaf: {asarray.text}(leaf, {result_type.text}(leaf)), {made})"
    return (*tree_map.edits, *asarray.edits, *result_type.edits, *insert_before(source, target, line))


def _unnamed(names: Names, handed: Sequence[ast.expr], before: ast.stmt) -> list[ast.expr]:
    """Those that no name holds before a statement."""
    found = []
    for one in handed:
        root: ast.expr = one
        while isinstance(root, ast.Attribute):
            root = root.value
        home = names.home(root) if isinstance(root, ast.Name) else None
        bound = names.bound_at(home, root.id) if home is not None and isinstance(root, ast.Name) else []
        if not any(_begins_before(node, before) for node in bound):
            found.append(one)
    return found


def _begins_before(node: ast.AST, statement: ast.stmt) -> bool:
    return getattr(node, "lineno", 0) < statement.lineno


def _is_number(node: ast.expr) -> bool:
    """`0`, `-1.5`, written out."""
    inner = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(inner, ast.Constant) and type(inner.value) in (int, float, complex)


def steps_of(leaf: str) -> tuple[str, list[str | int]]:
    """`state['clock'].x[0]` as a name and the way to the leaf. CannotEdit where it is written otherwise."""
    root = re.match(r"\w+", leaf)
    rest = leaf[root.end() :] if root else leaf
    steps: list[str | int] = []
    while root and rest:
        found = STEP.match(rest)
        if found is None:
            break
        attribute, single, double, number = found.groups()
        steps.append(int(number) if number is not None else attribute or single or double or "")
        rest = rest[found.end() :]
    if root is None or rest:
        raise CannotEdit(f"`{leaf}` is not understood")
    return root[0], steps


Elsewhere = Callable[[str], SourceText | None]
"""The file of the project that a dotted module name means."""
Origin = tuple[SourceText, ast.expr]


def origins(
    source: SourceText, node: ast.expr, steps: Sequence[str | int], but: ast.expr, elsewhere: Elsewhere = lambda _: None
) -> list[Origin]:
    """The expressions that a leaf of an expression comes from, each with its file, those that hold `but` (the call itself)
    left out. `elsewhere` knows other files, in which a function may make it.

    CannotEdit where some of them are out of sight.
    """
    return list(_origins(Names(source), node, list(steps), but, 0, elsewhere))


def _origins(
    names: Names, node: ast.expr, steps: list[str | int], but: ast.expr, depth: int, elsewhere: Elsewhere
) -> Iterator[Origin]:
    if any(one is but for one in ast.walk(node)):
        return
    if isinstance(node, ast.Name):
        if depth > FURTHEST:
            raise CannotEdit(f"`{node.id}` is handed on too often")
        home = names.home(node)
        if home is None:
            raise CannotEdit(f"where `{node.id}` comes from is out of sight")
        for binding in names.bound_at(home, node.id):
            for value, further in _bound_to(names, binding, node, steps, but):
                yield from _origins(names, value, further, but, depth + 1, elsewhere)
        return
    inner = _entry(names, node, steps[0]) if steps else None
    made = _results(names, node) if steps and inner is None and depth < FURTHEST else []
    if inner is not None:
        yield from _origins(names, inner, steps[1:], but, depth + 1, elsewhere)
    elif made:
        for value in made:
            yield from _origins(names, value, steps, but, depth + 1, elsewhere)
    elif steps:
        there = _results_elsewhere(names, node, elsewhere) if depth < FURTHEST else None
        if there is None:
            raise NotWrittenOut(names.source.of(node))
        for value in there[1]:
            yield from _origins(there[0], value, steps, but, depth + 1, elsewhere)
    else:
        yield names.source, node


def _results_elsewhere(names: Names, node: ast.expr, elsewhere: Elsewhere) -> tuple[Names, list[ast.expr]] | None:
    """The same of a function that another file of the project holds."""
    if not isinstance(node, ast.Call):
        return None
    module, _, name = (qualified_name(names.source, node.func) or "").rpartition(".")
    source = elsewhere(module) if module else None
    if source is None:
        return None
    other = Names(source)
    made = _returned(other.tree.body, name)
    return (other, made) if made else None


def _bound_to(
    names: Names, binding: ast.AST, name: ast.Name, steps: list[str | int], but: ast.expr
) -> Iterator[tuple[ast.expr, list[str | int]]]:
    """What a name was bound to, and the steps from there to the leaf."""
    statement = next((one for one in (binding, *names.parents(binding)) if isinstance(one, ast.stmt)), None)
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Name) and target.id == name.id:
                    yield value, steps
                elif isinstance(target, ast.Tuple | ast.List):
                    yield from _of_several(names, target, value, name, steps, but)
        case ast.AnnAssign(target=ast.Name(), value=ast.expr() as value):
            yield value, steps
        case _:
            raise CannotEdit(f"`{name.id}` is bound in line {getattr(binding, 'lineno', '?')} otherwise than by `=`")


def _of_several(
    names: Names, target: ast.Tuple | ast.List, value: ast.expr, name: ast.Name, steps: list[str | int], but: ast.expr
) -> Iterator[tuple[ast.expr, list[str | int]]]:
    """`a, b = 0.0, 1.0`; what a call hands back is known only where it is the call itself."""
    if any(one is but for one in ast.walk(value)):
        return
    at = [number for number, one in enumerate(target.elts) if isinstance(one, ast.Name) and one.id == name.id]
    if at and isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
        yield value.elts[at[0]], steps
    elif at and _results(names, value):
        yield value, [at[0], *steps]
    elif at:
        raise CannotEdit(f"`{name.id}` is one of several results of `{names.source.of(value)[:60]}`")


def _entry(names: Names, node: ast.expr, step: str | int) -> ast.expr | None:
    """The part of a display, or of a call that makes an object, that a step of a path leads to."""
    match node:
        case ast.Dict(keys=keys, values=values):
            return next((v for k, v in zip(keys, values) if isinstance(k, ast.Constant) and k.value == step), None)
        case ast.Tuple(elts=elts) | ast.List(elts=elts) if isinstance(step, int):
            return elts[step] if step < len(elts) else None
        case ast.Call(func=func, args=args, keywords=keywords):
            by_name = next((one.value for one in keywords if one.arg == step), None)
            if by_name is not None or isinstance(step, int):
                return by_name
            fields = _fields(names, func)
            at = fields.index(step) if step in fields else len(args)
            return args[at] if at < len(args) and not any(isinstance(one, ast.Starred) for one in args) else None
    return None


def _fields(names: Names, func: ast.expr) -> list[str]:
    """The fields of a class of this file, in order, where it has no `__init__` of its own."""
    node = _class_of(names, func)
    if node is None or any(isinstance(one, ast.FunctionDef) and one.name == "__init__" for one in node.body):
        return []
    return [one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]


def _class_of(names: Names, func: ast.expr) -> ast.ClassDef | None:
    """`State`, or `cls` in a method of it."""
    if not isinstance(func, ast.Name):
        return None
    if func.id == "cls":
        return next((one for one in names.parents(func) if isinstance(one, ast.ClassDef)), None)
    found = [one for one in ast.walk(names.tree) if isinstance(one, ast.ClassDef) and one.name == func.id]
    return found[0] if len(found) == 1 else None


def _results(names: Names, node: ast.expr) -> list[ast.expr]:
    """What a plain function of this file, `init(n)`, or a method that makes an object, `State.start(n)`, hands back."""
    if not isinstance(node, ast.Call):
        return []
    body: list[ast.stmt] = names.tree.body
    name = node.func
    if isinstance(name, ast.Attribute):
        owner = _class_of(names, name.value)
        body = owner.body if owner is not None else []
    word = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
    return _returned(body, word)


def _returned(body: Sequence[ast.stmt], name: str) -> list[ast.expr]:
    """What the one plain function of this name in a body hands back."""
    made = [one for one in body if isinstance(one, ast.FunctionDef) and one.name == name]
    plain = ("classmethod", "staticmethod")
    if len(made) != 1 or any(getattr(one, "id", "") not in plain for one in made[0].decorator_list):
        return []
    own = [one for statement in made[0].body for one in scopes_of(statement)]
    returns = [one.value for one in own if isinstance(one, ast.Return)]
    return [one for one in returns if one is not None] if None not in returns else []
