"""A run as people read it in a terminal: the sums, what is worth doing, then every function."""

from collections.abc import Iterator

from jaxaudit.model import amounts
from jaxaudit.report import run_words as words
from jaxaudit.report.counts import Document, Entry, certain, number
from jaxaudit.report.paint import Paint, plain
from jaxaudit.report.places import line_of
from jaxaudit.report.run_deaths import deaths
from jaxaudit.report.tables import table
from jaxaudit.report.text_width import printable, width, wrap

MOST_FINDINGS = 12
MOST_FUNCTIONS = 12
MOST_OTHERS = 6
MOST_SYNCS = 3


def run_summary(document: Document, columns: int = 80, paint: Paint = plain, unsure: bool = False) -> str:
    """All of it; what has more rows than fit says how many were left out."""
    lines = [paint("jaxaudit run", "strong") + f": {words.circumstances(document)}"]
    lines += wrap(words.compiled(document), columns)
    lines += [paint(line, "error") for said in deaths(document) for line in wrap(said, columns, rest="  ")]
    lines += _findings(document, columns, paint, unsure)
    lines += _functions(document, columns, paint)
    lines += _eager(document, columns, paint)
    lines += _not_seen(document, columns, paint)
    lines += _syncs(document, columns, paint)
    lines += _last(document, columns, unsure)
    return "\n".join(lines) + "\n"


def _findings(document: Document, columns: int, paint: Paint, unsure: bool) -> Iterator[str]:
    found = words.worst_first(document, unsure)
    if not found and not document["summary"]["compiles"]:
        return
    if not found:
        yield from ("", "No faults were seen in this run.")
        return
    told = _folded(found)
    for finding, others in told[:MOST_FINDINGS]:
        yield ""
        yield from _finding(finding, columns, paint)
        yield from _others(others, columns)
    left = sum(1 + len(others) for _, others in told[MOST_FINDINGS:])
    if left:
        yield from ("", f"and {number(left, 'lesser finding')}.")


def _folded(found: list[Entry]) -> list[tuple[Entry, list[Entry]]]:
    """Notes of one rule after its first stand below it, a line for all: their places and costs."""
    told: list[tuple[Entry, list[Entry]]] = []
    notes: dict[str, list[Entry]] = {}
    for finding in found:
        if finding["severity"] == "info" and finding["rule"] in notes:
            notes[finding["rule"]].append(finding)
            continue
        others: list[Entry] = []
        if finding["severity"] == "info":
            notes[finding["rule"]] = others
        told.append((finding, others))
    return told


def _others(others: list[Entry], columns: int) -> Iterator[str]:
    if others:
        said = [
            f"{printable(line_of(one))}{', ' if words.cost(one) else ''}{words.cost(one)}"
            for one in others[:MOST_OTHERS]
        ]
        more = f"; and {len(others) - MOST_OTHERS} more" if len(others) > MOST_OTHERS else ""
        yield from wrap("; ".join(said) + more, columns, first="  also: ", rest="        ")


def _finding(finding: Entry, columns: int, paint: Paint) -> Iterator[str]:
    name = f"{finding['severity']}[{finding['rule']}]"
    first, *rest = wrap(finding["message"], columns, first=f"{name}: ", rest="  ")
    yield paint(name, finding["severity"]) + paint(first[len(name) :], "strong")
    yield from (paint(line, "strong") for line in rest)
    place = printable(line_of(finding))
    inside = f" in {printable(finding['function'])}" if finding["function"] not in ("", "<module>") else ""
    cost = words.cost(finding)
    yield f"  --> {place}{inside}" + (f", {cost}" if cost else "")
    if finding["help"]:
        yield from wrap(finding["help"], columns, first="  help: ", rest="        ")
    if not certain(finding):
        yield f"  unsure: confidence {finding['confidence']:.2f}"


