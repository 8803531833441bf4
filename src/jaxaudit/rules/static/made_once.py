"""What an audit proposes for `identity-hashed-static`: the object made once, or a class whose objects compare by value."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.lines import function_named
from jaxaudit.edits.moving import hoist, hoist_to_module
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.nodes import COMPREHENSIONS, FUNCTIONS, LOOPS, expression_at, parents_of
from jaxaudit.edits.rebinding import must_compile_once
from jaxaudit.edits.told_apart import must_not_be_told_apart
from jaxaudit.edits.value_equality import compared_by_value, must_stay_as_made
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.boundaries.changed_elsewhere import must_not_change_elsewhere
from jaxaudit.rules.predictions import fewer_compiles
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.rules.static.kept_makers import Maker, Written, kept, kept_for_settings, makes_anew
from jaxaudit.rules.units import class_named

if TYPE_CHECKING:
    pass

MADE_HERE = "it is made here"
ONCE = "All calls share one object. What is changed on it in one call is there in the next; what it is made of is read once."
BY_VALUE = (
    "Two objects with the same fields are one to `==`, to a `set` and as keys of a `dict`; what is changed on one after a call "
    "is not seen by the compiled program."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """For each static argument that a run saw compiled again for: its class compared by value, or the object made once."""
    for seen in findings:
        if seen.source != "run":
            continue
        name = str(seen.facts.get("function") or seen.place.function).rpartition(".")[2]
        same = [one for one in findings if one.source != "run" and one.facts.get("function") == name]
        parameters = {str(leaf).partition(".")[0].partition("[")[0] for leaf in seen.facts.get("leaves", ())}
        same = [one for one in same if not parameters or one.facts.get("parameter") in parameters]
        told_of: set[str] = set()
        for told in same:
            if str(told.facts.get("parameter")) not in told_of:
                told_of.add(str(told.facts.get("parameter")))
                word = str(told.facts["parameter"])
                yield _answer((seen, told), word, name, project, partial(_way, told, word, project))
        if not told_of and any("." in str(leaf) for leaf in seen.facts.get("leaves", ())):
            held = ".".join(str(seen.facts["leaves"][0]).split(".")[:2])
            yield _answer((seen, *same), held, name, project, partial(kept, seen, project))
        for word, cls in _of_classes(seen):
            if word not in told_of and class_named(project, cls) is not None:
                yield _answer((seen,), word, name, project, partial(_by_value, cls, word, project))


def _of_classes(seen: Finding) -> Iterator[tuple[str, str]]:
    """The static arguments that were objects of a class, with its name, as the run saw it."""
    values = seen.facts.get("values")
    for leaf, kinds in values.items() if isinstance(values, dict) else ():
        name, _, rest = str(kinds[0] if kinds else "").partition(" ")
        if rest == "object" and str(leaf).isidentifier() and name.isidentifier():
            yield str(leaf), name


def _answer(
    findings: tuple[Finding, ...], word: str, name: str, project: Project, way: Callable[[], Written]
) -> Change | Refused:
    seen = findings[0]
    at = Spot(seen.place.path, seen.place.line, name)
    try:
        _must_compile_once(seen, name, project)
        title, edits, risk = way()
    except CannotEdit as error:
        text = f"no change is written: {error}"
        return Refused(f"`{word}` of `{name}` made once", findings, at, "does-not-apply", text)
    return Change(
        f"{title}: `{word}` of `{name}` equals the last one",
        findings,
        at,
        edits,
        expected=tuple(fewer_compiles(project.evidence, int(seen.facts.get("recompiles") or 0))),
        risk=risk,
        touched=(name,),
    )


def _must_compile_once(seen: Finding, name: str, project: Project) -> None:
    """CannotEdit where the jitted function goes by what changes: it was compiled anew for each object, and saw that."""
    source = project.text(seen.place.path)
    function = function_named(source, name, seen.place.line)
    if function is None:
        raise CannotEdit(f"`{name}` is not found in {source.path}")
    must_compile_once(Names(source), function.body)
    must_not_change_elsewhere(project, source, [function])


def _by_value(cls: str, word: str, project: Project) -> Written:
    """Wherever the objects are made: a generator, a file that is read, a table."""
    found = class_named(project, cls)
    if found is None:
        raise CannotEdit(f"`{cls}` is not a class of the project")
    home, node = found
    must_not_be_told_apart(cls, (word,), project.sources())
    edits = compared_by_value(home, node, [one for one in project.sources() if one.path != home.path])
    return f"`{cls}` compares by its fields", {home.path: edits}, BY_VALUE


def _way(told: Finding, hint: str, project: Project) -> Written:
    place = next((note.place for note in told.notes if note.text.startswith(MADE_HERE)), told.place)
    source = project.text(place.path)
    node = expression_at(source, place)
    if isinstance(node, ast.Call):
        found = class_named(project, source.of(node.func).rpartition(".")[2])
        if found is not None:
            home, cls = found
            try:
                return _by_value(cls.name, hint, project)
            except CannotEdit as error:
                must_stay_as_made(home, cls, [one for one in project.sources() if one.path != home.path])
                if not all(isinstance(one, ast.Constant) for one in (*node.args, *(k.value for k in node.keywords))):
                    raise error
    if not isinstance(node, ast.Call | ast.Lambda):
        raise CannotEdit(f"`{source.of(node)[:60]}` is a function made where it is handed in")
    must_compile_once(Names(source), [node])
    around = [one for one in parents_of(source, node) if isinstance(one, (*LOOPS, *COMPREHENSIONS, *FUNCTIONS))]
    shown = source.of(node)[:50]
    if any(isinstance(one, FUNCTIONS) for one in around):
        try:
            edits = hoist_to_module(source, node, hint)
            return f"`{shown}` is made once, at module level", {source.path: edits}, ONCE
        except CannotEdit:
            if isinstance(around[0], FUNCTIONS):
                if not isinstance(node, ast.Call) or not makes_anew(project, source, node):
                    raise
                return kept_for_settings(project, [Maker(source, node, hint)])
    if not around:
        raise CannotEdit(f"`{shown}` is made once already")
    return f"`{shown}` is made before the loop", {source.path: hoist(source, node, around[0], hint)}, ONCE  # type: ignore[arg-type]
