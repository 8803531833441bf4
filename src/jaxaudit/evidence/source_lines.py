"""What the source says of a line that a run named: its function, and the loop of that function around it."""

import ast
from functools import cache
from typing import NamedTuple, TypeGuard

from jaxaudit.model.spot import Turns

LARGEST = 4_000_000
"""Bytes of a file beyond which it is not parsed."""
LONGEST = 80
LOOPS = (ast.For, ast.AsyncFor, ast.While)
REPEATERS = frozenset({("functools", "reduce"), ("itertools", "accumulate")})
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
OUTSIDE = ("decorator_list", "args", "returns", "bases", "keywords")
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class Known(NamedTuple):
    """ "<module>" outside every function; "" where the source can't be read."""

    function: str = ""
    loop: Turns | None = None
    definition: int = 0
    """The line of `def`, where the line is that of its first decorator."""


class Jit(NamedTuple):
    """A line that jits something, and every name that it jits or hands on: `jax.jit(jax.grad(loss))`."""

    line: int
    function: str
    loop: Turns | None
    names: frozenset[str]

    @property
    def again(self) -> bool:
        """Whether it can run more than once: a line of the module itself does only in a loop."""
        return self.loop is not None or self.function != "<module>"


class SourceLines:
    """Reads each file once. Tolerates files that are gone, too large or no Python: then nothing is known."""

    def __init__(self) -> None:
        self.file = cache(_File)

    def of(self, path: str, line: int) -> Known:
        return self.file(path).known.get(line, Known()) if path.endswith(".py") else Known()

    def jitted(self, path: str, name: str, function: str) -> Jit | None:
        """Where a function of this name is jitted anew: in the function that calls it, else the file's only such place."""
        if not path.endswith(".py"):
            return None
        last = name.rpartition(".")[2]
        found = [jit for jit in self.file(path).jits if last in jit.names and jit.again]
        here = [jit for jit in found if jit.function == function]
        return here[0] if here else found[0] if len(found) == 1 else None

    def jit_of(self, path: str, name: str) -> Jit | None:
        """The file's only place where a function of this name is jitted."""
        found = (
            [jit for jit in self.file(path).jits if name.rpartition(".")[2] in jit.names]
            if path.endswith(".py")
            else []
        )
        return found[0] if len(found) == 1 else None

    def assigned(self, path: str, name: str) -> list[tuple[int, str]]:
        """(line, function) of what may change a value of this spelling: not its first line, and no `__init__`."""
        if not path.endswith(".py"):
            return []
        part = f".{name.rpartition('.')[2]}" if "." in name else ""
        found = [
            (line, function)
            for text, line, function in self.file(path).stores
            if text == name or text.startswith(f"{name}[") or (part and (text.endswith(part) or f"{part}[" in text))
        ]
        first = 0 if name.endswith("]") else 1
        return [(line, function) for line, function in sorted(found)[first:] if not function.endswith("__init__")]

    def awaits_error(self, path: str, line: int) -> bool:
        """Whether the line stands in a `try` that handles something, or in a `with ...raises(...)`."""
        return any(first <= line <= last for first, last in self.file(path).awaited) if path.endswith(".py") else False


class _File:
    """One parsed file: what is known of each line that holds code."""

    def __init__(self, path: str) -> None:
        self.known: dict[int, Known] = {}
        self.jits: list[Jit] = []
        self.awaited: list[tuple[int, int]] = []
        self.stores: list[tuple[str, int, str]] = []
        try:
            with open(path, "rb") as file:
                data = file.read(LARGEST + 1)
            tree = ast.parse(data) if len(data) <= LARGEST else None
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return
        if tree is not None:
            for line in range(1, data.count(b"\n") + 2):
                self.known[line] = Known("<module>")
            try:
                self._walk(tree, _Here(""))
            except RecursionError:
                self.known.clear()

    def _walk(self, node: ast.AST, here: "_Here", outside: "_Here | None" = None) -> None:
        """`outside` is where a definition stands: its decorators, defaults and bases belong there."""
        for field, child in _children(node):
            place = outside if outside is not None and field in OUTSIDE else here
            place = _within(node, field, place)
            if isinstance(child, ast.Try | ast.TryStar | ast.With) and _awaits_error(child):
                self.awaited.append((child.lineno, child.body[-1].end_lineno or child.lineno))
            if _repeats(child):
                place = _Here(place.name, Turns(child.lineno, "for"))
            elif isinstance(child, ast.Call) and getattr(child.func, "id", "") == "map" and len(child.args) > 1:
                over = f"map({', '.join(map(ast.unparse, child.args))})"[:LONGEST]
                place = _Here(place.name, Turns(child.lineno, "comprehension", over=over))
            if isinstance(child, SCOPES):
                own = "<lambda>" if isinstance(child, ast.Lambda) else str(getattr(child, "name", ""))
                inner = _Here(f"{place.name}.{own}" if place.name else own)
                self._mark_scope(child, inner.name, place)
                self._walk(child, inner, place)
                continue
            if isinstance(child, ast.expr | ast.stmt):
                self._mark(child, place)
            decorates = outside is not None and field == "decorator_list"
            if isinstance(child, ast.Call) and _jits(child.func) and not decorates:
                self._jit(child.lineno, place, _names(child))
            if isinstance(child, ast.Name | ast.Attribute | ast.Subscript) and isinstance(child.ctx, ast.Store):
                self.stores.append((ast.unparse(child), child.lineno, place.name or "<module>"))
            self._walk(child, place)

    def _mark_scope(self, node: ast.AST, name: str, outside: "_Here") -> None:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return  # a line is the function's that makes the lambda, unless the record says otherwise
        for decorator in node.decorator_list:
            if any(_jits(part) for part in ast.walk(decorator) if isinstance(part, ast.expr)):
                self._jit(decorator.lineno, outside, frozenset({node.name}))
            for line in range(decorator.lineno, (decorator.end_lineno or decorator.lineno) + 1):
                self.known[line] = Known(outside.name or "<module>", outside.turns, node.lineno)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            self.known[line] = Known(name)

    def _mark(self, node: ast.expr | ast.stmt, here: "_Here") -> None:
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            before = self.known.get(line, Known())
            if before.definition:
                continue
            if before.loop is None or here.loop is not None:
                self.known[line] = Known(here.name.removesuffix(".<lambda>") or "<module>", here.turns)

    def _jit(self, line: int, here: "_Here", names: frozenset[str]) -> None:
        self.jits.append(Jit(line, here.name or "<module>", here.turns, names))


