"""The sentences of an audit's report, the same in every format."""

from collections.abc import Iterator, Sequence
from math import ceil
from statistics import median

from jaxaudit.model import amounts
from jaxaudit.model.moved_words import CLOCKS, span
from jaxaudit.model.moved_words import moved as in_words
from jaxaudit.report import run_words
from jaxaudit.report.counts import Document, Entry, number
from jaxaudit.report.run_deaths import deaths, signal_name

Change = tuple[Entry, Entry]
"""A proposal and its outcome."""


def by_verdict(document: Document, verdict: str) -> list[Change]:
    proposals = {one["id"]: one for one in document["proposals"]}
    return [(proposals[one["proposal"]], one) for one in document["outcomes"] if one["verdict"] == verdict]


def open_ones(document: Document) -> list[Change]:
    """Tried, and the user's to decide."""
    return [one for one in by_verdict(document, "undecided") if was_tried(one[1])]


def others_of(document: Document, proposal: Entry) -> list[Entry]:
    """Other ways to the end of a kept change, which were not needed."""
    group = proposal.get("group")
    return [one for one, _ in _idle(document) if group and one.get("group") == group]


def not_tried(document: Document) -> list[Change]:
    """What was not tried, other ways to the end of a kept change aside."""
    met = {one.get("group") for one, _ in by_verdict(document, "keep")} - {"", None}
    return [one for one in _idle(document) if one[0].get("group") not in met]


def _idle(document: Document) -> list[Change]:
    return [one for one in by_verdict(document, "undecided") if not was_tried(one[1])]


def was_tried(outcome: Entry) -> bool:
    """Also where the time was up before its clocks could tell."""
    return bool(outcome["reason"]["code"] != "not-tried" or outcome["outputs"] != "not-compared")


# -- the whole ---------------------------------------------------------------------------------------------------------


def ran_on(document: Document) -> str:
    """`Python 3.12.4, JAX 0.12.0.1, cpu, 2 cores`."""
    here = document["environment"]
    devices = len(here.get("devices") or ())
    backend = f"{devices} devices of {here['backend']}" if devices > 1 else here.get("backend")
    cores = number(here["cores"], "core") if here.get("cores") else ""
    jax = f"JAX {here['jax']}" if here.get("jax") else ""
    return ", ".join(part for part in (f"Python {here['python']}", jax, backend, cores) if part)


def opening(document: Document) -> str:
    """`74 s a run, 61 s of it compiling 24 programs. With both changes: 21 s.`"""
    sums = document["summary"]
    whole, compiling = _seconds_of_a_run(document)
    code = f" {_ending(document)}" if sums["exit_code"] else ""
    programs = number(sums["compiles"], "program")
    first = f"{amounts.seconds(whole)} a run, {amounts.seconds(compiling)} of it compiling {programs}."
    if not sums["compiles"]:
        first = f"{amounts.seconds(whole)} a run; nothing was compiled."
    prefix = f" {sums['prefix']}." if sums.get("prefix") else ""
    return f"{first}{_with_all(document)}{code}{prefix}"


def _ending(document: Document) -> str:
    """What it died of, or its exit code, which is one of its outputs."""
    code = document["summary"]["exit_code"]
    if document["summary"]["interrupted"] and code < 0:
        return "It was interrupted there."
    died = next(deaths(document), "")
    if died:
        told = f"Died ({signal_name(-code)})" if code < 0 else "It ends"
        return f"{died.replace('The record ends', told).rstrip('.')}."
    if code < 0:
        return f"It dies of {signal_name(-code)}."
    error = next((one["error"] for one in document["processes"] if one["error"]), "")
    return f"It ends with exit code {code}{f': {error}' if error else ''}."


def _seconds_of_a_run(document: Document) -> tuple[float, float]:
    """All of it, and compiling: of the timed runs where there are some, for observing values takes its time."""
    clocks = {one["metric"]: median(one["values"]) for one in document.get("clocks", ())}
    if "seconds" in clocks and "compile_s" in clocks:
        return clocks["seconds"], clocks["compile_s"]
    sums = document["summary"]
    return sums["run_s"], sum(sums[stage] for stage in ("trace_s", "lower_s", "compile_s"))


def _with_all(document: Document) -> str:
    """How long a run takes with everything that was kept, where that was measured."""
    kept = by_verdict(document, "keep")
    whole = document.get("together") or (kept[0][1] if len(kept) == 1 else None)
    after = [one for one in whole["measured"] if one["metric"] == "seconds"] if whole else []
    if not after or not after[0]["high"] < 1.0:
        return ""
    what = {1: "the change", 2: "both changes"}.get(len(kept), f"the {len(kept)} changes")
    return f" With {what} below: {amounts.seconds(after[0]['after'])}."


