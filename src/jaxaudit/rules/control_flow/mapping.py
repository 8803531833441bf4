"""What an audit proposes for `vmappable-loop` where the source alone was not sure: one `vmap`, or why not."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.mapping import comprehension_on, mapped, mapped_loop
from jaxaudit.edits.scanned_items import Ragged
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.control_flow.rolling_up import arrays_in
from jaxaudit.rules.predictions import fewer_equations
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.source.knowledge.contexts import RUN_ONCE
from jaxaudit.source.lifetime import frequency

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText

RISK = "All items are in memory at once; a `lax.cond` in what is mapped runs both branches; sums may round differently."


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each comprehension, whoever named it."""
    lines: dict[tuple[str, int], list[Finding]] = {}
    for one in findings:
        lines.setdefault((one.place.path, one.place.line), []).append(one)
    for (path, line), group in lines.items():
        function = str(group[0].facts.get("function") or group[0].place.function).rpartition(".")[2]
        at = Spot(path, line, function)
        title = f"the comprehension of `{function}` as one `jax.vmap`"
        try:
            source = project.text(path)
            loop = _loop_on(source, line)
            if loop is not None:
                title = f"the loop over `{source.of(loop.iter)}` in `{group[0].place.function}` as one `jax.vmap`"
                arrays = arrays_in(source, loop, project)
                outside = any(one.facts.get("traced") is False for one in group)
                done = mapped_loop(source, loop, arrays, jitted=outside and _runs_once(project, path, function))
            else:
                whole = comprehension_on(source, line)
                done = mapped(source, whole, arrays_in(source, whole, project))
        except Ragged as error:
            yield Refused(title, tuple(group), at, "ragged", f"{error}: it stays a loop")
        except CannotEdit as error:
            yield Refused(title, tuple(group), at, "does-not-apply", f"no change is written: {error}")
        else:
            yield Change(
                title,
                tuple(group),
                at,
                {path: done.edits},
                expected=tuple(fewer_equations(project.evidence, function)),
                risk=RISK,
                touched=(function,),
            )


def _runs_once(project: Project, path: str, name: str) -> bool:
    """Whether a program of its own, for a loop outside jit, is compiled once: in `main`, or at module level."""
    program = project.program
    found = [
        one
        for one in list(program.graph.linked_functions)
        if os.path.normpath(one.module.path) == path and (one.name == name or (one.is_module and name == "<module>"))
    ]
    return any(one.is_module or name in RUN_ONCE or frequency(program, one).how == "once" for one in found)


def _loop_on(source: SourceText, line: int) -> ast.For | None:
    """The `for` statement whose first line this is."""
    return next((one for one in ast.walk(source.tree) if isinstance(one, ast.For) and one.iter.lineno == line), None)