class _Here(NamedTuple):
    """The function and the loop in which a node stands."""

    name: str
    loop: Turns | None = None
    guarded: bool = False

    @property
    def turns(self) -> Turns | None:
        return self.loop and self.loop._replace(now_and_then=self.guarded)


def _within(node: ast.AST, field: str, here: _Here) -> _Here:
    """The same function, within the loop or the test that the node makes of this field of its."""
    if (isinstance(node, LOOPS) and field == "body") or (isinstance(node, ast.While) and field == "test"):
        return _Here(here.name, Turns(node.lineno, "while" if isinstance(node, ast.While) else "for", over=_over(node)))
    if isinstance(node, COMPREHENSIONS) and field in ("elt", "key", "value"):
        return _Here(here.name, Turns(node.lineno, "for" if _carries(node) else "comprehension", over=_over(node)))
    if isinstance(node, ast.If | ast.IfExp) and field in ("body", "orelse") and _counts(node.test):
        return here._replace(guarded=True)
    return here


def _over(loop: ast.AST) -> str:
    if isinstance(loop, ast.While):
        return ast.unparse(loop.test)[:LONGEST]
    head = loop.generators[0] if isinstance(loop, COMPREHENSIONS) else loop
    return f"{ast.unparse(head.target)} in {ast.unparse(head.iter)}"[:LONGEST]  # type: ignore[attr-defined]


def _carries(comprehension: ast.AST) -> bool:
    """Whether a turn of a comprehension needs the turn before: `[state := step(state, x) for x in xs]`.

    Not `[y for x in xs if (y := f(x))]`, which reads what the same turn has bound.
    """
    bound = [part for part in ast.walk(comprehension) if isinstance(part, ast.NamedExpr)]
    return any(isinstance(part, ast.Name) and part.id == one.target.id for one in bound for part in ast.walk(one.value))


def _repeats(call: ast.AST) -> TypeGuard[ast.Call]:
    """`functools.reduce(step, items)` and `itertools.accumulate(items, step)`: loops that are written as calls."""
    if not isinstance(call, ast.Call):
        return False
    if isinstance(call.func, ast.Attribute):
        return (getattr(call.func.value, "id", ""), call.func.attr) in REPEATERS
    return getattr(call.func, "id", "") in {name for _, name in REPEATERS}


def _children(node: ast.AST) -> list[tuple[str, ast.AST]]:
    found: list[tuple[str, ast.AST]] = []
    for field, value in ast.iter_fields(node):
        parts = value if isinstance(value, list) else [value]
        found += [(field, part) for part in parts if isinstance(part, ast.AST)]
    return found


JITS = frozenset({"jit", "filter_jit", "pmap", "filter_pmap"})


def _jits(function: ast.expr) -> bool:
    """Whether an expression is a wrapper that compiles, by its last name: `jax.jit`, `eqx.filter_jit`."""
    return (function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")) in JITS


def _names(call: ast.Call) -> frozenset[str]:
    """Every name in the arguments, with `<lambda>` for a lambda."""
    found: set[str] = set()
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(argument, ast.Lambda):
            found.add("<lambda>")
            continue
        for part in ast.walk(argument):
            if isinstance(part, ast.Name):
                found.add(part.id)
            elif isinstance(part, ast.Attribute):
                found.add(part.attr)
            elif isinstance(part, ast.Lambda):
                found.add("<lambda>")
    return frozenset(found)


def _counts(test: ast.expr) -> bool:
    """Whether a test asks for a remainder: `if step % 100 == 0`."""
    return any(isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod) for part in ast.walk(test))


def _awaits_error(node: ast.Try | ast.TryStar | ast.With) -> bool:
    """`try` with a handler; `pytest.raises`, `self.assertRaises`, `contextlib.suppress` as a context."""
    if not isinstance(node, ast.With):
        return bool(node.handlers)
    return any(
        any(word in ast.unparse(item.context_expr).lower() for word in ("raises", "suppress", "error", "fail"))
        for item in node.items
    )
