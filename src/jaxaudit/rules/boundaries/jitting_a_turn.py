"""What an audit proposes for `eager-hot-path`: one jit around the function of a turn, or around the call that does its work."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.extracting import extracted
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.names import free_names
from jaxaudit.edits.nodes import placed_nodes
from jaxaudit.model import Finding
from jaxaudit.model.proposal import Expected
from jaxaudit.model.spot import Spot
from jaxaudit.rules.boundaries.kept_fields import is_module_of_equinox, must_keep_its_fields, must_not_be_packed
from jaxaudit.rules.boundaries.same_when_traced import must_do_the_same
from jaxaudit.rules.boundaries.subclasses import must_have_no_other_method
from jaxaudit.rules.boundaries.turn_edits import (
    around,
    before,
    function_at,
    in_init,
    in_one,
    is_own_method,
    jitted,
    made_by,
)
from jaxaudit.rules.consequences import Edits, must_bring_no_fault
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.source.contexts import is_test_path

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.model.wasted import LoopSeen, TurnCall

RISK = (
    "XLA fuses what ran apart, so the last bits of a float may move. Under jit every argument is traced: Python branches on "
    "them raise an error, and the function is compiled again for each new shape. What it reads from around it is read once."
)
NEARLY_ALL = 0.9
"""Share of a turn's small programs that a call must run for its jit to be as good as one around the whole turn."""
LONGEST_CALL = 60
"""Characters of a call that a run notes."""


class Way(NamedTuple):
    """Where, in what words, of which functions, and the edits; or why there are none."""

    at: Spot
    title: str
    touched: tuple[str, ...]
    edits: Edits
    refused: str = ""


def way(at: Spot, title: str, touched: Iterable[str], write: Callable[[], Edits]) -> Way:
    try:
        return Way(at, title, tuple(touched), write())
    except CannotEdit as error:
        return Way(at, title, tuple(touched), {}, str(error))


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """For each loop that a run saw: the ways to jit its turn, the widest first."""
    for loop, group in _loops(findings, project):
        expected = tuple(_expected(loop, project))
        for one in ways(loop, project):
            try:
                if one.refused:
                    raise CannotEdit(one.refused)
                must_bring_no_fault(project, one.edits)
            except CannotEdit as error:
                yield Refused(one.title, group, one.at, "does-not-apply", f"no change is written: {error}")
                continue
            end = f"turn {loop.at.path}:{loop.loop}"
            yield Change(
                one.title, group, one.at, one.edits, expected=expected, risk=RISK, group=end, touched=one.touched
            )


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
    """The loop in one program where no call does nearly all of its work; then what its calls leave to choose."""
    if loop.calls and loop.calls[0].share < NEARLY_ALL:
        head = loop.at._replace(line=loop.loop)
        yield way(head, f"the loop in line {loop.loop} in one program", (), partial(in_one, project, loop))
    yield from _of_calls(loop.calls, project, loop.loop)


def _of_calls(calls: Sequence[TurnCall], project: Project, loop: int | None) -> Iterator[Way]:
    """The calls together, each in the first way that can be written; each of them alone."""
    each = [list(_of_call(call, project, loop)) for call in calls if call.text]
    best = [one for one in (next((one for one in some if not one.refused), None) for some in each) if one is not None]
    if len(best) > 1:
        touched = dict.fromkeys(name for one in best for name in one.touched)
        yield way(best[0].at, " and ".join(one.title for one in best), touched, partial(together, best))
    for some in each:
        yield from some


def together(parts: Sequence[Way]) -> Edits:
    """Their edits in one; an import that several need is written once."""
    edits: dict[str, list[Edit]] = {}
    for one in parts:
        for path, some in one.edits.items():
            edits.setdefault(path, []).extend(edit for edit in some if edit not in edits.get(path, ()))
    return edits


