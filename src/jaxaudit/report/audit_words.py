"""The sentences of an audit's report, the same in every format."""

from collections.abc import Iterator

from jaxaudit.model import amounts
from jaxaudit.model.moved_words import CLOCKS
from jaxaudit.model.moved_words import moved as in_words
from jaxaudit.report.counts import Document, Entry


def by_verdict(document: Document, verdict: str) -> list[tuple[Entry, Entry]]:
    """Proposals with their outcomes."""
    proposals = {one["id"]: one for one in document["proposals"]}
    return [(proposals[one["proposal"]], one) for one in document["outcomes"] if one["verdict"] == verdict]


def opening(document: Document) -> str:
    """`74 s a run, 61 s of it compiling.`"""
    sums = document["summary"]
    compiling = sum(sums[stage] for stage in ("trace_s", "lower_s", "compile_s"))
    error = next((one["error"] for one in document["processes"] if one["error"]), "")
    said = f": {error}" if error else ""
    code = f" It ends with exit code {sums['exit_code']}{said}." if sums["exit_code"] else ""
    return f"{amounts.seconds(sums['run_s'])} a run, {amounts.seconds(compiling)} of it compiling {sums['compiles']} programs.{code}"


def verdict_of_the_whole(document: Document) -> str:
    sums = document["summary"]
    if not document["proposals"] and not document["ruled_out"]:
        return "Nothing was found that a change could mend."
    if not sums["kept"]:
        return "Nothing is kept: no change that was tried made this program measurably better and left it as it is."
    return ""


def moved(measured: Entry) -> str:
    return in_words(*(measured[name] for name in ("metric", "before", "after", "low", "high", "pairs")))


def worth_saying(outcome: Entry) -> Iterator[str]:
    """The figures that moved, counts first."""
    for one in outcome["measured"]:
        clock = one["metric"] in CLOCKS
        if not clock or not one["low"] <= 1.0 <= one["high"]:
            yield moved(one)


def fault(document: Document, proposal: Entry) -> str:
    """What was wrong there, as the run saw it where it did: with the array, the count, the seconds."""
    said = [document["findings"][index] for index in proposal["findings"]]
    seen = [one for one in said if one["source"] == "run"]
    return str((seen or said)[0]["message"]) if said else ""


def prediction(proposal: Entry) -> str:
    first = proposal["predicted"]
    if not first:
        return ""
    return f"predicted: {in_words(str(first['metric']), float(first['from']), float(first['to']))}"


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
