"""An audit as people read it in a terminal: what was kept, what is theirs to decide, what was ruled out and why."""

from collections.abc import Iterator

from jaxaudit.model.outcome import MENDED_ALONG
from jaxaudit.report import audit_words as words
from jaxaudit.report.counts import Document, Entry, number
from jaxaudit.report.paint import Paint, plain
from jaxaudit.report.places import line_of
from jaxaudit.report.text_width import printable, width, wrap

MOST = 12
INDENT = "    "


def audit_summary(document: Document, columns: int = 80, paint: Paint = plain) -> str:
    lines = [*_head(document, columns, paint)]
    nothing = words.nothing_kept(document)
    if nothing:
        lines += ["", *wrap(nothing, columns)]
    lines += _kept(document, columns, paint)
    lines += _open(document, columns, paint)
    lines += _ruled_out(document, columns, paint)
    lines += _left(document, columns, paint)
    lines += _not_looked_at(document, columns)
    lines += ["", *wrap(words.closing(document), columns)]
    return "\n".join(lines) + "\n"


def plan_table(document: Document, columns: int = 80, paint: Paint = plain) -> str:
    """What the run showed and what will be tried, before it is."""
    lines = [*_head(document, columns, paint)]
    if document["proposals"]:
        lines += ["", _title("TO BE TRIED", str(len(document["proposals"])), paint)]
    for one in document["proposals"]:
        first = words.same_end(document, one)
        said = f"another way to the end of {first['id']}, in case that fails" if first else words.fault(document, one)
        lines += _change(one, said, columns, paint)
        lines += [] if first else _indented(words.prediction(one), columns)
    return "\n".join(lines) + "\n\n"


