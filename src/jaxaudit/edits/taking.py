"""What code reads from the functions around it, so that it can stand elsewhere: names, and attributes of objects."""

import ast
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.own_methods import Methods
from jaxaudit.edits.source_text import SourceText

OF_ARRAYS = frozenset(
    [
        "shape",
        "ndim",
        "dtype",
        "size",
        "T",
        "mT",
        "at",
        "real",
        "imag",
        "weak_type",
        "sharding",
        "itemsize",
        "nbytes",
        "flat",
    ]
)
"""Attributes of an array: what holds them is the array, which is handed over whole."""
KEEPERS = frozenset(
    [
        "vmap", "grad", "value_and_grad", "hessian", "jacfwd", "jacrev", "jit", "checkpoint", "remat", "filter_vmap",
        "filter_grad", "filter_value_and_grad", "filter_jacfwd", "filter_jacrev", "filter_hessian", "filter_jit",
    ]
)  # fmt: skip
"""Transformations whose result takes what the function takes."""
COUNTS = {
    "zeros": (0,), "ones": (0,), "empty": (0,), "full": (0,), "arange": (0, 1, 2), "eye": (0, 1), "identity": (0,),
    "linspace": (2,), "logspace": (2,), "geomspace": (2,), "reshape": (0, 1, 2, 3), "tile": (1,), "repeat": (1,),
    "broadcast_to": (1,), "one_hot": (1,), "split": (1,), "range": (0, 1, 2), "top_k": (1,),
}  # fmt: skip
"""Where these functions take a length: a number that jit must know."""
COUNT_WORDS = frozenset(
    [
        "length",
        "shape",
        "axis",
        "unroll",
        "reverse",
        "num",
        "num_classes",
        "num_segments",
        "mxstep",
        "hmax",
        "method",
        "maxiter",
        "size",
        "indices_or_sections",
    ]
)


ASKED_OF_OBJECTS = frozenset(["apply", "init", "update"])
"""What is asked for these (a network, an optimiser) is an object, no array: jit can only hold it static."""


@dataclass(slots=True)
class Taken:
    """A value that becomes a parameter: its name there, how it is written where the code stood, and who reads it."""

    name: str
    text: str
    nodes: list[ast.expr] = field(default_factory=list)

    @property
    def bound(self) -> str:
        """As a keyword of a call: `width=self.width`."""
        return f"{self.name}={self.text}"


def taken(
    names: Names, parts: Sequence[ast.AST], inner: Sequence[ast.AST], own: Iterable[str] = (),
    scopes: Sequence[ast.AST] = (), methods: Methods | None = None, made: Iterable[str] = (),
    bound: Mapping[ast.expr, str] | None = None,
) -> list[Taken]:  # fmt: skip
    """What the parts read from the functions around them, in order of the text; at module level, variables.

    `inner` are local functions that move along, `methods` such of the object, and `made` names of those that a factory
    makes there anew; `bound` are expressions that are handed over by their values, under these names; `scopes` are functions
    of which the parts are, and `own` names that the new function binds itself. CannotEdit where an object is read whole that is no value to hand over (`self`), where
    names are rebound, or imported locally.
    """
    found: dict[str, list[list[ast.expr]]] = {}
    methods = methods or Methods()
    moved = (*parts, *inner, *methods.found)
    local = {*(one.name for one in inner if isinstance(one, FUNCTIONS)), *made}
    bound = bound or {}
    for part in moved:
        for node in walk_without(part, bound):
            if isinstance(node, ast.Nonlocal | ast.Global | ast.Yield | ast.YieldFrom | ast.Await | ast.NamedExpr):
                raise CannotEdit("it rebinds names, or waits")
            if (
                isinstance(node, ast.Name)
                and node.id not in local
                and (methods.is_of_object(names, node) or _comes_from_outside(names, node, (*moved, *scopes)))
                and not methods.names_one(names, node)
            ):
                if not isinstance(node.ctx, ast.Load):
                    raise CannotEdit("it rebinds names, or waits")
                found.setdefault(node.id, []).append(_chain(names, node))
    values: list[Taken] = []
    for name, chains in found.items():
        values += _of_one_name(name, chains)
    values += [Taken(name, names.source.of(one), [one]) for one, name in bound.items()]
    for one in values:
        one.nodes.sort(key=_place)
        if isinstance(one.nodes[0], ast.Attribute) and any(_is_transformed(names, node) for node in one.nodes):
            raise CannotEdit(f"it takes `{one.text}`, a function that may know its object")
    values.sort(key=lambda one: (not any(names.is_within(one.nodes[0], part) for part in parts), _place(one.nodes[0])))
    return _named(names, values, [node for part in moved for node in walk_without(part, bound)], own)