def _of_call(call: TurnCall, project: Project, loop: int | None) -> Iterator[Way]:
    """At the call, where its function is not simply the user's; at that function; where neither can be, at the calls in it."""
    found = list(_at_the_call(call, project, loop))
    if call.runs is not None:
        name = call.runs.function.rpartition(".")[2]
        found.append(way(call.runs, f"`{name}` jitted", (name,), partial(jitted, project, call.runs, call.at.path)))
        if found[-1].refused and loop is not None and len(found) == 1:
            found += _before_the_loop(call, project, loop)
    yield from found
    if all(one.refused for one in found):
        yield from _of_calls(call.calls, project, None)


def _at_the_call(call: TurnCall, project: Project, loop: int | None) -> Iterator[Way]:
    path = call.at.path
    try:
        source = project.text(path)
        node = call_on(source, call)
    except CannotEdit:
        return
    func = source.of(node.func)
    words = [one for one in re.split(r"\W+", func) if one.isidentifier()]
    name = words[-1] if words else "turn"
    hint = f"jitted_{name}"
    inner = tuple(spot.function.rpartition(".")[2] for spot in call.through[:1])
    made = made_by(source, node)
    if made is not None:
        title = f"`{source.of(made)[:LONGEST_CALL]}` jitted"
        yield way(call.at, title, (name, *inner), lambda: {path: around(source, made)})
        return
    if isinstance(node.func, ast.Name) or (qualified_name(source, node.func) or "").startswith("jax."):
        return
    if call.runs is not None and isinstance(node.func, ast.Attribute) and "." not in call.runs.function:
        return  # a function of another module: it is jitted where it stands

    def of_object(write: Callable[[], Sequence[Edit]], frozen: bool = True) -> Edits:
        edits = {path: write()}
        must_bring_no_fault(project, edits)
        if call.runs is not None:
            if frozen:
                must_keep_its_fields(project, call.runs)
            home = project.text(call.runs.path)
            must_do_the_same(project, home, function_at(home, call.runs))
        return edits

    title = f"`{func[:LONGEST_CALL]}` jitted once"
    touched = (name, *inner)
    is_module = call.runs is not None and is_module_of_equinox(project, call.runs)
    own = is_own_method(node)

    def moved() -> Sequence[Edit]:
        must_have_no_other_method(project, source, node)
        return extracted(source, node, hint).edits

    alone = partial(of_object, moved, not own)
    apart = way(call.at, f"`{call.text}` in a jitted function of its own", (hint, name), alone)
    if own:
        yield apart
    if loop is not None and not own:
        write = partial(before, project, source, node, loop, hint, is_module)
        yield way(call.at, f"{title}, before the loop", touched, partial(of_object, write))
    elif "self" in free_names(node.func):

        def kept() -> Sequence[Edit]:
            must_not_be_packed(project)
            return in_init(source, node, hint, is_module)

        yield way(call.at, f"{title}, in `__init__`", touched, partial(of_object, kept))
    if not own:
        yield apart


def _before_the_loop(call: TurnCall, project: Project, loop: int) -> Iterator[Way]:
    """A function that cannot be jitted where it stands, for the sake of others that call it."""
    path, runs = call.at.path, call.runs
    try:
        source = project.text(path)
        node = call_on(source, call)
    except CannotEdit:
        return
    if runs is None or runs.path == path or "." in runs.function:
        return

    def write() -> Edits:
        home = project.text(runs.path)
        edits = {path: before(project, source, node, loop, f"jitted_{runs.function}")}
        must_bring_no_fault(project, edits)
        must_do_the_same(project, home, function_at(home, runs))
        return edits

    title = f"`{source.of(node.func)[:LONGEST_CALL]}` jitted once, before the loop"
    yield way(call.at, title, (runs.function,), write)


def call_on(source: SourceText, call: TurnCall) -> ast.Call:
    """The call that the run named, on its line."""
    for node in placed_nodes(source.tree):
        if isinstance(node, ast.Call) and node.lineno <= call.at.line <= (node.end_lineno or node.lineno):
            if ast.unparse(node)[:LONGEST_CALL] == call.text:
                return node
    raise CannotEdit(f"the call in line {call.at.line} was not found")
