"""What an audit proposes for `eager-hot-path`: one jit around the function of a turn, or around the call that does its work."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.edits.counting import rolled_while
from jaxaudit.edits.decorators import add_inner_decorator
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.extracting import extracted
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.names import parameters_of
from jaxaudit.edits.nodes import FUNCTIONS, Function
from jaxaudit.edits.rolling import rolled
from jaxaudit.edits.taking import ASKED_OF_OBJECTS
from jaxaudit.model import Finding
from jaxaudit.model.proposal import Expected
from jaxaudit.model.spot import Spot
from jaxaudit.rules.consequences import Edits, must_bring_no_fault, needs_static
from jaxaudit.rules.control_flow.rolling_up import arrays_in, loop_on
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.source.contexts import is_test_path

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.model.wasted import LoopSeen, TurnCall

RISK = (
    "XLA fuses what ran apart, so the last bits of a float may move. Under jit every argument is traced: Python branches on "
    "them raise an error, and the function is compiled again for each new shape. What it reads from around it is read once."
)
MOST_STATIC = 6
NEARLY_ALL = 0.9
"""Share of a turn's small programs that a call must run for its jit to be as good as one around the whole turn."""
LONGEST_CALL = 60
"""Characters of a call that a run notes."""
TRANSFORMS = {
    **dict.fromkeys(
        (f"jax.{name}" for name in ("grad", "value_and_grad", "vmap", "jacfwd", "jacrev", "hessian", "jvp", "vjp")), "jax.jit"
    ),
    **dict.fromkeys(
        (f"equinox.filter_{name}" for name in ("grad", "value_and_grad", "vmap")), "equinox.filter_jit"
    ),
}  # fmt: skip


class Way(NamedTuple):
    """Where, in what words, of which functions, and what makes the edits."""

    at: Spot
    title: str
    touched: tuple[str, ...]
    edits: Callable[[], Edits]


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """For each loop that a run saw: the ways to jit its turn, the widest first."""
    for loop, group in _loops(findings, project):
        expected = tuple(_expected(loop, project))
        for way in ways(loop, project):
            try:
                made = way.edits()
                must_bring_no_fault(project, made)
            except CannotEdit as error:
                yield Refused(way.title, group, way.at, "does-not-apply", f"no change is written: {error}")
                continue
            end = f"turn {loop.at.path}:{loop.loop}"
            yield Change(way.title, group, way.at, made, expected=expected, risk=RISK, group=end, touched=way.touched)


def _loops(findings: Sequence[Finding], project: Project) -> Iterator[tuple[LoopSeen, tuple[Finding, ...]]]:
    for seen in project.evidence.loops:
        group = tuple(one for one in findings if one.place.path == seen.at.path and one.facts.get("loop") == seen.loop)
        if any(one.source == "run" for one in group) and not is_test_path(seen.at.path):
            yield seen, group


def _expected(loop: LoopSeen, project: Project) -> Iterator[Expected]:
    """Of the time from one small program to the next, most was the way there and back."""
    run = project.evidence.environment.seconds
    if run > loop.seconds > 0:
        yield Expected("run_s", run, run - 0.6 * loop.seconds, run - loop.seconds, run - 0.2 * loop.seconds)


def ways(loop: LoopSeen, project: Project) -> Iterator[Way]:
    """The loop in one program where no call does nearly all of its work; the calls together; each of them alone."""
    if loop.calls and loop.calls[0].share < NEARLY_ALL:
        yield Way(
            loop.at._replace(line=loop.loop),
            f"the loop in line {loop.loop} in one program",
            (),
            lambda: in_one(project, loop),
        )
    calls = [(call, list(of_call(loop, call, project))) for call in loop.calls if call.text]
    best = [some[0] for _, some in calls if some]
    if len(best) > 1:
        words = " and ".join(dict.fromkeys(way.title for way in best))
        touched = tuple(dict.fromkeys(name for way in best for name in way.touched))
        yield Way(loop.at, words, touched, lambda: together(best))
    for _, some in calls:
        yield from some


def together(parts: Sequence[Way]) -> Edits:
    """Their edits in one; an import that several need is written once."""
    edits: dict[str, list[Edit]] = {}
    for way in parts:
        for path, some in way.edits().items():
            edits.setdefault(path, []).extend(one for one in some if one not in edits.get(path, ()))
    return edits


def in_one(project: Project, loop: LoopSeen) -> Edits:
    """`lax.fori_loop`, which compiles its body wherever it stands."""
    source = project.text(loop.at.path)
    node = loop_on(source, loop.loop)
    if isinstance(node, ast.While):
        return {loop.at.path: rolled_while(source, node).edits}
    return {loop.at.path: rolled(source, node, arrays_in(source, node, project)).edits}


def of_call(loop: LoopSeen, call: TurnCall, project: Project) -> Iterator[Way]:
    """Around what the call's name stands for (`grad_loss = jax.grad(loss)`), around the call where that is a method, and
    around the functions of the user's that it goes through, the outermost first.
    """
    try:
        source = project.text(loop.at.path)
        node = call_on(source, loop, call)
    except CannotEdit:
        node = None
    if node is not None:
        yield from _around_the_call(loop, call, source, node)
    for spot in call.through:
        name = spot.function.rpartition(".")[2]
        yield Way(spot, f"`{name}` jitted", (name,), partial(jitted, project, spot))


