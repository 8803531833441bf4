"""What a run shows of `unrolled-loop` and `vmappable-loop`: lines that wrote themselves out into a program."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, amounts
from jaxaudit.model.evidence import Evidence, Spot, TraceSeen
from jaxaudit.rules.rule import Rule

MANY = 60
"""Equations of one line from which on a loop is worth a word."""
SHARE = 0.25


def observe_unrolled(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for trace, loop, line, count in unrolled(evidence):
        if loop.loop is not None and loop.loop.kind != "comprehension":
            yield rule.seen(
                Spot(loop.path, loop.loop.line, loop.function),
                f"the Python loop in `{loop.function}` is unrolled while `{trace.site.name}` is traced: "
                f"{written(loop, line, count, trace)}; `lax.scan` or `fori_loop` writes its body once",
                facts=facts(trace, loop, count),
                notes=[(line, "what the loop writes out")],
                severity="info" if trace.trace_s < 0.05 and count < 200 else None,
            )


def observe_vmappable(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for trace, loop, line, count in unrolled(evidence):
        if loop.loop is not None and loop.loop.kind == "comprehension":
            called = line.function.rpartition(".")[2] if line.function != loop.function else ""
            what = f"`{called}`" if called else "its body"
            yield rule.seen(
                loop,
                f"the comprehension in `{loop.function}` runs {what} once per item while `{trace.site.name}` is traced, "
                f"an unrolled loop: {written(loop, line, count, trace)}; `jax.vmap` traces it once for all of them",
                facts=facts(trace, loop, count),
                notes=[(line, "what it writes out")],
                severity="info" if trace.trace_s < 0.05 and count < 200 else None,
            )


def unrolled(evidence: Evidence) -> Iterator[tuple[TraceSeen, Spot, Spot, int]]:
    """The longest trace of each function, with a loop that wrote much of it and the line within."""
    longest: dict[tuple[str, int, str], TraceSeen] = {}
    for trace in evidence.traces:
        key = (trace.site.path, trace.site.line, trace.site.name)
        if trace.site.user and (key not in longest or trace.equations > longest[key].equations):
            longest[key] = trace
    said: set[tuple[str, int]] = set()
    for trace in sorted(longest.values(), key=lambda one: -one.equations):
        sums: dict[tuple[str, int], list[tuple[Spot, Spot, int]]] = {}
        for line, count in trace.lines.items():
            loop = line if line.loop is not None else trace.callers.get(line)
            if loop is not None and loop.loop is not None:
                sums.setdefault((loop.path, loop.loop.line), []).append((loop, line, count))
        for where, rows in sums.items():
            total = sum(count for _, _, count in rows)
            if where not in said and total >= max(MANY, SHARE * trace.equations):
                said.add(where)
                loop, line, _ = max(rows, key=lambda row: row[2])
                yield trace, loop, line, total


def written(loop: Spot, line: Spot, count: int, trace: TraceSeen) -> str:
    share = f"{count} of its {trace.equations} equations" if trace.equations > count else f"{count} equations"
    where = f"line {line.line}" if line.path == loop.path else str(line)
    time = f", {amounts.seconds(trace.trace_s)} of tracing alone" if trace.trace_s >= 0.1 else ""
    return f"{where} wrote {share}{time}"


def facts(trace: TraceSeen, loop: Spot, count: int) -> dict[str, object]:
    return {
        "function": trace.site.name,
        "loop_line": loop.loop.line if loop.loop else None,
        "equations": count,
        "all_equations": trace.equations,
        "trace_seconds": round(trace.trace_s, 4),
    }
