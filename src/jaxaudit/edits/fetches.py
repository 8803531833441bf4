"""What fetches a device value in a line: `float(x)`, `x.item()`, `{k: float(v) for k, v in metrics.items()}`."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.lines import calls_on
from jaxaudit.edits.nodes import COMPREHENSIONS, Comprehension
from jaxaudit.edits.source_text import SourceText

CONVERTERS = ("float", "int", "numpy.asarray", "numpy.array", "jax.device_get")
METHODS = ("item", "tolist")
LOOPS = (ast.For, ast.While)


@dataclass(frozen=True, slots=True)
class Fetch:
    """The expression, the value that it fetches with its text, and how it is written around another name."""

    node: ast.expr
    value: ast.expr
    text: str
    before: str
    after: str

    def of(self, name: str) -> str:
        return f"{self.before}{name}{self.after}"


def fetches_on(source: SourceText, line: int, around: dict[ast.AST, ast.AST]) -> list[Fetch]:
    """What a line fetches, in order of the text; `around` leads from each node to the one that holds it."""
    found: dict[ast.expr, Fetch] = {}
    for call in calls_on(source, line):
        fetch = fetch_of(source, call)
        if fetch is not None:
            whole = _of_comprehension(source, fetch, around) or fetch
            found.setdefault(whole.node, whole)
    inner = {node for one in found.values() for node in ast.walk(one.node) if node is not one.node}
    return sorted((one for node, one in found.items() if node not in inner), key=lambda one: source.start(one.node))


def fetch_of(source: SourceText, call: ast.Call) -> Fetch | None:
    """What a call fetches; None for any other call."""
    found: Fetch | None = None
    if isinstance(call.func, ast.Attribute) and call.func.attr in METHODS and not call.args and not call.keywords:
        found = Fetch(call, call.func.value, source.of(call.func.value), "", f".{call.func.attr}()")
    elif qualified_name(source, call.func) in CONVERTERS and len(call.args) == 1 and not call.keywords:
        found = Fetch(call, call.args[0], source.of(call.args[0]), f"{source.of(call.func)}(", ")")
    inner = fetch_of(source, found.value) if found is not None and isinstance(found.value, ast.Call) else None
    if found is None or inner is None:
        return found
    return Fetch(
        call, inner.value, inner.text, found.before + inner.before, inner.after + found.after
    )  # `float(np.asarray(x))`


def _of_comprehension(source: SourceText, fetch: Fetch, around: dict[ast.AST, ast.AST]) -> Fetch | None:
    """The comprehension that fetches each value of one thing, as one fetch of that thing."""
    whole = next((one for one in _up_to_statement(fetch.node, around) if isinstance(one, COMPREHENSIONS)), None)
    if whole is None or isinstance(whole, ast.GeneratorExp) or len(whole.generators) != 1:
        return None
    [turn] = whole.generators
    bound = {one.id for one in ast.walk(turn.target) if isinstance(one, ast.Name)}
    if turn.ifs or turn.is_async or not isinstance(fetch.value, ast.Name) or fetch.value.id not in bound:
        return None
    given, text = turn.iter, source.of(turn.iter)
    if isinstance(given, ast.Call) and isinstance(given.func, ast.Attribute) and given.func.attr in ("items", "values"):
        given, text = (
            given.func.value,
            f"list({text})",
        )  # a dict would be fetched with its keys in order of the alphabet
    if not isinstance(given, ast.Name) or _uses(whole, given.id) > 1:
        return None
    (start, end), (first, last) = source.span(whole), source.span(turn.iter)
    return Fetch(whole, given, text, source.text[start:first], source.text[last:end])


def _uses(whole: Comprehension, name: str) -> int:
    return sum(isinstance(one, ast.Name) and one.id == name for one in ast.walk(whole))


def _up_to_statement(node: ast.AST, around: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    here = around.get(node)
    while here is not None and not isinstance(here, ast.stmt):
        yield here
        here = around.get(here)
