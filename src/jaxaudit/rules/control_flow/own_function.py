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
from jaxaudit.source.knowledge.transforms import JAX

if TYPE_CHECKING:
    import ast

    from jaxaudit.edits import SourceText
    from jaxaudit.model.evidence import Evidence

LOOPS = ("scan", "while_loop", "fori_loop", "map", "associative_scan", "cond", "switch")
NAMES = tuple(f"{home}.{name}" for home in ("jax.lax", "lax") for name in LOOPS)
SOLVERS = tuple(name for name, one in JAX.items() if one.kind == "solver")
"""JAX's own: a run tells of their parts only, `while` and small programs."""
RISK = (
    "What the loop reads from around it becomes its arguments and is traced: arrays and numbers may be, other objects raise "
    "an error there, and a number no longer decides a shape."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each line that runs such a loop, or one of JAX's solvers that compiled again."""
    told = {(seen.place.path, seen.place.line): (seen, group) for seen, group in seen_by_line(findings)}
    for one in findings:
        if one.facts.get("runs") in SOLVERS and fewer_on(project.evidence, one.place.path, one.place.line):
            told.setdefault((one.place.path, one.place.line), (one, (one,)))
    for seen, group in told.values():
        path, line = seen.place.path, seen.place.line
        where = seen.place.function.rpartition(".")[2]
        at = Spot(path, line, seen.place.function)
        try:
            source = project.text(path)
            call = _loop_on(source, line)
            kind = source.of(call.func).rpartition(".")[2]
            must_have_no_other_method(project, source, call)
            done = extracted(source, call, f"{kind}_of_{where}" if where.isidentifier() else f"jitted_{kind}")
            again = int(seen.facts.get("recompiles") or fewer_on(project.evidence, path, line))
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
            expected=tuple(fewer_compiles(project.evidence, again)),
            risk=RISK,
            touched=tuple(dict.fromkeys((where, kind, str(seen.facts.get("function") or kind)))),
        )


def _loop_on(source: SourceText, line: int) -> ast.Call:
    calls = calls_of(source, line, *NAMES, *SOLVERS)
    if len(calls) != 1:
        raise CannotEdit(f"{len(calls)} loops of `jax.lax` stand in that line")
    return calls[0]


def fewer_on(evidence: Evidence, path: str, line: int) -> int:
    """How many programs fewer one program for all of this line would be, where any was compiled again."""
    here = [one for one in evidence.compiles if one.at is not None and (one.at.path, one.at.line) == (path, line)]
    again = any(one.cause.kind != "first" for one in here)
    return len(here) - 1 if again else 0
