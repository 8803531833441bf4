"""What a run shows of `unrolled-loop` and `vmappable-loop`: lines that wrote themselves out into a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence, ProgramSeen
    from jaxaudit.model.spot import Spot


MANY = 60
"""Equations of one line from which on a loop is worth a word."""
SHARE = 0.25
SLIGHT = 200


def observe_unrolled(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for program, loop, line, count in unrolled(evidence):
        if loop.loop is not None and loop.loop.kind != "comprehension":
            yield rule.seen(
                loop._replace(line=loop.loop.line, loop=None),
                f"the Python loop{over(loop)} in `{loop.function}` is unrolled while `{program.site.name}` is traced: "
                f"{written(loop, line, count, program)}; `lax.scan` or `fori_loop` writes its body once",
                facts=facts(program, loop, count),
                notes=[(line, "what the loop writes out")],
                severity="info" if count < SLIGHT else None,
            )


def observe_vmappable(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for program, loop, line, count in unrolled(evidence):
        if loop.loop is not None and loop.loop.kind == "comprehension":
            parts = line.function.split(".") if line.function != loop.function else [""]
            called = ".".join(parts[-2:] if parts[-1].startswith("__") else parts[-1:])
            what = f"`{called}`" if called else "its body"
            yield rule.seen(
                loop,
                f"the comprehension{over(loop)} in `{loop.function}` runs {what} once per item while `{program.site.name}` is traced, "
                f"an unrolled loop: {written(loop, line, count, program)}; `jax.vmap` traces it once for all of them",
                facts=facts(program, loop, count),
                notes=[(line, "what it writes out")],
                severity="info" if count < SLIGHT else None,
            )


def unrolled(evidence: Evidence) -> Iterator[tuple[ProgramSeen, Spot, Spot, int]]:
    """The largest program of each function, with a loop that wrote much of it and the line within."""
    largest: dict[tuple[str, int, str], ProgramSeen] = {}
    for program in evidence.programs:
        key = (program.site.path, program.site.line, program.site.name)
        if program.site.user and (key not in largest or program.equations > largest[key].equations):
            largest[key] = program
    said: set[tuple[str, int]] = set()
    for program in sorted(largest.values(), key=lambda one: -one.equations):
        sums: dict[tuple[str, int], list[tuple[Spot, Spot, int]]] = {}
        for line, count in program.lines.items():
            loop = line if line.loop is not None else program.callers.get(line)
            if loop is not None and loop.loop is not None:
                sums.setdefault((loop.path, loop.loop.line), []).append((loop, line, count))
        for where, rows in sums.items():
            total = sum(count for _, _, count in rows)
            if where not in said and total >= max(MANY, SHARE * program.equations):
                said.add(where)
                loop, line, _ = max(rows, key=lambda row: row[2])
                yield program, loop, line, total


def written(loop: Spot, line: Spot, count: int, program: ProgramSeen) -> str:
    share = f"{count} of its {program.equations} equations" if program.equations > count else f"{count} equations"
    where = f"line {line.line}" if line.path == loop.path else str(line)
    return f"{where} wrote {share}"


def over(loop: Spot) -> str:
    """ " over `layer in self.layers`", or " `while k < n`"."""
    if loop.loop is None or not loop.loop.over:
        return ""
    return f" `while {loop.loop.over}`" if loop.loop.kind == "while" else f" over `{loop.loop.over}`"


def facts(program: ProgramSeen, loop: Spot, count: int) -> dict[str, object]:
    return {
        "function": program.site.name,
        "loop_line": loop.loop.line if loop.loop else None,
        "equations": count,
        "all_equations": program.equations,
    }
