"""What an audit proposes where arrays came committed to a device in some calls only: `device_put` leaves them where it would
put them anyway, without committing them.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.lines import calls_of
from jaxaudit.edits.nodes import parents_of
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.predictions import fewer_compiles
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.rules.units import units_around
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.provenance import roots

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.source.program import Program

FIRST = ("jax.devices", "jax.local_devices")
RISK = (
    "The arrays lie on the default device, as before, but are no longer bound to it: under `jax.default_device(...)`, or beside an "
    "array that is committed elsewhere, they go where the others are."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each line that committed what compiled functions again."""
    lines: dict[tuple[str, int], list[Finding]] = {}
    for one in findings:
        if one.source == "run" and one.facts.get("kind") == "committed":
            for put in one.facts.get("put", ()):
                lines.setdefault((os.path.normpath(str(put["path"])), int(put["line"])), []).append(one)
    for (path, line), group in lines.items():
        at = Spot(path, line, group[0].place.function)
        names = tuple(dict.fromkeys(str(one.facts["function"]).rpartition(".")[2] for one in group))
        title = f"`device_put` in line {line} no longer binds to a device what goes to `{'`, `'.join(names)}`"
        try:
            edits = _without_device(project, project.text(path), line)
        except CannotEdit as error:
            yield Refused(title, tuple(group), at, "does-not-apply", f"no change is written: {error}")
            continue
        again = sum(int(one.facts.get("recompiles") or 0) for one in group)
        yield Change(
            title, tuple(group), at, {path: edits},
            expected=tuple(fewer_compiles(project.evidence, again)), risk=RISK, touched=names,
        )  # fmt: skip


def _without_device(project: Project, source: SourceText, line: int) -> tuple[Edit, ...]:
    calls = calls_of(source, line, "jax.device_put")
    if len(calls) != 1:
        raise CannotEdit(f"{len(calls)} calls of `jax.device_put` stand in line {line} of {source.path}")
    [call] = calls
    device = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "device"), None)
    if device is None or len(call.args) + len(call.keywords) != 2:
        raise CannotEdit(f"`{source.of(call)[:60]}` is handed more than an array and a device")
    if not _is_first_device(project, source, call, device):
        raise CannotEdit(f"`{source.of(device)}` may be another device than the default one")
    for other in project.sources():
        if "default_device" in other.text:
            raise CannotEdit(f"{other.path} names another default device")
    return (Edit(source.end(call.args[0]), source.end(call) - 1, ""),)


def _is_first_device(project: Project, source: SourceText, call: ast.Call, device: ast.expr) -> bool:
    """`jax.devices()[0]`, by all that the program says of the expression."""
    program = project.program
    program.graph.link_words({"device_put"})
    for unit in units_around(project, source, call):
        for made in unit.flow.calls:
            if c.known_name(program, made.func) != "jax.device_put":
                continue
            if program.place(unit.flow, made.expr).line != call.lineno:
                continue
            value = made.args[1] if len(made.args) > 1 else dict(made.kwargs).get("device")
            return value is not None and _all_first(program, value)
    return _is_written_first(source, device)


def _is_written_first(source: SourceText, device: ast.expr) -> bool:
    text = source.of(device).replace(" ", "")
    return text in {f"{name}()[0]" for name in FIRST} and bool(parents_of(source, device))


def _all_first(program: Program, value: v.Value, depth: int = 0) -> bool:
    found = [one for root in roots(program, value) for one in _handed(program, root, depth)]
    return bool(found) and all(_is_first(program, one) for one in found)


def _handed(program: Program, value: v.Value, depth: int) -> Iterator[v.Value]:
    """Itself; of a parameter, or a field, what the program hands in."""
    further: list[v.Value] = []
    if isinstance(value, v.Param) and depth < 4:
        further = [one for call, one in program.sources(value) if call is not None]
    for one in further:
        for root in roots(program, one):
            yield from _handed(program, root, depth + 1)
    if not further:
        yield value


def _is_first(program: Program, value: v.Value) -> bool:
    if not isinstance(value, v.Item):
        return False
    base = v.settle(value.base)
    name = c.known_name(program, base.func) if isinstance(base, v.Call) else None
    return name in FIRST and isinstance(base, v.Call) and not base.args and _is_zero(value.index)


def _is_zero(index: v.Value) -> bool:
    settled = v.settle(index)
    return isinstance(settled, v.Const) and settled.value == 0