def walk_without(part: ast.AST, without: Container[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a part but for those of some expressions in it."""
    waiting = [part]
    while waiting:
        node = waiting.pop(0)
        if node not in without:
            yield node
            waiting += ast.iter_child_nodes(node)


def _place(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _comes_from_outside(names: Names, node: ast.Name, moved: Sequence[ast.AST]) -> bool:
    home = names.home(node)
    if home is None or any(names.is_within(home, one) for one in moved):
        return False
    bindings = names.bound_at(home, node.id)
    if home is names.tree:
        return is_a_variable(names, node.id)
    if any(isinstance(one, ast.alias) for one in bindings):
        raise CannotEdit(f"`{node.id}` is imported in the function around it")
    return True


def is_a_variable(names: Names, name: str) -> bool:
    """Bound at module level in a loop, or more than once: it is not the same for ever."""
    bindings = names.bound_at(names.tree, name)
    if any(isinstance(one, (*FUNCTIONS, ast.ClassDef, ast.alias)) for one in bindings):
        return False
    return len(bindings) > 1 or any(names.loops_around(one) for one in bindings)


def _chain(names: Names, node: ast.Name) -> list[ast.expr]:
    """The name and the attributes read of it that are values of their own: `self`, `self.optics`, `self.optics.psf`."""
    chain: list[ast.expr] = [node]
    while True:
        here = chain[-1]
        above = names.parent.get(here)
        if not isinstance(above, ast.Attribute) or above.value is not here:
            return chain
        if not isinstance(above.ctx, ast.Load):
            raise CannotEdit(f"it writes `{names.source.of(above)}`")
        further = names.parent.get(above)
        is_called = isinstance(further, ast.Call) and further.func is above
        if is_called or (above.attr in OF_ARRAYS and (len(chain) > 1 or node.id not in ("self", "cls"))):
            return chain
        chain.append(above)


def _of_one_name(name: str, chains: list[list[ast.expr]]) -> list[Taken]:
    """The name as a whole where one reader needs that, else each attribute, the shorter of two that begin alike."""
    whole = any(len(one) == 1 for one in chains)
    if whole and name in ("self", "cls"):
        raise CannotEdit("it needs its whole object")
    if whole:
        return [Taken(name, name, [one[0] for one in chains])]
    spelled = {".".join([name, *(node.attr for node in one[1:] if isinstance(node, ast.Attribute))]) for one in chains}
    values: dict[str, Taken] = {}
    for one in chains:
        text = name
        for node in one[1:]:
            assert isinstance(node, ast.Attribute)
            text += f".{node.attr}"
            if text in spelled:
                values.setdefault(text, Taken(node.attr, text)).nodes.append(node)
                break
    return list(values.values())


def _named(names: Names, values: list[Taken], moved: Sequence[ast.AST], own: Iterable[str]) -> list[Taken]:
    """Attributes, and what is bound, get names that no node of the moved code has."""
    roots = {one.text for one in values if one.text.isidentifier()}
    used = roots | set(own)
    used |= {node.id for node in moved if isinstance(node, ast.Name)}
    used |= {node.arg for node in moved if isinstance(node, ast.arg)}
    for one in values:
        if one.text.isidentifier():
            continue
        if not isinstance(one.nodes[0], ast.Attribute):
            one.name = one.name if one.name not in used else fresh_name(names.source, f"bound_{one.name}")
            used.add(one.name)
            continue
        root = one.text.partition(".")[0]
        short = one.name.strip("_") or one.name
        longer = f"{'own' if root == 'self' else root}_{short}"
        name = short if short not in used and short.isidentifier() else longer
        one.name = name if name not in used else fresh_name(names.source, longer)
        used.add(one.name)
    return values


def readings(source: SourceText, values: Iterable[Taken]) -> list[Edit]:
    """The parameter's name in the place of each attribute."""
    return [Edit(*source.span(node), one.name) for one in values if not one.text.isidentifier() for node in one.nodes]


FURTHEST = 3
"""Functions that a value is followed into, from one to the next."""


def decides(names: Names, value: Taken) -> bool:
    """It is called, chooses a branch, or is a length or the number of turns of a Python loop: jit must know it."""
    return any(_decides_at(names, node) for node in _readings_of(names, value.nodes))


def _readings_of(names: Names, nodes: Sequence[ast.expr], depth: int = 0) -> Iterator[ast.expr]:
    """These, and those of the parameters of functions of the file that are handed them (`misfit(model, ...)`)."""
    yield from nodes
    for node in nodes if depth < FURTHEST else ():
        call = names.parent.get(node)
        if not isinstance(call, ast.Call) or node not in call.args or not isinstance(call.func, ast.Name):
            continue
        bindings = names.bound_at(names.tree, call.func.id) if names.home(call.func) is names.tree else []
        function = bindings[0] if len(bindings) == 1 else None
        if not isinstance(function, FUNCTIONS):
            continue
        given, at = [*function.args.posonlyargs, *function.args.args], call.args.index(node)
        if at < len(given) and not any(isinstance(one, ast.Starred) for one in call.args[:at]):
            yield from _readings_of(names, list(names.loads(function, given[at].arg)), depth + 1)


def is_asked(names: Names, value: Taken) -> bool:
    """It is called, or is an object that is asked for something (`tx.update`)."""
    for node in _readings_of(names, value.nodes):
        above = names.parent.get(node)
        called = isinstance(above, ast.Call) and above.func is node
        if called or (isinstance(above, ast.Attribute) and above.attr in ASKED_OF_OBJECTS):
            return True
    return False


def must_be_kept(names: Names, node: ast.AST, static: Iterable[Taken]) -> None:
    """CannotEdit where a value that jit can only hold static is made anew as often as the jit is: each would be compiled
    for.
    """
    scope, loops = names.scope_of(node), names.loops_around(node)
    for one in static:
        root = one.nodes[0]
        while isinstance(root, ast.Attribute):
            root = root.value
        home = names.home(root) if isinstance(root, ast.Name) else None
        if home is not scope or not isinstance(root, ast.Name):
            continue
        for binding in names.bound_at(home, root.id):
            made = names.parent.get(binding)
            again = isinstance(made, ast.Assign) and isinstance(made.value, ast.Call | ast.Lambda)
            if again and all(loop in names.loops_around(binding) for loop in loops):
                raise CannotEdit(
                    f"`{one.text}` is made anew in line {made.lineno}, in each call, and jit can only hold it as a static "  # type: ignore[union-attr]
                    "argument"
                )


def _is_transformed(names: Names, node: ast.expr) -> bool:
    """`f` of `jax.grad(f)`: a function."""
    above = names.parent.get(node)
    if not isinstance(above, ast.Call) or above.args[:1] != [node]:
        return False
    called = above.func.attr if isinstance(above.func, ast.Attribute) else getattr(above.func, "id", "")
    return called in KEEPERS or called in ("partial", "Partial")


def _decides_at(names: Names, node: ast.expr) -> bool:
    here: ast.AST = node
    above = names.parent.get(here)
    if isinstance(above, ast.Call) and above.func is here:
        return True
    if isinstance(above, ast.Attribute) and above.attr in ASKED_OF_OBJECTS:
        return True
    while isinstance(above, ast.BinOp | ast.UnaryOp | ast.Tuple | ast.List):
        here, above = above, names.parent.get(above)
    if isinstance(above, ast.keyword):
        return above.arg in COUNT_WORDS
    if isinstance(above, ast.Call) and here in above.args:
        called = above.func.attr if isinstance(above.func, ast.Attribute) else getattr(above.func, "id", "")
        if _is_transformed(names, node):
            return True
        return above.args.index(here) in COUNTS.get(called, ())
    if isinstance(above, ast.Compare) and not all(isinstance(op, ast.Is | ast.IsNot) for op in above.ops):
        here, above = above, names.parent.get(above)
    while isinstance(above, ast.BoolOp) or (isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.Not)):
        here, above = above, names.parent.get(above)
    return isinstance(above, ast.If | ast.IfExp | ast.While) and above.test is here
