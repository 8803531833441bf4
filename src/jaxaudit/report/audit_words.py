"""The sentences of an audit's report, the same in every format."""

from collections.abc import Iterator, Mapping

from jaxaudit.model import amounts
from jaxaudit.report.counts import Document, Entry

CLOCKS = {
    "cpu_s": "CPU time of a run",
    "steady_s": "run outside compiling",
    "compile_s": "compiling",
    "seconds": "run",
}
COUNTS = {
    "compiles": "compiles",
    "traces": "traces",
    "constants_bytes": "constants",
    "equations": "equations",
    "syncs": "waits",
    "cache_hits": "cache hits",
    "peak_bytes": "peak memory",
}
BYTES = ("constants_bytes", "peak_bytes")


def by_verdict(document: Document, verdict: str) -> list[tuple[Entry, Entry]]:
    """Proposals with their outcomes."""
    proposals = {one["id"]: one for one in document["proposals"]}
    return [(proposals[one["proposal"]], one) for one in document["outcomes"] if one["verdict"] == verdict]


def opening(document: Document) -> str:
    """`74 s a run, 61 s of it compiling.`"""
    sums = document["summary"]
    compiling = sum(sums[stage] for stage in ("trace_s", "lower_s", "compile_s"))
    code = f" It ends with exit code {sums['exit_code']}." if sums["exit_code"] else ""
    return f"{amounts.seconds(sums['run_s'])} a run, {amounts.seconds(compiling)} of it compiling {sums['compiles']} programs.{code}"


def verdict_of_the_whole(document: Document) -> str:
    sums = document["summary"]
    if not document["proposals"] and not document["ruled_out"]:
        return "Nothing was found that a change could mend."
    if not sums["kept"]:
        return "Nothing is kept: no change that was tried made this program measurably better and left it as it is."
    return ""


def moved(measured: Entry) -> str:
    """`compiles 14 -> 1`; `CPU time of a run 3.1 -> 1.4 s (0.44 to 0.47 times, 5 pairs)`."""
    metric, before, after = measured["metric"], measured["before"], measured["after"]
    if metric in BYTES:
        return f"{COUNTS[metric]} {amounts.size(int(before))} -> {amounts.size(int(after))}"
    if metric in COUNTS:
        return f"{COUNTS[metric]} {before:.0f} -> {after:.0f}"
    span = f"{measured['low']:.2f} to {measured['high']:.2f} times, {measured['pairs']} pairs"
    return f"{CLOCKS.get(metric, metric)} {amounts.seconds(before)} -> {amounts.seconds(after)} ({span})"


def worth_saying(outcome: Entry) -> Iterator[str]:
    """The figures that moved, counts first."""
    for one in outcome["measured"]:
        clock = one["metric"] in CLOCKS
        if not clock or not one["low"] <= 1.0 <= one["high"]:
            yield moved(one)


def prediction(proposal: Entry) -> str:
    first: Mapping[str, object] | None = proposal["predicted"]
    if not first:
        return ""
    words = moved(
        {"metric": first["metric"], "before": first["from"], "after": first["to"], "low": 0, "high": 0, "pairs": 0}
    )
    return f"predicted: {words}"


def outputs(outcome: Entry) -> str:
    how = {
        "equal": "output and files equal",
        "within-tolerance": "output equal within rounding",
        "rounding-amplified": "output moved as far as rounding moves it",
        "different": "output differs",
        "not-compared": "output not compared",
    }[outcome["outputs"]]
    tests = {"same": "; tests as before", "broken": "; tests fail", "none": ""}[outcome["tests"]]
    return how + tests


def kept_with(document: Document) -> str:
    kept = by_verdict(document, "keep")
    said = sorted({outputs(outcome) for _, outcome in kept})
    how = "; each tried alone and together" if len(kept) > 1 else ""
    return f"{len(kept)}{how}; {said[0]}" if len(said) == 1 else f"{len(kept)}{how}"


def closing(document: Document) -> str:
    sums = document["summary"]
    held = f" {sums['predictions_held']} of {sums['predictions']} predictions held." if sums["predictions"] else ""
    stop = " It was interrupted: what was not tried is listed." if sums["interrupted"] else ""
    return f"Your files are untouched. {sums['runs']} runs, {amounts.seconds(sums['audit_s'])}.{held}{stop}"


def never_called(document: Document) -> str:
    """The user's jitted functions that the run did not take, of how many."""
    idle = document["never_called"]
    if not idle:
        return ""
    names = ", ".join(f"{one['name']} ({one['path']}:{one['line']})" for one in idle[:5])
    more = f" and {len(idle) - 5} more" if len(idle) > 5 else ""
    return (
        f"{len(idle)} of {document['summary']['jitted']} jitted functions were never called in this run: {names}{more}"
    )