def counted(document: Document) -> str:
    """`Kept 1 of 3 changes; 1 is yours to decide.`"""
    sums = document["summary"]
    changes = len(document["proposals"])
    if not changes:
        return nothing_kept(document)
    said = [f"Kept {sums['kept']} of {number(changes, 'change')}"]
    if open_ones(document):
        said.append(f"{len(open_ones(document))} {'is' if len(open_ones(document)) == 1 else 'are'} yours to decide")
    if sums["dropped"]:
        said.append(f"dropped {sums['dropped']}")
    if sums["ruled_out"]:
        said.append(f"ruled out {sums['ruled_out']} without a trial")
    return "; ".join(said) + "."


def nothing_kept(document: Document) -> str:
    """Why nothing is kept; "" where something is."""
    sums = document["summary"]
    if sums["kept"]:
        return ""
    if not document["proposals"] and not document["ruled_out"]:
        return "Nothing was found that a change could mend."
    if not document["proposals"]:
        return "Nothing was tried: what was considered is ruled out, with its reason."
    if len(_idle(document)) == len(document["outcomes"]):
        return "Nothing was tried."
    return "Nothing is kept: no change that was tried left the program as it is and made it measurably better."


def kept_with(document: Document) -> str:
    """`2, each tried alone and together; printed output and files equal`."""
    kept = by_verdict(document, "keep")
    how = f", {how_tried(kept)}" if len(kept) > 1 else ""
    same = same_outputs(kept)
    return f"{len(kept)}{how}; {same}" if same else f"{len(kept)}{how}"


def same_outputs(kept: Sequence[Change]) -> str:
    """How the outputs of all of them compare; "" where that differs from one to the other."""
    said = {outputs(outcome) for _, outcome in kept}
    return said.pop() if len(said) == 1 else ""


def how_tried(kept: Sequence[Change]) -> str:
    """A setting such as a cache is tried upon the others only, and so is what was written upon them; so is all where the
    program does not end without the first.
    """
    alone = not any(one["setting"] or one.get("includes") for one, _ in kept) and all(
        outcome["reason"]["code"] != "completes" for _, outcome in kept
    )
    return "each tried alone and together" if alone else "each tried with those before it"


def closing(document: Document) -> str:
    sums = document["summary"]
    held = f" {_held(sums)}" if sums["predictions"] else ""
    stop = " It was interrupted: what was not tried is listed." if sums["interrupted"] else ""
    return f"{number(sums['runs'], 'run')}, {minutes(sums['audit_s'])}.{held}{stop}"


def _held(sums: Entry) -> str:
    if sums["predictions"] == 1:
        return "The prediction held." if sums["predictions_held"] else "The prediction did not hold."
    return f"{sums['predictions_held']} of {sums['predictions']} predictions held."