def _around_the_call(loop: LoopSeen, call: TurnCall, source: SourceText, node: ast.Call) -> Iterator[Way]:
    at = loop.at._replace(line=call.line)
    name = source.of(node.func).rpartition(".")[2]
    made = _made_by(source, node)
    if made is not None:
        inner = tuple(spot.function.rpartition(".")[2] for spot in call.through[:1])
        yield Way(at, f"`{source.of(made)[:60]}` jitted", (name, *inner), lambda: {loop.at.path: around(source, made)})
    of_jax = (qualified_name(source, node.func) or "").startswith("jax.")
    is_method = isinstance(node.func, ast.Attribute) and (not call.through or "." in call.through[0].function)
    if (is_method and not of_jax) or (isinstance(node.func, ast.Call) and call.through):
        hint = f"jitted_{name}" if name.isidentifier() else "jitted_turn"
        yield Way(
            at, f"`{call.text}` in a jitted function of its own", (hint, name),
            lambda: {loop.at.path: extracted(source, node, hint).edits},
        )  # fmt: skip


def call_on(source: SourceText, loop: LoopSeen, call: TurnCall) -> ast.Call:
    """The call that the run named, on its line."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and node.lineno <= call.line <= (node.end_lineno or node.lineno):
            if ast.unparse(node)[:LONGEST_CALL] == call.text:
                return node
    raise CannotEdit(f"the call in line {call.line} was not found")


def _made_by(source: SourceText, call: ast.Call) -> ast.Call | None:
    """`jax.grad(loss)`, where the call's name was bound to that once."""
    if not isinstance(call.func, ast.Name):
        return None
    name = call.func.id
    bound = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]
    if len(bound) != 1 or any(isinstance(node, ast.arg) and node.arg == name for node in ast.walk(source.tree)):
        return None
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign) and node.targets == bound and isinstance(node.value, ast.Call):
            return node.value if qualified_name(source, node.value.func) in TRANSFORMS else None
    return None


def around(source: SourceText, made: ast.Call) -> tuple[Edit, ...]:
    """`jax.jit(...)` around a function that a transformation makes."""
    jit = spell(source, TRANSFORMS[qualified_name(source, made.func) or "jax.grad"])
    start, end = source.span(made)
    return (*jit.edits, Edit(start, start, f"{jit.text}("), Edit(end, end, ")"))


# -- a function's own jit ----------------------------------------------------------------------------------------------


def jitted(project: Project, spot: Spot) -> Edits:
    """Its definition under jit; parameters that no tracer can stand for are static. CannotEdit says why not."""
    source = project.text(spot.path)
    node = function_at(source, spot)
    if isinstance(node, ast.Lambda):
        jit = spell(source, "jax.jit")
        start, end = source.span(node)
        return {spot.path: (*jit.edits, Edit(start, start, f"{jit.text}("), Edit(end, end, ")"))}
    must_be_plain(source, node)
    static = called_names(node)
    while True:
        edits = {spot.path: decorated(source, node, static)}
        more = needs_static(project, edits, node.name)
        if not more or len(static) >= MOST_STATIC:
            return edits
        if more in static or more in project.wishes.never_static:
            raise CannotEdit(f"`{more}` of `{node.name}` would have to be static")
        static.append(more)


def called_names(node: Function) -> list[str]:
    """Parameters that the body calls, or asks for what only objects have: functions, which no tracer can stand for."""
    own_names = {one.arg for one in parameters_of(node)}
    found: list[str] = []
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            asked = one.func
            if isinstance(asked, ast.Attribute) and asked.attr in ASKED_OF_OBJECTS:
                asked = asked.value
            if isinstance(asked, ast.Name) and asked.id in own_names and asked.id not in found:
                found.append(asked.id)
    return found


def function_at(source: SourceText, spot: Spot) -> Function | ast.Lambda:
    name = spot.function.rpartition(".")[2]
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS) and node.name == name:
            if spot.line in (node.lineno, *(one.lineno for one in node.decorator_list)):
                return node
    lambdas = [node for node in ast.walk(source.tree) if isinstance(node, ast.Lambda) and node.lineno == spot.line]
    if name == "<lambda>" and len(lambdas) == 1:
        return lambdas[0]
    raise CannotEdit(f"`{name}` was not found in line {spot.line}")


def must_be_plain(source: SourceText, node: Function) -> None:
    name = node.name
    if isinstance(node, ast.AsyncFunctionDef) or any(isinstance(one, ast.Yield | ast.YieldFrom) for one in own(node)):
        raise CannotEdit(f"`{name}` is a generator or a coroutine, which JAX cannot trace")
    if name.startswith("__") and name.endswith("__"):
        raise CannotEdit(f"`{name}` belongs to an object that JAX may not be able to trace")
    first = next(iter([*node.args.posonlyargs, *node.args.args]), None)
    if first is not None and first.arg in ("self", "cls"):
        raise CannotEdit(
            f"`{name}` takes `{first.arg}`, an object: JAX would have to trace it, or to keep it as it is now"
        )
    for decorator in node.decorator_list:
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        word = (qualified_name(source, inner) or source.of(inner)).rpartition(".")[2]
        if word in (
            "property",
            "cached_property",
            "contextmanager",
            "classmethod",
            "overload",
            "jit",
            "filter_jit",
            "pmap",
        ):
            raise CannotEdit(f"`{name}` stands under `@{source.of(inner)}`")


def own(node: ast.AST) -> Iterator[ast.AST]:
    """What a function does itself, without the functions in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*FUNCTIONS, ast.Lambda)):
            yield child
            yield from own(child)


def decorated(source: SourceText, node: Function, static: Sequence[str]) -> tuple[Edit, ...]:
    jit = spell(source, "jax.jit")
    if not static:
        return (*jit.edits, *add_inner_decorator(source, node, jit.text))
    partial = spell(source, "functools.partial")
    words = ", ".join(f'"{name}"' for name in static) + ("," if len(static) == 1 else "")
    text = f"{partial.text}({jit.text}, static_argnames=({words}))"
    return (*jit.edits, *partial.edits, *add_inner_decorator(source, node, text))
