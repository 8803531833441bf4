"""What the rules would say of a change: faults that the changed program has, and the program as it is does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit, Edit

if TYPE_CHECKING:
    from jaxaudit.model import Finding
    from jaxaudit.rules.project import Project
    from jaxaudit.source.program import Program

Edits = Mapping[str, Sequence[Edit]]

SILENT = ("trace-time-effect", "stale-capture", "key-made-in-jit", "jit-in-loop", "jit-per-call")
"""Faults that no error would tell of."""
LOUD = ("branch-on-tracer", "missing-static", "unhashable-static", "static-array", "static-mismatch")
SUSPECT = 0.4
"""How sure a rule must be of a fault that a change would bring, for the change to be left out."""


def must_bring_no_fault(project: Project, edits: Edits) -> None:
    """CannotEdit where what is traced then would keep a random draw, an effect, a value of yesterday, or fail."""
    for one in new_faults(project, edits, (*SILENT, *LOUD)):
        raise CannotEdit(f"then {one.message[:1].lower()}{one.message[1:]} ({one.rule})")


def needs_static(project: Project, edits: Edits, function: str) -> str:
    """A parameter that would have to be static; "" for none."""
    for one in new_faults(project, edits, ("missing-static",)):
        if one.facts.get("function") == function and one.facts.get("made_static"):
            return str(one.facts["made_static"])
    return ""


def new_faults(project: Project, edits: Edits, rules: Iterable[str]) -> Iterator[Finding]:
    """What these rules would say of the changed program and don't say of this one."""
    if project.linked is None:
        return
    from jaxaudit.rules import load_rules

    texts = {path: project.text(path).edited(some).data for path, some in edits.items()}
    changed = _changed(project, texts)
    every = load_rules()
    for name in rules:
        known = Counter(map(_said, _of(project.program, every[name].match, name)))
        for one in _of(changed, every[name].match, name):
            said = _said(one)
            known[said] -= 1
            if known[said] < 0:
                yield one


def _changed(project: Project, texts: dict[str, bytes]) -> Program:
    """The changed program; the last one is kept, for it is asked several times."""
    assert project.linked is not None
    known = project.program.memo.get("changed program")
    if known is None or known[0] != texts:
        known = project.program.memo["changed program"] = (texts, project.linked(texts))
    program: Program = known[1]
    return program


def _of(program: Program, match: Callable[[Program], Iterable[Finding]], name: str) -> list[Finding]:
    """Kept: many changes are compared with the one program that there is."""
    key = f"faults of {name}"
    found = program.memo.get(key)
    if found is None:
        found = program.memo[key] = [one for one in match(program) if one.confidence >= SUSPECT]
    return list(found)


def _said(one: Finding) -> tuple[str, str, str]:
    """The same for a fault whose lines have moved."""
    return one.rule, one.place.path, re.sub(r"\d+", "#", one.message)
