"""What an audit proposes for `static-candidate`: a number made static, where its value can change the program and no
caller could hand in a tracer."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.nodes import FUNCTIONS, Function
from jaxaudit.model import Finding, Place, amounts
from jaxaudit.model.spot import Spot
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.rules.static.converting_once import converting
from jaxaudit.rules.static.other_callers import (
    called_out_of_sight,
    handed_a_tracer,
    handed_many,
    handed_what_has_no_hash,
)
from jaxaudit.rules.units import units_named
from jaxaudit.source import calls as c
from jaxaudit.source.arguments import bind
from jaxaudit.source.facts import text

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.edits.jit_sites import JitSite
    from jaxaudit.source.scopes import Function as Unit

SCALARS = frozenset(
    {"bool", "int", "float", "complex", "python bool", "python int", "python float", "number", "scalar"}
)
CALLS = 3
"""A function that is called less often shows nothing."""
DISPATCH = 2e-6
"""Seconds that a traced Python number costs at each call; a static one costs none."""
WORTH_TRYING = 0.02
POWERS = ("jax.numpy.power", "jax.numpy.float_power", "jax.lax.pow", "jax.lax.integer_pow", "jax.numpy.linalg.norm")
DEEP = 4
RISK = "Each new value compiles the function again; arrays and tracers raise an error in its place."


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    functions: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        functions.setdefault((one.place.path, str(one.facts.get("function"))), []).append(one)
    for (path, name), group in functions.items():
        yield from _of_function(path, name, group, project)
    yield from _tracers(project)


def _tracers(project: Project) -> Iterator[Refused]:
    """Numbers that had one value in the run, but for the calls at which a tracer stood in their place."""
    for function in project.evidence.functions:
        site = function.site
        if not site.user or function.calls < CALLS:
            continue
        for one in function.arguments:
            numbers = {kind for kind in one.kinds if kind != "tracer"}
            if one.role == "traced" and one.tracer and one.distinct == 1 and numbers and numbers <= SCALARS:
                yield Refused(
                    f"`{one.name}` of `{site.name}` as static",
                    (),
                    site.spot,
                    "arrives-as-tracer",
                    handed_a_tracer(project, site.path, site.name, one.name)
                    or f"in this run it was a tracer of an outer transformation in {function.tracer_calls} of "
                    f"{function.calls} calls: a static argument would raise an error there",
                )


def _of_function(path: str, name: str, group: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    open_: list[Finding] = []
    idle: list[Finding] = []
    for one in group:
        argument = str(one.facts["argument"])
        at = Spot(path, one.place.line, name)
        title = f"`{argument}` of `{name}` as static"
        if argument in project.wishes.never_static:
            yield Refused(title, (one,), at, "not-tried", f"`never-static` names `{argument}`")
            continue
        tracer = handed_a_tracer(project, path, name, argument)
        if tracer:
            yield Refused(title, (one,), at, "arrives-as-tracer", tracer)
        elif unhashed := handed_what_has_no_hash(project, path, name, argument):
            yield Refused(title, (one,), at, "unhashable", unhashed)
        elif unseen := called_out_of_sight(project, path, name):
            yield Refused(title, (one,), at, "not-tried", unseen)
        elif varies := handed_many(project, path, name, argument):
            yield Refused(title, (one,), at, "varies", varies)
        elif changes_the_program(project, path, name, argument):
            open_.append(one)
        else:
            idle.append(one)
    refused = _too_little(path, name, idle, project) if idle else None
    if refused is not None:
        yield refused
    elif idle:
        way = f"numbers {path}:{name}"
        once = converting(path, name, idle, units_named(project, path, name), project, way)
        if once is not None:
            yield once
            yield from _change(path, name, idle, project, way)
        else:
            open_ += idle
    if open_:
        yield from _change(path, name, open_, project, f"static {path}:{name}")


def _change(path: str, name: str, group: Sequence[Finding], project: Project, way: str) -> Iterator[Change | Refused]:
    names = [str(one.facts["argument"]) for one in group]
    at = Spot(path, group[0].place.line, name)
    words = "`, `".join(names)
    try:
        edits = static_edits(project.text(path), group[0].place.line, names)
    except CannotEdit as error:
        yield Refused(f"`{words}` of `{name}` as static", tuple(group), at, "does-not-apply", str(error))
        return
    yield Change(
        f"`{words}` of `{name}` {'become' if len(names) > 1 else 'becomes'} static: one value in this run",
        tuple(group),
        at,
        {path: edits},
        risk=RISK,
        group=way,
        touched=(name,),
    )


def static_edits(source: SourceText, line: int, names: Sequence[str]) -> tuple[Edit, ...]:
    """`static_argnames` with all of them, where the function on this line is jitted."""
    from jaxaudit.edits.static_names import add_static_names

    return add_static_names(source, site_of(source, line), names)


def site_of(source: SourceText, line: int) -> JitSite:
    from jaxaudit.edits.jit_sites import jit_site

    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS) and any(one.lineno == line for one in (node, *node.decorator_list)):
            start, end = source.span(node)
            found = _jit_of(source, node)
            if found is not None:
                return found
            return jit_site(source, Place(source.path, *source.position(start), *source.position(end), node.name))
    raise CannotEdit("the line that jits it was not found")


def _jit_of(source: SourceText, function: Function) -> JitSite | None:
    """The one call `jit(f, ...)` of the file, for a function that no decorator jits."""
    from jaxaudit.edits.jit_sites import jit_site

    if any("jit" in source.of(one) for one in function.decorator_list):
        return None
    calls = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name)
        and node.args[0].id == function.name and (qualified_name(source, node.func) or "").endswith("jit")
    ]  # fmt: skip
    if len(calls) != 1:
        raise CannotEdit(f"`{function.name}` is jitted at {len(calls)} places")
    span = source.span(calls[0])
    return jit_site(source, Place(source.path, *source.position(span[0]), *source.position(span[1]), function.name))


# -- whether a value can change the program -----------------------------------------------------------------------------


def changes_the_program(project: Project, path: str, name: str, argument: str) -> bool:
    """It is an exponent, a length or an axis somewhere: XLA writes another program for its value."""
    programs = [one for one in project.evidence.programs if one.site.path == path and one.site.name == name]
    if any(argument in one.exponents for one in programs):
        return True
    return any(_steers(project, unit, argument, 0) for unit in units_named(project, path, name))


def _steers(project: Project, unit: Unit, argument: str, depth: int) -> bool:
    try:
        source = project.text(unit.module.path)
    except CannotEdit:
        return False
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS) and node.name == unit.name and _is_exponent(source, node, argument):
            return True
    if depth >= DEEP:
        return False

    for call in unit.flow.calls:
        for target in c.targets(project.program, call.func):
            for parameter, value in bind(call, target).items():
                if text(value.expr) == argument and _steers(project, target.function, parameter, depth + 1):
                    return True
    return False


def _is_exponent(source: SourceText, function: Function, argument: str) -> bool:
    def meant(node: ast.expr) -> bool:
        return any(isinstance(one, ast.Name) and one.id == argument for one in ast.walk(node))

    for node in ast.walk(function):
        match node:
            case ast.BinOp(op=ast.Pow(), right=right) if meant(right):
                return True
            case ast.Call(func=func, args=[_, exponent, *_]) if qualified_name(source, func) in POWERS and meant(
                exponent
            ):
                return True
    return False


def _too_little(path: str, name: str, group: Sequence[Finding], project: Project) -> Refused | None:
    """The sum of what dispatching them costs, against the time of a call."""
    seen = next((one for one in project.evidence.functions if one.site.name == name and one.site.path == path), None)
    if seen is None or not seen.calls:
        return None
    first = project.evidence.environment
    compiling = sum(one.seconds for one in project.evidence.compiles)
    steady = max(0.0, first.seconds - first.import_s - compiling)
    per_call = steady / seen.calls
    saved = DISPATCH * len(group)
    if saved > WORTH_TRYING * per_call:
        return None
    names = "`, `".join(str(one.facts["argument"]) for one in group)
    return Refused(
        f"`{names}` of `{name}` as static",
        tuple(group),
        Spot(path, group[0].place.line, name),
        "no-gain",
        f"no value of theirs changes the program, so all that could be gained is {len(group)} x 2 us of dispatch at "
        f"each of {seen.calls} calls, of at most {amounts.seconds(per_call)} a call "
        f"({100 * saved / per_call if per_call else 0:.2g}%)",
    )
