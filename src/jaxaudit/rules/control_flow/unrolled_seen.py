"""What a run shows of `unrolled-loop` and `vmappable-loop`: lines that wrote themselves out into a program, by a loop, by a
function that calls itself, or by a scan that was asked to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence, ProgramSeen, ScanSeen
    from jaxaudit.model.spot import Spot


MANY = 60
"""Equations of one line from which on a loop is worth a word."""
SHARE = 0.25
SLIGHT = 200
MUCH = 1000
"""Equations of a function that calls itself from which on it is a warning: a few levels may each be of another shape."""
SLOW = 0.5
"""Seconds of XLA's from which on a scan that is written out is worth a word."""


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
    yield from calling_themselves(rule, evidence)
    yield from scans_written_out(rule, evidence)


def calling_themselves(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """Functions that a trace enters from within themselves, and that wrote much of a program."""
    said: set[tuple[str, str]] = set()
    for program in largest_programs(evidence):
        sums: dict[tuple[str, str], list[tuple[Spot, int]]] = {}
        for line in program.recursive:
            sums.setdefault((line.path, line.function), []).append((line, program.lines[line]))
        for where, rows in sums.items():
            total = sum(count for _, count in rows)
            if where in said or total < max(SLIGHT, SHARE * program.equations):
                continue
            said.add(where)
            line, _ = max(rows, key=lambda row: row[1])
            yield rule.seen(
                line._replace(loop=None),
                f"`{line.function}` calls itself while `{program.site.name}` is traced, and each of its calls is written out, an unrolled "
                f"recursion: {written(line, line, total, program)}; a loop (`lax.fori_loop`, `lax.scan`) writes a step once, and a dict "
                "(or `functools.cache` within the trace) what is worked out more than once",
                facts={"function": program.site.name, "calls_itself": line.function, "equations": total, "all_equations": program.equations},
                severity="info" if total < MUCH else None,
            )  # fmt: skip


def scans_written_out(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """`lax.scan(..., unroll=n)`, where XLA took long over the copies."""
    said: set[tuple[str, int]] = set()
    for program in largest_programs(evidence):
        by_line: dict[tuple[str, int], list[ScanSeen]] = {}
        for scan in program.scans:
            by_line.setdefault((scan.at.path, scan.at.line), []).append(scan)
        compiled = max((one.compile_s for one in evidence.compiles if one.site == program.site), default=0.0)
        for where, scans in by_line.items():
            written_out = sum(one.copies * one.equations for one in scans)
            if where in said or compiled < SLOW or written_out < max(SLIGHT, program.equations):
                continue
            said.add(where)
            one = max(scans, key=lambda scan: scan.copies)
            steps = "all its steps" if one.copies == one.length else f"{one.copies} of its {one.length} steps"
            back = ", there and back," if len(scans) > 1 else ""
            yield rule.seen(
                one.at._replace(loop=None),
                f"this scan in `{one.at.function}` is asked to write out {steps} (`unroll=`): `{program.site.name}` gets about {written_out} "
                f"equations for it{back} instead of {sum(scan.equations for scan in scans)}, and XLA took {amounts.seconds(compiled)} to "
                "compile it; a small `unroll=`, or none, keeps the step once",
                facts={"function": program.site.name, "unroll": one.copies, "length": one.length, "equations": written_out},
            )  # fmt: skip


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
    said: set[tuple[str, int]] = set()
    for program in largest_programs(evidence):
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


def largest_programs(evidence: Evidence) -> list[ProgramSeen]:
    """Of each of the user's functions, the largest first."""
    largest: dict[tuple[str, int, str], ProgramSeen] = {}
    for program in evidence.programs:
        key = (program.site.path, program.site.line, program.site.name)
        if program.site.user and (key not in largest or program.equations > largest[key].equations):
            largest[key] = program
    return sorted(largest.values(), key=lambda one: -one.equations)


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