def _functions(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    mine = words.own(document)
    if mine:
        rows: list[tuple[str, ...]] = [("function", "calls", "traces", "compiles", "trace", "lower", "XLA", "captured")]
        rows += [_row(one) for one in mine[:MOST_FUNCTIONS]]
        head, *body = table(rows, right=(1, 2, 3, 4, 5, 6, 7))
        yield from ("", paint(_cut(head, columns), "strong"))
        for line, function in zip(body, mine[:MOST_FUNCTIONS], strict=True):
            yield _cut(line, columns)
            yield from _details(document, function, columns)
        if len(mine) > MOST_FUNCTIONS:
            yield f"and {number(len(mine) - MOST_FUNCTIONS, 'more function')}"
    theirs = words.libraries(document)
    if theirs:
        yield from wrap(theirs, columns, rest="  ") if mine else ["", *wrap(theirs, columns, rest="  ")]


def _row(function: Entry) -> tuple[str, ...]:
    name = function["name"]
    return (
        name if width(name) <= 26 else f"…{name[-25:]}",
        _count(function["calls"]),
        str(function["traces"]),
        str(function["compiles"]),
        *(amounts.seconds(function[stage]) for stage in ("trace_s", "lower_s", "compile_s")),
        amounts.size(function["constants_bytes"]) if function["constants_bytes"] else "-",
    )


def _count(calls: int) -> str:
    return str(calls) if calls else "-"


def _details(document: Document, function: Entry, columns: int) -> Iterator[str]:
    """Where it stands, why it was compiled again, what it captured, what its arguments did."""
    yield from wrap(f"{line_of(function)}, {function['wrapper']}", columns, first="    ", rest="      ")
    for reason in words.why_again(document, function)[:3]:
        yield from wrap(reason, columns, first="    again ", rest="      ")
    captured = words.captures(document, function)
    if captured:
        yield from wrap(captured, columns, first="    captured ", rest="      ")
    for said in words.arguments(function):
        yield from wrap(said, columns, first="    ", rest="      ")


def _eager(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    found = words.eager_lines(document)
    if found:
        yield from ("", paint("Single operations outside jit", "strong"))
    for said in found:
        yield from wrap(said, columns, first="  ", rest="    ")


def _not_seen(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    said = words.not_seen(document)
    if said:
        head, *rest = wrap(said, columns, first="NOT SEEN ", rest="  ")
        yield from ("", paint("NOT SEEN", "strong") + head.removeprefix("NOT SEEN"), *rest)


def _syncs(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    found = words.loops(document)
    if found:
        yield from ("", paint("The host waited in loops", "strong"))
    for one in found[:MOST_SYNCS]:
        said = f"{line_of(one)} {one['how']}: {amounts.times(one['count'])}, {amounts.seconds(one['seconds'])}"
        yield from wrap(said, columns, first="  ", rest="    ")
    if len(found) > MOST_SYNCS:
        yield f"  and at {number(len(found) - MOST_SYNCS, 'more line')}"


def _last(document: Document, columns: int, unsure: bool) -> Iterator[str]:
    """What could not be seen, and what to do next."""
    yield ""
    for entry in document["unread"]:
        yield from wrap(f"not read: {entry['path']}: {entry['reason']}", columns, rest="  ")
    for fault in document["faults"]:
        said = f"the rule {fault['rule']} failed, a fault of jaxaudit: {fault['text']}"
        yield from wrap(said, columns, rest="  ")
    for note in document["notes"][:3]:
        yield from wrap(f"note: {note}", columns, rest="  ")
    sums = document["summary"]
    if sums["unsure"] and not unsure:
        yield from wrap(f"{number(sums['unsure'], 'suspicion')} more: --unsure shows them.", columns)
    rules = sorted({finding["rule"] for finding in words.worst_first(document, unsure)[:MOST_FINDINGS]})
    if rules:
        yield f"`jaxaudit explain {words.worst_first(document, unsure)[0]['rule']}` tells more of a rule."
    if document["environment"].get("record"):
        yield from wrap(f"record: {document['environment']['record']} (`jaxaudit report` shows it again)", columns)


def _cut(line: str, columns: int) -> str:
    return line if width(line) <= columns else f"{line[: columns - 1]}…"
