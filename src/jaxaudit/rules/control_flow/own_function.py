"""What an audit proposes for `fresh-body`: the loop with its body in a jitted function of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.extracting import extracted
from jaxaudit.edits.lines import calls_of
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.boundaries.subclasses import must_have_no_other_method
from jaxaudit.rules.predictions import fewer_compiles
from jaxaudit.rules.project import Change, Project, Refused, seen_by_line

if TYPE_CHECKING:
    import ast

    from jaxaudit.edits import SourceText

LOOPS = ("scan", "while_loop", "fori_loop", "map", "associative_scan", "cond", "switch")
NAMES = tuple(f"{home}.{name}" for home in ("jax.lax", "lax") for name in LOOPS)
RISK = (
    "What the loop reads from around it becomes its arguments and is traced: arrays and numbers may be, other objects raise "
    "an error there, and a number no longer decides a shape."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each line that runs such a loop."""
    for seen, group in seen_by_line(findings):
        path, line = seen.place.path, seen.place.line
        where = seen.place.function.rpartition(".")[2]
        at = Spot(path, line, seen.place.function)
        try:
            source = project.text(path)
            call = _loop_on(source, line)
            kind = source.of(call.func).rpartition(".")[2]
            must_have_no_other_method(project, source, call)
            done = extracted(source, call, f"{kind}_of_{where}" if where.isidentifier() else f"jitted_{kind}")
        except CannotEdit as error:
            yield Refused(
                f"the loop in line {line}, jitted", group, at, "does-not-apply", f"no change is written: {error}"
            )
            continue
        yield Change(
            f"`{kind}` in line {line} stands in a jitted function of its own, `{'`, `'.join(done.arguments)}` handed in",
            group,
            at,
            {path: done.edits},
            expected=tuple(fewer_compiles(project.evidence, int(seen.facts.get("recompiles") or 0))),
            risk=RISK,
            touched=tuple(dict.fromkeys((where, kind, str(seen.facts.get("function") or kind)))),
        )


def _loop_on(source: SourceText, line: int) -> ast.Call:
    calls = calls_of(source, line, *NAMES)
    if len(calls) != 1:
        raise CannotEdit(f"{len(calls)} loops of `jax.lax` stand in that line")
    return calls[0]
