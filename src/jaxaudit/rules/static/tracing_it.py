"""What an audit proposes for `varying-static` where only a run saw how many values came: the argument traced."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from jaxaudit.edits.data_fields import made_data, on_the_device, static_field
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import wrap
from jaxaudit.edits.imports import spell
from jaxaudit.edits.nodes import call_at, enclosing
from jaxaudit.edits.number_fields import (
    converted,
    must_not_be_filtered,
    must_not_be_needed_plain,
    number_field,
    replaced,
)
from jaxaudit.edits.pinning import origins, steps_of
from jaxaudit.edits.static_names import remove_static_names
from jaxaudit.edits.told_apart import must_not_be_told_apart
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.consequences import must_bring_no_fault
from jaxaudit.rules.predictions import fewer_compiles
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.rules.pytrees.pinning import argument_of, calls, file_of, parameters_of
from jaxaudit.rules.static.making_static import site_of
from jaxaudit.rules.static.registering_it import as_pytree, must_not_be_asked_for
from jaxaudit.rules.static.reverse_mode import must_stay_reversible, of_parameters
from jaxaudit.rules.static.taken_apart import must_not_be_taken_apart
from jaxaudit.rules.static.whole_numbers import must_stay_small
from jaxaudit.rules.units import units_told
from jaxaudit.source.classes import classes_of, external_bases, lineage
from jaxaudit.source.facts import start
from jaxaudit.source.structure import role
from jaxaudit.source.tracing import entering

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.model.evidence import FunctionSeen
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function
    from jaxaudit.source.structure import Sink

RISK_OF_FIELD = (
    "The field holds an array, a tracer under jit: what asks for its plain value (a format, a Python branch, a `range`, a hash) "
    "may raise an error, and objects that differ in it are told apart by its value no more."
)
RISK = "Traced, the value can no longer decide a shape, a Python branch or a `range`, and must be a number or an array."


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each function and argument, and for each static field, that a run saw take several values."""
    yield from _fields(findings, project)
    for one in sorted(findings, key=lambda one: -int(one.facts.get("recompiles") or 0)):
        leaves = [str(leaf) for leaf in one.facts.get("leaves", ())]
        if one.source != "run" or not leaves or any("." in leaf or "[" in leaf for leaf in leaves):
            continue
        function = str(one.facts["function"])
        name = function.rpartition(".")[2]
        words = "`, `".join(leaves)
        at = Spot(one.place.path, one.place.line, function)
        need = next(
            filter(
                None, (_needed(project.program, unit, leaf) for unit in units_told(project, one) for leaf in leaves)
            ),
            None,
        )
        if need is not None:
            yield Refused(
                f"`{words}` of `{name}` traced", (one,), at, "arrives-as-tracer",
                f"traced, it would arrive as a tracer in line {start(need.expr)[0]}, where it decides {need.what}: each value "
                "needs a program of its own",
            )  # fmt: skip
            continue
        try:
            whole = [leaf for leaf in leaves if _are_whole(one, leaf)]
            must_stay_small(project.text(one.place.path), function, one.place.line, whole)
            must_stay_reversible(
                project.program, units_told(project, one), of_parameters(project.program, leaves), leaves[0]
            )
            edits = _edits(one, leaves, project)
        except CannotEdit as error:
            yield Refused(
                f"`{words}` of `{name}` traced", (one,), at, "does-not-apply", f"no change is written: {error}"
            )
            continue
        yield Change(
            f"`{words}` of `{name}` is traced, no longer static",
            (one,),
            at,
            edits,
            expected=tuple(fewer_compiles(project.evidence, int(one.facts.get("recompiles") or 0))),
            risk=RISK,
            group=f"traced {at.path}:{at.line}",
            touched=(function,),
        )


