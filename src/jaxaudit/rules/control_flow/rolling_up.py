"""What an audit proposes for `unrolled-loop`: the body once, as `fori_loop` or `scan`, and a scan without `unroll=`."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.arguments import keyword_of, remove_argument
from jaxaudit.edits.counting import rolled_while
from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.lines import calls_on
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.reducing import reduce_on, reduced
from jaxaudit.edits.rolling import rolled
from jaxaudit.edits.scanned_items import Ragged
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.control_flow.handed_callables import must_all_take_tracers
from jaxaudit.rules.predictions import fewer_equations, less_to_compile
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.source import provenance
from jaxaudit.source import values as v
from jaxaudit.source.facts import start
from jaxaudit.source.kinds import kind_of

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.source.events import Loop
    from jaxaudit.source.program import Program

RISK = (
    "The turns run one after the other, and XLA fuses less across them: a short elementwise recurrence may run slower. "
    "The index of a turn becomes an array."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each loop, whoever named it; a loop inside another that is rolled up is left to that one."""
    loops: dict[tuple[str, int], list[Finding]] = {}
    for one in findings:
        if "calls_itself" in one.facts:
            yield a_recursion(one)
            continue
        if "unroll" in one.facts:
            yield scan_as_it_is(one, project)
            continue
        loops.setdefault((one.place.path, int(one.facts.get("loop_line") or one.place.line)), []).append(one)
    for (path, line), group in loops.items():
        function = str(group[0].facts.get("function") or group[0].place.function).rpartition(".")[2]
        at = Spot(path, line, function)
        try:
            source = project.text(path)
            call = reduce_on(source, line)
            loop = loop_on(source, line) if call is None else call
            if isinstance(loop, ast.Call):
                done = reduced(source, loop, arrays_in(source, loop, project))
            elif isinstance(loop, ast.While):
                done = rolled_while(source, loop)
            else:
                arrays = arrays_in(source, loop, project)
                done = rolled(source, loop, arrays)
                if source.of(loop.iter) not in arrays:
                    must_all_take_tracers(project, source, loop)
        except Ragged as error:
            yield Refused(
                f"the Python loop of `{function}`", tuple(group), at, "ragged", f"{error}: unrolled, as it is"
            )
        except CannotEdit as error:
            yield Refused(f"the Python loop of `{function}`", tuple(group), at, "does-not-apply", f"it stays: {error}")
        else:
            yield Change(
                f"`{head_of(source, loop)}` of `{group[0].place.function}` becomes `{done.through}`, its body written once",
                tuple(group),
                at,
                {path: done.edits},
                expected=tuple(fewer_equations(project.evidence, function)),
                risk=RISK,
                group=f"loop {path}:{line}",
                touched=(function,),
            )


def a_recursion(one: Finding) -> Refused:
    """What to write instead is the user's to say."""
    at = Spot(one.place.path, one.place.line, one.place.function)
    title = f"`{one.facts['calls_itself']}`, which calls itself, as a loop"
    return Refused(title, (one,), at, "does-not-apply", "no change is written for a recursion")


def scan_as_it_is(one: Finding, project: Project) -> Change | Refused:
    """The scan without `unroll=`: whether its copies were worth what XLA took for them, a trial says."""
    at = Spot(one.place.path, one.place.line, one.place.function)
    function = str(one.facts["function"])
    try:
        source = project.text(at.path)
        asked = [call for call in calls_on(source, at.line) if keyword_of(call, "unroll") is not None]
        if not asked:
            raise CannotEdit("`unroll=` is not written where the scan is called")
        innermost = min(asked, key=lambda call: source.end(call) - source.start(call))
        edits = remove_argument(source, innermost, "unroll")
    except CannotEdit as error:
        title = f"the scan in `{one.place.function}` without `unroll=`"
        return Refused(title, (one,), at, "does-not-apply", f"it stays: {error}")
    return Change(
        f"the scan in `{one.place.function}` keeps its step once, without `unroll=`",
        (one,),
        at,
        {at.path: edits},
        expected=tuple(less_to_compile(project.evidence, function)),
        risk="The steps are no longer fused: a short elementwise recurrence may run slower.",
        group=f"loop {at.path}:{at.line}",
        touched=(function.rpartition(".")[2],),
    )


def head_of(source: SourceText, loop: ast.For | ast.While | ast.Call) -> str:
    if isinstance(loop, ast.Call):
        return f"reduce(..., {source.of(loop.args[1])}, ...)"
    return f"while {source.of(loop.test)}" if isinstance(loop, ast.While) else f"for ... in {source.of(loop.iter)}"


def loop_on(source: SourceText, line: int) -> ast.For | ast.While:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.For | ast.While):
            head = node.iter if isinstance(node, ast.For) else node.test
            if node.lineno <= line <= (head.end_lineno or node.lineno):
                return node
    raise CannotEdit("no loop statement stands there (a comprehension is not rolled up)")


def arrays_in(source: SourceText, loop: ast.AST, project: Project) -> frozenset[str]:
    """What the source shows to be one array: parameters that every caller gives one, and what this loop runs over."""
    owner = next(
        (one for one in ast.walk(source.tree) if isinstance(one, FUNCTIONS) and any(n is loop for n in ast.walk(one))),
        None,
    )
    program = project.program
    for path, module in program.by_path.items():
        if os.path.normpath(path) == source.path:
            for number in range(len(module.units)):
                program.graph.link_unit(module, number)  # a loop outside jit stands where nothing else has looked yet
    units = [
        one
        for one in list(program.graph.linked_functions)
        if os.path.normpath(one.module.path) == source.path
        and (one.is_module if owner is None else one.name == owner.name)
    ]
    found: set[str] = set()
    for unit in units:
        for parameter in unit.all_parameters:
            given = [value for call, value in program.graph.sources(unit, parameter.name) if call is not None]
            if given and all(kind_of(program, value).is_array for value in given):
                found.add(parameter.name)
        for seen in unit.flow.loops:
            found |= set(_run_over(program, source, loop, seen))
    return frozenset(found | set(_taken_apart(source, loop, project)))


def _taken_apart(source: SourceText, loop: ast.AST, project: Project) -> Iterator[str]:
    """What a run saw to be an array: to hand out its items JAX writes operations on the loop's own line, for a list none."""
    if not isinstance(loop, ast.For) or not isinstance(loop.iter, ast.Name | ast.Attribute):
        return
    if loop.body[0].lineno == loop.lineno:
        return
    lines = {(spot.path, spot.line) for one in project.evidence.programs for spot in one.lines}
    if (source.path, loop.lineno) in lines:
        yield source.of(loop.iter)


def _run_over(program: Program, source: SourceText, loop: ast.AST, seen: Loop) -> Iterator[str]:
    """The texts of the arrays that this loop, or a part of its `zip` or `enumerate`, runs over."""
    over = loop.iter if isinstance(loop, ast.For) else loop.generators[0].iter  # type: ignore[attr-defined]
    if seen.iterable is None or seen.expr is None or start(seen.expr) != (over.lineno, over.col_offset):
        return
    value = v.settle(seen.iterable)
    parts: list[tuple[ast.expr, v.Value]] = [(over, value)]
    for node, one in parts:
        if isinstance(node, ast.Call) and isinstance(one, v.Call) and len(node.args) == len(one.args):
            parts += zip(node.args, map(v.settle, one.args))
        roots = list(provenance.roots(program, one)) or [one]
        if all(kind_of(program, root).is_array for root in roots):
            yield source.of(node)
