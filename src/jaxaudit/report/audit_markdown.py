"""An audit as a comment on a pull request: the verdict and a table in sight, each change folded below it."""

from collections.abc import Iterator

from jaxaudit.report import audit_words as words
from jaxaudit.report.counts import Document, Entry, number
from jaxaudit.report.markdown import code, escaped, fenced
from jaxaudit.report.places import line_of

LONGEST = 60_000
"""Signs that a code host takes in one comment, with some to spare; a longer text does without its diffs."""
MOST = 30


def audit_markdown(document: Document) -> str:
    whole = _text(document, True)
    return whole if len(whole) <= LONGEST else _text(document, False)[:LONGEST]


def _text(document: Document, diffs: bool) -> str:
    return "\n\n".join(_parts(document, diffs)) + "\n"


def _parts(document: Document, diffs: bool) -> Iterator[str]:
    yield f"# jaxaudit audit {code(document['summary']['program'] or 'a program')}"
    yield escaped(f"{words.opening(document)} {words.counted(document)}")
    if document["proposals"] and not document["summary"]["kept"]:
        yield escaped(words.nothing_kept(document))
    yield from _table(document)
    for title, found in (("Kept", words.by_verdict(document, "keep")), ("Yours to decide", words.open_ones(document))):
        if found:
            yield f"## {title}"
        for proposal, outcome in found[:MOST]:
            yield from _change(document, proposal, outcome, diffs)
    yield from _not_done(document)
    yield from _left(document)
    yield escaped(f"{words.ran_on(document)}. {words.closing(document)}")


def _table(document: Document) -> Iterator[str]:
    """What was tried; other ways to the end of a kept change stand with that."""
    rows = []
    tried = [*words.by_verdict(document, "keep"), *words.open_ones(document), *words.by_verdict(document, "drop")]
    for proposal, outcome in [*tried, *words.not_tried(document)][:MOST]:
        moved = "; ".join(words.worth_saying(outcome)) if outcome["verdict"] == "keep" else outcome["reason"]["text"]
        rows.append(f"| {proposal['id']} | {escaped(proposal['title'])} | {outcome['verdict']} | {escaped(moved)} |")
    if rows:
        yield "\n".join(["| | change | verdict | what moved, or why not |", "|--:|---|---|---|", *rows])


def _change(document: Document, proposal: Entry, outcome: Entry, diffs: bool) -> Iterator[str]:
    """Folded, since a reader of the table may have had enough."""
    yield f"<details><summary>{proposal['id']}. {_plain(proposal['title'])} ({_plain(line_of(proposal))})</summary>"
    said = [
        words.fault(document, proposal),
        *words.figures(proposal, outcome),
        words.compared(outcome),
        words.upon(proposal),
        words.pays_after(document, proposal, outcome),
        proposal["risk"] and f"what could break: {proposal['risk']}",
        "changes the function's signature; its callers in the project follow" if proposal["changes_signature"] else "",
        words.instead(document, proposal),
    ]
    yield "\n".join(f"- {escaped(one)}" for one in said if one)
    if diffs and proposal["diff"]:
        yield fenced(proposal["diff"].rstrip("\n"), "diff")
    elif proposal["diff"]:
        yield "The diff is too long for here: `audit.patch` has it."
    env = (proposal["setting"] or {}).get("env", {})
    if env:
        yield fenced("\n".join(f"export {name}={value}" for name, value in env.items()), "sh")
    yield "</details>"


def _plain(text: str) -> str:
    """Inside a tag Markdown's own marks do nothing."""
    from html import escape

    from jaxaudit.report.text_width import printable

    return escape(printable(" ".join(str(text).replace("`", "").split())))


def _not_done(document: Document) -> Iterator[str]:
    out = document["ruled_out"]
    if not out:
        return
    yield "## Ruled out without a trial"
    rows = [
        f"- {code(line_of(one))} {escaped(one['title'])} ({', '.join(map(code, one['rules']))}): {escaped(one['reason']['text'])}"
        for one in out[:MOST]
    ]
    yield "\n".join([*rows, *([f"- and {number(len(out) - MOST, 'more', 'more')}"] if len(out) > MOST else [])])


def _left(document: Document) -> Iterator[str]:
    rows = []
    for one in document["left"][:MOST]:
        finding = document["findings"][one["finding"]]
        rows.append(f"- {code(line_of(one))} {escaped(finding['message'])} ({code(one['rule'])})")
    if rows:
        yield "\n".join(["## Found, no change written", "", *rows])
    for title, text in (("Left alone", words.left_alone(document)), ("Not seen", words.never_called(document))):
        if text:
            yield f"**{title}:** {escaped(text)}."
