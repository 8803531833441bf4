"""What an audit proposes for `missing-static` where several arguments of one jit must be static: all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.jit_sites import jit_site
from jaxaudit.edits.static_names import add_static_names
from jaxaudit.model import Finding, Place
from jaxaudit.model.spot import Spot
from jaxaudit.rules.project import Change, Project, Refused

RISK = "A static argument must be hashable, and each new value compiles the function again."


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each jit that misses two static arguments or more: with one alone the program ends as before."""
    jits: dict[Place, list[Finding]] = {}
    for one in findings:
        if one.fix is not None and one.notes and one.notes[-1].place.path == one.place.path:
            jits.setdefault(one.notes[-1].place, []).append(one)
    for place, group in jits.items():
        names = list(dict.fromkeys(str(one.facts["parameter"]) for one in group))
        if len(names) < 2:
            continue
        function = str(group[0].facts["function"])
        seen = [one for one in findings if one.source == "run" and str(one.facts.get("made_static")) in names]
        try:
            source = project.text(place.path)
            edits = add_static_names(source, jit_site(source, place), names)
        except CannotEdit:
            continue  # each by itself then
        yield Change(
            f"make `{'`, `'.join(names[:-1])}` and `{names[-1]}` of `{function}` static",
            (*group, *seen),
            Spot(group[0].place.path, group[0].place.line, function),
            {place.path: edits},
            risk=RISK,
            touched=(function,),
        )
