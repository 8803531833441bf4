"""An audit as people read it in a terminal: what was kept, what is theirs to decide, what was ruled out and why."""

from collections.abc import Iterator

from jaxaudit.report import audit_words as words
from jaxaudit.report import run_words
from jaxaudit.report.counts import Document, Entry, number
from jaxaudit.report.paint import Paint, plain
from jaxaudit.report.text_width import printable, wrap

MOST = 12


def audit_summary(document: Document, columns: int = 80, paint: Paint = plain) -> str:
    lines = [paint("jaxaudit audit", "strong") + f": {run_words.circumstances(document)}"]
    lines += wrap(words.opening(document), columns)
    whole = words.verdict_of_the_whole(document)
    if whole:
        lines += ["", *wrap(whole, columns)]
    lines += _kept(document, columns, paint)
    lines += _undecided(document, columns, paint)
    lines += _ruled_out(document, columns, paint)
    lines += _left(document, columns, paint)
    lines += ["", *wrap(words.closing(document), columns)]
    return "\n".join(lines) + "\n"


def plan_table(document: Document, columns: int = 80, paint: Paint = plain) -> str:
    """What the run showed and what will be tried, before it is."""
    lines = [paint("jaxaudit audit", "strong") + f": {run_words.circumstances(document)}"]
    lines += wrap(words.opening(document), columns)
    if document["proposals"]:
        lines += ["", paint("TO BE TRIED", "strong") + f"  {len(document['proposals'])}"]
    for one in document["proposals"]:
        lines += _titled(one, columns, paint)
        said = words.prediction(one)
        lines += wrap(said, columns, first="    ", rest="    ") if said else []
    return "\n".join(lines) + "\n"


def _kept(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    kept = words.by_verdict(document, "keep")
    if not kept:
        return
    yield ""
    yield from wrap(f"KEPT  {words.kept_with(document)}", columns, rest="      ")
    for proposal, outcome in kept:
        yield from _titled(proposal, columns, paint)
        yield from wrap(printable(words.fault(document, proposal)), columns, first="    ", rest="    ")
        for said in words.worth_saying(outcome):
            yield from wrap(said, columns, first="    ", rest="      ")
        said = words.prediction(proposal)
        if said:
            yield from wrap(said, columns, first="    ", rest="      ")
        if proposal["changes_signature"]:
            yield "    changes the function's signature; callers in the project follow"


def _undecided(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    every = words.by_verdict(document, "undecided")
    idle = [one for one in every if one[1]["reason"]["code"] == "not-tried"]
    open_ = [one for one in every if one not in idle]
    for title, group in (("YOURS TO DECIDE", open_), ("NOT TRIED", idle)):
        if not group:
            continue
        yield ""
        yield paint(f"{title}  {len(group)}", "strong")
        for proposal, outcome in group[:MOST]:
            yield from _titled(proposal, columns, paint)
            yield from wrap(outcome["reason"]["text"], columns, first="    ", rest="    ")


def _ruled_out(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    dropped = words.by_verdict(document, "drop")
    out = document["ruled_out"]
    if not dropped and not out:
        return
    yield ""
    yield paint(f"RULED OUT  {len(dropped) + len(out)}", "strong")
    for proposal, outcome in dropped[:MOST]:
        yield from _titled(proposal, columns, paint)
        yield from wrap(outcome["reason"]["text"], columns, first="    ", rest="    ")
    for one in out[:MOST]:
        yield from _titled(one, columns, paint)
        yield from wrap(one["reason"]["text"], columns, first="    ", rest="    ")
    more = len(dropped[MOST:]) + len(out[MOST:])
    if more:
        yield f"    and {number(more, 'more')}: in the report"


def _left(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    left = document["left"]
    if left:
        yield ""
        yield paint(f"FOUND, NO CHANGE WRITTEN  {len(left)}", "strong")
        for one in left[:MOST]:
            finding = document["findings"][one["finding"]]
            said = f"{one['path']}:{one['line']}  {finding['message']}  {finding['rule']}"
            yield from wrap(printable(said), columns, first="    ", rest="      ")
    said = words.never_called(document)
    if said:
        yield ""
        yield from wrap(printable(f"NOT SEEN  {said}"), columns, rest="    ")


def _titled(one: Entry, columns: int, paint: Paint) -> Iterator[str]:
    number_ = f"{one['id']:>2}" if one.get("id") else " -"
    where = f"{one['path']}:{one['line']}" if one["path"] else ""
    text = f"{where}  {one['title']}  {', '.join(one['rules'])}".strip()
    first, *rest = wrap(printable(text), columns, first=f"{number_}  ", rest="    ")
    yield paint(first, "strong")
    yield from rest
