"""What an audit proposes for `jit-in-loop` and `jit-per-call`: the jitted function made once, at module level or before
the loop; and what it says of jits in loops that cost nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.model import Finding, Place
from jaxaudit.model.proposal import Expected
from jaxaudit.model.spot import Spot
from jaxaudit.rules.boundaries.changed_elsewhere import must_not_change_elsewhere
from jaxaudit.rules.boundaries.kept_fields import must_keep_its_fields, must_not_be_packed
from jaxaudit.rules.boundaries.subclasses import must_have_no_other_method
from jaxaudit.rules.predictions import fewer_compiles
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.rules.static.other_callers import handed_in, is_function
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.edits.jit_sites import JitSite
    from jaxaudit.edits.lifting import Lifted
    from jaxaudit.model.evidence import Evidence

RISK = (
    "What the function closed over becomes its arguments: arrays and numbers may, other objects raise an error there. "
    "A name that is rebound between the definition and the call is read at the call."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each function that is jitted anew."""
    told: set[tuple[str, int, int]] = set()
    done: list[Finding] = []
    for one in findings:
        if any(one is other for other in done):
            continue
        name = str(one.facts.get("function") or one.place.function).rpartition(".")[2]
        at = Spot(one.place.path, one.place.line, name)
        try:
            source = project.text(one.place.path)
            site = site_at(one, project)
            where = source.span(site.node)
            if (one.place.path, *where) in told:
                continue
            told.add((one.place.path, *where))
            new, where_to = made_once(project, source, site, name)
            must_not_change_elsewhere(project, source, [site.function or site.node])
            must_have_no_other_method(project, source, site.node)
            must_be_numbers_everywhere(project, source, site, new.arguments)
        except CannotEdit as error:
            same = tuple(other for other in findings if other.place.path == at.path and _meets(other, one))
            done += same
            yield Refused(f"`{name}` jitted once", same, at, "does-not-apply", f"no change is written: {error}")
            continue
        handed = f", `{'`, `'.join(new.arguments)}` handed in" if new.arguments else ""
        same = tuple(other for other in findings if other.place.path == one.place.path and _meets(other, one))
        done += same
        yield Change(
            f"`{name}` is jitted once, {where_to}{handed}",
            same,
            at,
            {one.place.path: new.edits},
            expected=tuple(expected(project.evidence, name)),
            risk=RISK,
            group=f"jit {one.place.path}:{site.node.lineno}",
            touched=tuple(dict.fromkeys((name, new.name))),
        )


def made_once(project: Project, source: SourceText, site: JitSite, name: str) -> tuple[Lifted, str]:
    """Where it can be jitted once: where the function that jits it is made, at module level, or with its object."""
    from jaxaudit.edits.lifting import lifted
    from jaxaudit.edits.made_around import made_around

    try:
        return made_around(source, site), "where the function that calls it is made"
    except CannotEdit:
        pass
    try:
        return lifted(source, site), "at module level"
    except CannotEdit as error:
        return made_in_init(project, source, site, name, error), "in `__init__`"


