"""What a document says, in one sentence, and its most important entries, in a line each."""

from collections.abc import Iterator

from jaxaudit.report.counts import Document, Entry, certain, found_line
from jaxaudit.report.places import line_of

MOST = 5


def headline(document: Document) -> str:
    """`12.3 s a run, 7.7 s of it compiling 24 programs. Kept 1 of 3 changes.`"""
    if document["kind"] == "audit":
        from jaxaudit.report import audit_words

        return f"{audit_words.opening(document)} {audit_words.counted(document)}"
    if document["kind"] == "run":
        from jaxaudit.report import run_words

        return run_words.compiled(document)
    if document["kind"] == "compare":
        from jaxaudit.report.compare_report import verdict

        return verdict(document)
    return found_line(document)


def most_important(document: Document) -> list[str]:
    """Of an audit its changes, the kept ones first; of a comparison what decides; else the findings, the worst first."""
    said = {"audit": _changes, "compare": _differences}.get(document["kind"], _findings)(document)
    return [line for line, _ in zip(said, range(MOST), strict=False)]


def _changes(document: Document) -> Iterator[str]:
    from jaxaudit.report import audit_words

    for proposal, outcome in audit_words.by_verdict(document, "keep"):
        yield f"{_change(proposal, 'keep')}: {next(audit_words.worth_saying(outcome), outcome['reason']['text'])}"
    rest = (audit_words.open_ones(document), audit_words.by_verdict(document, "drop"), audit_words.not_tried(document))
    for proposal, outcome in (one for group in rest for one in group):
        yield f"{_change(proposal, outcome['verdict'])}: {outcome['reason']['text']}"


def _change(proposal: Entry, verdict: str) -> str:
    return f"{verdict} {proposal['id']}: {line_of(proposal)}: {proposal['title']}"


def _findings(document: Document) -> Iterator[str]:
    from jaxaudit.report import run_words

    sure: list[Entry] = [one for one in run_words.worst_first(document, False) if certain(one)]
    for one in sure:
        yield f"{one['severity']}[{one['rule']}] {line_of(one)}: {one['message']}"


def _differences(document: Document) -> Iterator[str]:
    from jaxaudit.report.compare_report import sections

    for title, rows in sections(document):
        yield from (f"{title.lower()}: {row}" for row in rows)