def _head(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    """`jaxaudit audit simulate.py          Python 3.12.4, JAX 0.12.0.1, cpu, 2 cores`."""
    left = f"jaxaudit audit {printable(str(document['summary']['program']))}".rstrip()
    right = printable(words.ran_on(document))
    space = columns - width(left) - width(right)
    if space >= 2:
        yield paint(left, "strong") + " " * space + right
    else:
        first, *rest = wrap(left, columns, rest="  ")
        yield paint(first, "strong")
        yield from rest
        yield from wrap(right, columns)
    yield from wrap(words.opening(document), columns)


def _title(word: str, count: str, paint: Paint) -> str:
    return f"{paint(word, 'strong')}  {count}"


def _kept(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    kept = words.by_verdict(document, "keep")
    if not kept:
        return
    yield ""
    first, *rest = wrap(words.kept_with(document), columns - 6)
    yield _title("KEPT", first, paint)
    yield from (f"      {line}" for line in rest)
    values = list({outcome.get("values", "") for _, outcome in kept})
    if len(values) == 1 and values[0]:
        yield from (f"      {line}" for line in wrap(values[0], columns - 6))
    for proposal, outcome in kept:
        yield from _change(proposal, words.fault(document, proposal), columns, paint)
        if outcome["reason"]["code"] != "gain":
            yield from _indented(outcome["reason"]["text"], columns)
        for said in words.figures(proposal, outcome):
            yield from wrap(said, columns, first=INDENT, rest=f"{INDENT}  ")
        if len(values) > 1:
            yield from _indented(outcome.get("values", ""), columns)
        if proposal["changes_signature"]:
            yield from _indented("changes the function's signature; its callers in the project follow", columns)
        yield from _indented(words.upon(proposal), columns)
        yield from _indented(words.pays_after(document, proposal, outcome), columns)
        yield from _indented(words.instead(document, proposal), columns)


def _open(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    for word, group in (("YOURS TO DECIDE", words.open_ones(document)), ("NOT TRIED", words.not_tried(document))):
        if not group:
            continue
        yield ""
        reasons = {outcome["reason"]["text"].removeprefix("not tried: ") for _, outcome in group}
        once = len(reasons) == 1 and len(group) > 1
        yield _title(word, f"{len(group)}: {printable(reasons.pop())}" if once else str(len(group)), paint)
        for proposal, outcome in group[:MOST]:
            yield from _change(proposal, "" if once else outcome["reason"]["text"], columns, paint)
            yield from _indented(words.upon(proposal), columns)
            if word == "NOT TRIED" and MENDED_ALONG not in outcome["reason"]["text"]:
                yield from _indented(words.prediction(proposal), columns)
        yield from _more(len(group) - MOST)


def _ruled_out(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    """What was tried and dropped, then what was not even tried."""
    dropped = [(one, outcome["reason"]) for one, outcome in words.by_verdict(document, "drop")]
    every = [*dropped, *((one, one["reason"]) for one in document["ruled_out"])]
    if not every:
        return
    yield ""
    tried = f" ({len(dropped)} of them tried)" if dropped and len(dropped) < len(every) else ""
    yield _title("RULED OUT", f"{len(every)}{tried}", paint)
    for one, reason in every[:MOST]:
        yield from _change(one, reason["text"], columns, paint)
    yield from _more(len(every) - MOST)


def _left(document: Document, columns: int, paint: Paint) -> Iterator[str]:
    left = document["left"]
    if left:
        yield ""
        yield _title("FOUND, NO CHANGE WRITTEN", str(len(left)), paint)
    for one in left[:MOST]:
        finding = document["findings"][one["finding"]]
        yield from _lined(finding["message"], one["rule"], columns, f"{INDENT}{printable(line_of(one))}  ")
    yield from _more(len(left) - MOST)
    said = (("LEFT ALONE", words.left_alone(document)), ("NOT SEEN  ", words.never_called(document)))
    shown = [(word, text) for word, text in said if text]
    if shown:
        yield ""
    for word, text in shown:
        first, *rest = wrap(text, columns, first=f"{word}  ", rest=INDENT)
        yield paint(word, "strong") + first[len(word) :]
        yield from rest


def _not_looked_at(document: Document, columns: int) -> Iterator[str]:
    said = [f"not read: {one['path']}: {one['reason']}" for one in document["unread"]]
    said += [
        f"the rule {one['rule']} failed, so its findings are missing; this is a fault of jaxaudit: {one['text']}"
        for one in document["faults"]
    ]
    said += [f"note: {one}" for one in document.get("notes", ())[:3]]
    if document["unstable"]:
        said.append(f"not compared: {document['unstable']}")
    if said:
        yield ""
    for one in said:
        yield from wrap(one, columns, rest="  ")


def _change(one: Entry, text: str, columns: int, paint: Paint) -> Iterator[str]:
    """` 1  simulate.py:41  Hand ... in`: its number, place and title, then the text with its rules at the margin."""
    number_ = f"{one['id']:>2}" if one.get("id") else " -"
    where = f"{printable(line_of(one))}  " if one["path"] else ""
    first, *rest = wrap(one["title"], columns, first=f"{INDENT}{where}", rest=INDENT)
    yield number_ + paint(first[len(number_) :], "strong")
    yield from (paint(line, "strong") for line in rest)
    yield from _lined(text, ", ".join(one["rules"]), columns)


def _lined(text: str, end: str, columns: int, first: str = INDENT) -> Iterator[str]:
    """The text, with one word more at the right margin."""
    lines = wrap(text, columns, first=first, rest=INDENT) if text else [""]
    space = columns - width(lines[-1]) - width(end)
    yield from lines[:-1]
    if space >= 2:
        yield f"{lines[-1]}{' ' * space}{end}"
    else:
        yield lines[-1]
        yield f"{end:>{columns}}"


def _indented(text: str, columns: int) -> Iterator[str]:
    if text:
        yield from wrap(text, columns, first=INDENT, rest=INDENT)


def _more(count: int) -> Iterator[str]:
    if count > 0:
        yield f"{INDENT}and {number(count, 'more', 'more')}: `jaxaudit report --format html`"