def propose_in_loops(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """The same for loops, and a word on each jit in a loop that is of the same function every time."""
    yield from propose(findings, project)
    yield from harmless(project)


def made_in_init(project: Project, source: SourceText, site: JitSite, name: str, otherwise: CannotEdit) -> Lifted:
    """`update = jax.jit(self.solver.update)` of a method, made in `__init__` and kept on the object; `otherwise` is raised where
    that can't be.
    """
    import ast

    from jaxaudit.edits.lifting import Lifted
    from jaxaudit.edits.nodes import FUNCTIONS
    from jaxaudit.rules.boundaries.turn_edits import kept_on_self

    node = site.node
    if site.is_decorator or not isinstance(node, ast.Call) or not node.args or site.options is not node:
        raise otherwise
    asked = {one.attr for one in ast.walk(node.args[0]) if isinstance(one, ast.Attribute)}
    try:
        must_not_be_packed(project)
        edits = kept_on_self(source, node, source.of(node), f"jitted_{name}")
        for other in project.sources():
            for one in ast.walk(other.tree):
                for method in one.body if isinstance(one, ast.ClassDef) else ():
                    if isinstance(method, FUNCTIONS) and method.name in asked:
                        must_keep_its_fields(project, Spot(other.path, method.lineno, method.name))
    except CannotEdit as error:
        raise otherwise from error
    return Lifted(edits, name, ())


def must_hold(finding: Finding, project: Project) -> None:
    """Raises CannotEdit where what is jitted goes by what another file changes."""
    site = site_at(finding, project)
    must_not_change_elsewhere(project, project.text(finding.place.path), [site.function or site.node])


def must_be_numbers_everywhere(project: Project, source: SourceText, site: JitSite, arguments: Sequence[str]) -> None:
    """CannotEdit where what is handed in is a number in one call of the function around, and a function in another: a rate, or a
    schedule of rates.
    """
    from jaxaudit.edits.nodes import FUNCTIONS, parents_of

    around = {(one.name, one.lineno) for one in parents_of(source, site.node) if isinstance(one, FUNCTIONS)}
    for unit in list(project.program.graph.linked_functions):
        if (unit.name, unit.line) not in around or os.path.normpath(unit.module.path) != source.path:
            continue
        for name in set(arguments).intersection(one.name for one in unit.all_parameters):
            found = list(handed_in(project.program, unit, name))
            functions = [call for call, value in found if is_function(project.program, value)]
            if functions and len(functions) < len(found) and functions[0].flow is not None:
                place = project.program.place(functions[0].flow, functions[0].expr)
                raise CannotEdit(
                    f"{os.path.normpath(place.path)}:{place.line} hands in a function as `{name}`, which jit takes for no argument"
                )


def _meets(one: Finding, other: Finding) -> bool:
    return one.place.line <= other.place.end_line and other.place.line <= one.place.end_line


def site_at(finding: Finding, project: Project) -> JitSite:
    """The jit on the finding's line, or of the function that it names."""
    import ast

    from jaxaudit.edits.jit_sites import jit_site
    from jaxaudit.edits.nodes import FUNCTIONS

    source = project.text(finding.place.path)
    if finding.source != "run":
        return jit_site(source, finding.place)
    line = finding.place.line
    others: list[JitSite] = []
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS) and any(one.lineno == line for one in (node, *node.decorator_list)):
            for decorator in node.decorator_list:
                return jit_site(source, _place(finding, source.span(decorator), project))
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or node.lineno):
            try:
                found = jit_site(source, _place(finding, source.span(node), project))
            except CannotEdit:
                continue
            if found.function is not None:
                return found
            if found.node is found.options:  # not the call of what is jitted
                others.append(found)
    if len({id(one.node) for one in others}) == 1:
        return others[0]
    raise CannotEdit("the line that jits it was not found")


def _place(finding: Finding, span: tuple[int, int], project: Project) -> Place:
    source = project.text(finding.place.path)
    return Place(finding.place.path, *source.position(span[0]), *source.position(span[1]), finding.place.function)


def expected(evidence: Evidence, name: str) -> Iterator[Expected]:
    """As many compiles fewer as were made for new function objects."""
    again = [
        one
        for one in evidence.compiles
        if one.site.user and one.site.name.rpartition(".")[2] == name and one.cause.kind == "new-function"
    ]
    yield from fewer_compiles(evidence, len(again))


def harmless(project: Project) -> Iterator[Refused]:
    """`jax.jit(f)` in a loop, of one and the same `f`: the cache of jit knows it."""
    program = project.program
    for use in list(program.graph.uses):
        flow = use.call.flow
        if use.spec.kind != "jit" or not use.spec.wraps or not use.functions or flow is None or use.call.decorator:
            continue
        loop = lifetime.repeats(use.call.loops)
        value = use.functions[0][0]
        if loop is None or flow.function.module.context or lifetime.identity(program, value).how != "same":
            continue
        name = next((target.function.name for target in c.targets(program, value)), "")
        seen = [one for one in project.evidence.functions if one.site.user and one.site.name.rpartition(".")[2] == name]
        if not seen or seen[0].compiles > 1:
            continue
        place = program.place(flow, use.call.expr)
        calls = f" for {seen[0].calls} calls" if seen[0].calls else ""
        yield Refused(
            f"`jax.jit({name})` in the loop in line {loop.line} of `{flow.function.name}`",
            (),
            Spot(place.path, place.line, flow.function.name),
            "no-gain",
            f"`{name}` is the same function in every turn: it was compiled once{calls}, so moving the jit gains nothing",
        )