def _fields(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """Fields of objects that are static metadata: several functions may have compiled for one."""
    by_fields: dict[tuple[str, ...], list[Finding]] = {}
    for one in findings:
        leaves = [str(leaf) for leaf in one.facts.get("leaves", ())]
        if one.source != "run" or not leaves:
            continue
        if all("." in leaf and "[" not in leaf for leaf in leaves):
            by_fields.setdefault(tuple(leaf.rpartition(".")[2] for leaf in leaves), []).append(one)
        elif all("[" in leaf for leaf in leaves) and _is_filtered((one,), project):
            by_fields.setdefault(tuple(leaves), []).append(one)
    for names, group in by_fields.items():
        at = Spot(group[0].place.path, group[0].place.line, str(group[0].facts["function"]))
        said = (
            f"the field `{names[0]}` is a leaf" if len(names) == 1 else f"the fields `{'`, `'.join(names)}` are leaves"
        )
        title = f"{said}, no longer static"
        try:
            title, edits = _as_leaves(title, names, group, project)
            must_bring_no_fault(project, edits)
        except CannotEdit as error:
            yield Refused(title, tuple(group), at, "does-not-apply", f"no change is written: {error}")
            continue
        again = sum(int(one.facts.get("recompiles") or 0) for one in group)
        functions = tuple(dict.fromkeys(str(one.facts["function"]) for one in group))
        yield Change(
            title, tuple(group), at, edits, expected=tuple(fewer_compiles(project.evidence, again)), risk=RISK_OF_FIELD,
            touched=functions,
        )  # fmt: skip


class NoSuchField(CannotEdit):
    """No class of the project declares it: it is an entry of a dict or a tuple, perhaps a named one."""


def _as_leaves(
    title: str, names: Sequence[str], group: Sequence[Finding], project: Project
) -> tuple[str, dict[str, list[Edit]]]:
    """By the declaration of the fields, else where the run's function is handed them."""
    try:
        return title, _made_data(names, group, project)
    except NoSuchField:
        if not _is_filtered(group, project):
            raise
        try:
            edits = _made_arrays(group, project)
        except CannotEdit:
            edits = {}
        if not edits:
            raise
    words = "`, `".join(dict.fromkeys(str(leaf) for one in group for leaf in one.facts["leaves"]))
    return f"`{words}` handed over as {'an array' if len(names) == 1 else 'arrays'}, not as plain numbers", edits


def _made_arrays(group: Sequence[Finding], project: Project) -> dict[str, list[Edit]]:
    """Entries of a dict or a tuple that `filter_jit` holds static: arrays where they are made."""
    edits: dict[str, list[Edit]] = {}
    for source in project.sources():
        must_not_be_filtered(source, str(group[0].facts["leaves"][0]))
    for one in group:
        for edge in calls(one, project):
            place = project.program.place(edge.call.flow, edge.call.expr)
            source = project.text(place.path)
            call = call_at(source, place)
            for leaf in one.facts["leaves"]:
                root, steps = steps_of(str(leaf))
                handed = argument_of(call, root, parameters_of(edge))
                for home, node in origins(source, handed, steps, call, partial(file_of, project, source)):
                    asarray = spell(home, "jax.numpy.asarray")
                    here = edits.setdefault(os.path.normpath(home.path), [])
                    new = (*asarray.edits, *wrap(home, node, f"{asarray.text}(", ")"))
                    here += [edit for edit in new if edit not in here]
    return edits


def _is_filtered(group: Sequence[Finding], project: Project) -> bool:
    found = {one.site.wrapper for one in project.evidence.functions for finding in group if _is_of(one, finding)}
    return found == {"filter_jit"}


def _made_data(names: Sequence[str], group: Sequence[Finding], project: Project) -> dict[str, list[Edit]]:
    values = [value for one in group for some in one.facts["values"].values() for value in some]
    if not all(map(_is_number, values)):
        raise CannotEdit(f"`{names[0]}` was {', '.join(values[:2])}, no numbers")
    edits: dict[str, list[Edit]] = {}
    for name in names:
        found = [(source, node) for source in project.sources() if (node := static_field(source, name)) is not None]
        if len(found) == 1:
            new = _of_marked(*found[0], name, project)
        else:
            new = as_pytree(names, group, project) or _of_numbers(name, group, project)
        for path, some in new:
            edits.setdefault(path, []).extend(edit for edit in some if edit not in edits[path])
    return {path: some for path, some in edits.items() if some}


Edited = list[tuple[str, tuple[Edit, ...]]]


def _of_marked(source: SourceText, node: ast.AnnAssign, name: str, project: Project) -> Edited:
    """A field that is declared static."""
    cls = enclosing(source, node, ast.ClassDef)
    if cls is not None:
        must_not_be_told_apart(cls.name, (), project.sources())
        must_not_be_asked_for(project.program, source.path, cls, name)
        must_not_be_differentiated(project.program, source.path, cls, name)
        if "equinox.Module" in _library_bases(project.program, source.path, cls):
            must_not_be_taken_apart(project, source.path, cls, name)
    return [
        (source.path, made_data(source, node)),
        *((one.path, on_the_device(one, name)) for one in project.sources()),
    ]


def _of_numbers(name: str, group: Sequence[Finding], project: Project) -> Edited:
    """A field of an Equinox module that `filter_jit` holds static, for it is a number of Python's."""
    found = list(_number_fields(name, project)) if _is_filtered(group, project) else []
    if len(found) > 1:
        raise CannotEdit(f"{len(found)} classes have a field `{name}`")
    if not found:
        raise NoSuchField(f"no classes declare a static field `{name}` in a way that is known")
    source, cls, node = found[0]
    must_not_be_told_apart(cls.name, (), project.sources())
    must_not_be_asked_for(project.program, source.path, cls, name)
    new: Edited = [(source.path, converted(source, node))]
    must_not_be_taken_apart(project, source.path, cls, name)
    for one in project.sources():
        must_not_be_needed_plain(one, name)
        new += [(one.path, on_the_device(one, name)), (one.path, replaced(one, name))]
    return new


def _number_fields(name: str, project: Project) -> Iterator[tuple[SourceText, ast.ClassDef, ast.AnnAssign]]:
    for source in project.sources():
        module = project.program.by_path[source.path]
        modules = {one.line: one for one in module.classes if "equinox.Module" in external_bases(project.program, one)}
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and node.lineno in modules and (field := number_field(node, name)):
                yield source, node, field


def must_not_be_differentiated(program: Program, path: str, node: ast.ClassDef, name: str) -> None:
    """CannotEdit where the project takes a gradient by objects of the class: a leaf has one, and may be trained by it."""
    here = [one for one in program.by_path[path].classes if one.line == node.lineno]
    for function in list(program.graph.linked_functions) if here else ():
        for handed in program.graph.handovers(function):
            if handed.use is None or handed.use.spec.kind != "grad" or handed.call.flow is None:
                continue
            for parameter in function.all_parameters:
                values = function.flow.bindings.get(parameter.name, ())[:1]
                classes = {
                    found for value in values for one in classes_of(program, value) for found in lineage(program, one)
                }
                if here[0] in classes and entering(program, handed, parameter.name):
                    place = program.place(handed.call.flow, handed.call.expr)
                    raise CannotEdit(
                        f"{place.path}:{place.line} takes a gradient by `{parameter.name}`, of which `{name}` would be a part"
                    )


def _library_bases(program: Program, path: str, node: ast.ClassDef) -> list[str]:
    here = [one for one in program.by_path[path].classes if one.line == node.lineno]
    return external_bases(program, here[0]) if here else []


def _is_of(function: FunctionSeen, finding: Finding) -> bool:
    return function.site.name == finding.facts["function"] and function.site.path == finding.place.path


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _are_whole(finding: Finding, leaf: str) -> bool:
    values = finding.facts["values"].get(leaf, ())
    return bool(values) and all(str(one).lstrip("-").isdigit() for one in values)


def _needed(program: Program, unit: Function, name: str) -> Sink | None:
    """The first place that needs it as a plain value."""
    if name not in {one.name for one in unit.all_parameters}:
        return None
    needs = role(program, unit, name).needs
    return needs[0] if needs else None


def _edits(finding: Finding, leaves: Sequence[str], project: Project) -> dict[str, list[Edit]]:
    """Out of `static_argnames`; where `filter_jit` holds each Python number static, an array at each call."""
    seen = next((one for one in project.evidence.functions if _is_of(one, finding)), None)
    if seen is None or seen.site.wrapper != "filter_jit":
        source = project.text(finding.place.path)
        return {finding.place.path: list(remove_static_names(source, site_of(source, finding.place.line), leaves))}
    edits: dict[str, list[Edit]] = {}
    for edge in calls(finding, project):
        place = project.program.place(edge.call.flow, edge.call.expr)
        source = project.text(place.path)
        call = call_at(source, place)
        asarray = spell(source, "jax.numpy.asarray")
        here = edits.setdefault(os.path.normpath(place.path), [])
        for leaf in leaves:
            handed = argument_of(call, leaf, parameters_of(edge))
            here += [*asarray.edits, *wrap(source, handed, f"{asarray.text}(", ")")]
    if not edits:
        raise CannotEdit("its calls are not in sight")
    return {path: list(dict.fromkeys(some)) for path, some in edits.items()}