def minutes(seconds: float) -> str:
    """`52 s`, `6 min 10 s`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


# -- one change --------------------------------------------------------------------------------------------------------


def moved(measured: Entry) -> str:
    return in_words(*(measured[name] for name in ("metric", "before", "after", "low", "high", "pairs")))


def worth_saying(outcome: Entry) -> Iterator[str]:
    """The figures that moved beyond the noise, counts first; of a program that died before, that it ends."""
    if outcome["reason"]["code"] == "completes":
        yield str(outcome["reason"]["text"])
    for one in moving(outcome):
        yield moved(one)


STILL = 0.05
"""A peak of memory that moved by less than this part of itself says nothing."""


def moving(outcome: Entry) -> list[Entry]:
    found = [one for one in outcome["measured"] if _moves(one)]
    return sorted(found, key=lambda one: one["metric"] in CLOCKS)


def _moves(one: Entry) -> bool:
    if one["metric"] == "peak_bytes":
        return abs(float(one["ratio"]) - 1.0) >= STILL
    return one["metric"] not in CLOCKS or not one["low"] <= 1.0 <= one["high"]


def figures(proposal: Entry, outcome: Entry) -> Iterator[str]:
    """What moved, and what had been predicted of it: `constants 1.1 GB -> 0, as predicted`."""
    held, of = outcome.get("predictions_held") or (0, 0)
    predicted = {one["metric"] for one in proposal.get("predictions", ())} if of and held == of else set()
    for one in moving(outcome):
        yield moved(one) + (", as predicted" if one["metric"] in predicted else "")
    if outcome["verdict"] == "keep":
        yield from _no_slower(outcome)
    if of and held < of:
        said = "; ".join(expectation(one) for one in proposal["predictions"])
        yield f"{held} of {number(of, 'prediction')} held: {said}"


def _no_slower(outcome: Entry) -> Iterator[str]:
    """Where a count decided and the clock did not move: how large a slowdown would have been seen."""
    for one in outcome["measured"]:
        if one["metric"] == "cpu_s" and one["low"] <= 1.0 <= one["high"]:
            noise = f"{span(one['low'], one['high'])}, {number(one['pairs'], 'pair')}"
            yield f"CPU time of a run did not move ({noise}): more than {one['high'] - 1:.0%} slower would have been seen"


def pays_after(document: Document, proposal: Entry, outcome: Entry) -> str:
    """Of a static argument that gains time: how many calls with one value earn back what compiling for it costs."""
    if (
        outcome["verdict"] == "drop"
        or "static-candidate" not in proposal["rules"]
        or "static_argn" not in proposal["diff"]
    ):
        return ""
    function = next((one for one in document["functions"] if one["name"] == proposal["function"]), None)
    clock = next(
        (one for one in outcome["measured"] if one["metric"] in ("steady_s", "cpu_s") and one["high"] < 1), None
    )
    if function is None or clock is None or not function["calls"] or not function["compiles"]:
        return ""
    cost = sum(function[stage] for stage in ("trace_s", "lower_s", "compile_s")) / function["compiles"]
    gained = (clock["before"] - clock["after"]) / function["calls"]
    calls = f"{ceil(cost / gained):,}"
    return (
        f"each new value compiles for {amounts.seconds(cost)}, which pays after about {calls} calls with it: "
        f"{f'{gained * 1e6:.2g} us' if gained < 1e-4 else amounts.seconds(gained)} less a call"
    )


def expectation(one: Entry) -> str:
    """`compiles 14 -> 1 for step`."""
    whose = f" for {one['function']}" if one.get("function") else ""
    return in_words(str(one["metric"]), float(one["from"]), float(one["to"])) + whose


def prediction(proposal: Entry) -> str:
    first = proposal["predicted"]
    return f"predicted: {expectation(first)}" if first else ""


def same_end(document: Document, proposal: Entry) -> Entry | None:
    """The first of the changes that lead to the same end, where this is not it."""
    group = proposal.get("group")
    first = next((one for one in document["proposals"] if group and one.get("group") == group), proposal)
    return None if first["id"] == proposal["id"] else first


def fault(document: Document, proposal: Entry) -> str:
    """What was wrong there, as the run saw it where it did: with the array (of several the largest), the count, the
    seconds.
    """
    said = [document["findings"][index] for index in proposal["findings"]]
    seen = [one for one in said if one["source"] == "run"] or said
    return str(max(seen, key=_weight)["message"]) if seen else ""


def _weight(finding: Entry) -> float:
    size = finding["facts"].get("bytes")
    return float(size) if isinstance(size, int | float) else 0.0


def upon(proposal: Entry) -> str:
    """That it was written upon others, which come along."""
    others = proposal.get("includes") or ()
    if not others:
        return ""
    return f"written upon {' and '.join(others)}, on the same lines: it was tried with {'them' if others[1:] else 'it'}"


def instead(document: Document, proposal: Entry) -> str:
    """The other ways to the same end, in one sentence."""
    others = others_of(document, proposal)
    if not others:
        return ""
    said = "; ".join(f"({one['id']}) {one['title']}" for one in others)
    return f"other ways to the same end, not tried: {said}"


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


def compared(outcome: Entry) -> str:
    """The same, with how far they are apart, and whose values were looked at."""
    apart = f" ({outcome['difference']})" if outcome["difference"] else ""
    values = f"; {outcome['values']}" if outcome.get("values") else ""
    return f"{outputs(outcome)}{apart}{values}"


# -- what was left -----------------------------------------------------------------------------------------------------


def left_alone(document: Document) -> str:
    """`2 captured arrays, 512 KiB in all (budget 2 MiB)`: small ones, which the user's budget allows."""
    budget = document.get("wishes", {}).get("captured_bytes", 0)
    by_function: dict[tuple[str, str, int], list[int]] = {}
    for one in document["constants"]:
        if one.get("how") != "created" and one["bytes"] >= 1024:
            place = (one["function"], one["path"], one["line"])
            by_function.setdefault(place, []).append(int(one["bytes"]))
    small = [sizes for sizes in by_function.values() if sum(sizes) <= budget]
    count = sum(map(len, small))
    if not count:
        return ""
    whole = amounts.size(sum(map(sum, small)))
    return f"{number(count, 'captured array')}, {whole} in all (up to {budget_size(budget)} a function may be captured)"


def budget_size(count: int) -> str:
    """`2 MiB`, as the configuration writes it, where it is a round one."""
    return f"{count >> 20} MiB" if count and count % (1 << 20) == 0 else amounts.size(count)


def never_called(document: Document) -> str:
    """The user's jitted functions that the run did not take, of how many."""
    return run_words.not_seen(document)
