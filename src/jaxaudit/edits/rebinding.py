"""Whether code that is to be compiled once reads, or does, what must happen anew in each call."""

import ast
from collections.abc import Iterator, Sequence

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.name_scopes import FUNCTION_NODES, Names
from jaxaudit.edits.nodes import FUNCTIONS

ANEW = ("numpy.random.", "random.", "time.", "datetime.", "secrets.", "uuid.", "os.urandom", "os.environ", "os.getenv")
"""What these give differs from call to call: while a function is traced, they are asked once."""
ASKED = ("input", "next")
MAKERS = ("numpy.random.default_rng", "numpy.random.RandomState", "random.Random", "itertools.count", "iter")
CHANGING = frozenset(
    [
        "append",
        "extend",
        "insert",
        "pop",
        "remove",
        "clear",
        "update",
        "setdefault",
        "add",
        "discard",
        "popitem",
        "appendleft",
    ]
)


def must_compile_once(names: Names, parts: Sequence[ast.AST], handed: Sequence[str] = ()) -> None:
    """CannotEdit where the parts, or functions of the file that they call, read what the program changes between calls
    (beside the names that are `handed` in), or do something for its effect, which then would happen once."""
    for part in parts:
        for node in ast.walk(part):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                called = qualified_name(names.source, node.value.func) or ""
                if not called.startswith(("jax.", "equinox.", "chex.")) and not _is_of_nnx(names, node.value):
                    raise CannotEdit(
                        f"`{names.source.of(node.value)}` in line {node.lineno} is done while it is traced, in each call "
                        "now, and once then"
                    )
    must_ask_nothing_anew(names, parts)
    for one in _reached(names, parts):
        for node in ast.walk(one):
            if not isinstance(node, ast.Name) or names.home(node) is not names.tree or node.id in handed:
                continue
            line = changed_in(names, node.id)
            if line:
                raise CannotEdit(
                    f"it reads `{node.id}`, which line {line} changes while the program runs: compiled once, it would keep "
                    "the first value"
                )


def _is_of_nnx(names: Names, call: ast.Call) -> bool:
    """`optimizer.update(model, grads)` on a parameter of a function under `nnx.jit`, which brings the changes back out."""
    base: ast.AST = call.func
    while isinstance(base, ast.Attribute | ast.Subscript):
        base = base.value
    function = names.home(base) if isinstance(base, ast.Name) else None
    if not isinstance(base, ast.Name) or not isinstance(function, FUNCTIONS) or base is call.func:
        return False
    if base.id not in {one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}:
        return False
    jits = [one.func if isinstance(one, ast.Call) else one for one in function.decorator_list]
    jits += [one.args[0] for one in function.decorator_list if isinstance(one, ast.Call) and one.args]
    return any((qualified_name(names.source, one) or "") in ("flax.nnx.jit", "flax.nnx.transforms.jit") for one in jits)


def must_ask_nothing_anew(names: Names, parts: Sequence[ast.AST]) -> None:
    """CannotEdit where they, or functions of the file that they call, draw from NumPy or Python, or ask the clock: code
    that runs fewer times would go on with one answer."""
    for one in _reached(names, parts):
        for node in ast.walk(one):
            said = ""
            if isinstance(node, ast.Call):
                called = qualified_name(names.source, node.func) or ""
                own = isinstance(node.func, ast.Name) and names.home(node.func) is not None
                said = called if called.startswith(ANEW) or (called in ASKED and not own) else ""
            elif isinstance(node, ast.Name) and (home := names.home(node)) is not None:
                made = [names.parent.get(each) for each in names.bound_at(home, node.id)]
                values = [each.value for each in made if isinstance(each, ast.Assign)]
                calls = [qualified_name(names.source, each.func) for each in values if isinstance(each, ast.Call)]
                said = node.id if any(each in MAKERS for each in calls) else ""
            if said:
                raise CannotEdit(f"it asks `{said}` in line {node.lineno}, which answers otherwise each time")  # type: ignore[attr-defined]


def _reached(names: Names, parts: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """The parts, and the functions of the file that they name, and that these name."""
    waiting, seen = list(parts), set[ast.AST]()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        yield one
        for node in ast.walk(one):
            home = names.home(node) if isinstance(node, ast.Name) else None
            if isinstance(node, ast.Name) and home is not None:
                waiting += [made for made in names.bound_at(home, node.id) if isinstance(made, FUNCTIONS)]


def changed_in(names: Names, name: str) -> int:
    """The line in a function that rebinds a name of the module, or changes what it holds; 0 where none does."""
    for node in names.bound_at(names.tree, name):
        scope = names.evaluated_in.get(node)
        if isinstance(scope, FUNCTION_NODES) and not isinstance(node, ast.alias):
            return getattr(node, "lineno", 0)
    for node in names.evaluated_in:
        match node:
            case ast.Subscript(value=ast.Call(func=ast.Name(id="globals")), slice=key, ctx=ast.Store()):
                if not isinstance(key, ast.Constant) or key.value == name:
                    return node.lineno
    for use in names.uses(names.tree, name):
        above = names.parent.get(use)
        here: ast.AST = use
        while isinstance(above, ast.Attribute | ast.Subscript) and above.value is here:
            if isinstance(above.ctx, ast.Store | ast.Del) and _runs_later(names, above):
                return above.lineno
            further = names.parent.get(above)
            is_method = isinstance(above, ast.Attribute) and isinstance(further, ast.Call) and further.func is above
            if is_method and above.attr in CHANGING and _runs_later(names, above):  # type: ignore[union-attr]
                if isinstance(names.parent.get(further), ast.Expr) or above.attr in ("pop", "setdefault"):  # type: ignore[arg-type, union-attr]
                    return above.lineno
            here, above = above, further
    return 0


def _runs_later(names: Names, node: ast.AST) -> bool:
    """In a function, or in a loop of the module: not while the module is set up."""
    return names.scope_of(node) is not names.tree or bool(names.loops_around(node))
