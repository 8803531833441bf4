"""An audit as a note that reads like a design and its implementation plan."""

from collections.abc import Iterator

from jaxaudit.report import audit_words as words
from jaxaudit.report import run_words
from jaxaudit.report.counts import Document, Entry


def audit_markdown(document: Document) -> str:
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    sums = document["summary"]
    yield f"# Audit of `{sums['program'] or 'the program'}`"
    yield ""
    yield f"{run_words.circumstances(document)}. {words.opening(document)}"
    yield ""
    whole = words.nothing_kept(document)
    if whole:
        yield whole
        yield ""
    yield from _table(document)
    yield from _section(document, "keep", "What was kept")
    yield from _section(document, "undecided", "Yours to decide")
    yield from _section(document, "drop", "Tried and dropped", diff=False)
    yield from _ruled_out(document)
    yield from _left(document)
    yield from _repeat(document)


def _table(document: Document) -> Iterator[str]:
    if not document["outcomes"]:
        return
    yield "| | change | verdict | what moved |"
    yield "|--:|---|---|---|"
    proposals = {one["id"]: one for one in document["proposals"]}
    for outcome in document["outcomes"]:
        one = proposals[outcome["proposal"]]
        moved = "; ".join(words.worth_saying(outcome)) or outcome["reason"]["text"]
        yield f"| {one['id']} | {_cell(one['title'])} | {outcome['verdict']} | {_cell(moved)} |"
    yield ""


def _section(document: Document, verdict: str, title: str, diff: bool = True) -> Iterator[str]:
    found = words.by_verdict(document, verdict)
    if not found:
        return
    yield f"## {title}"
    yield ""
    for proposal, outcome in found:
        yield f"### {proposal['id']}. {proposal['title']}"
        yield ""
        yield f"`{proposal['path']}:{proposal['line']}`, {', '.join(proposal['rules'])}"
        yield ""
        for index in proposal["findings"]:
            yield f"- {document['findings'][index]['message']}"
        predicted = words.prediction(proposal)
        if predicted:
            yield f"- {predicted}"
        for said in words.worth_saying(outcome):
            yield f"- measured: {said}"
        yield f"- {words.outputs(outcome)}: {outcome['reason']['text']}"
        if outcome.get("values"):
            yield f"- {outcome['values']}"
        if proposal["risk"]:
            yield f"- what could break: {proposal['risk']}"
        yield ""
        if diff and proposal["diff"]:
            yield "```diff"
            yield proposal["diff"].rstrip("\n")
            yield "```"
            yield ""
        if proposal["setting"]:
            yield "```sh"
            for name, value in proposal["setting"].get("env", {}).items():
                yield f"export {name}={value}"
            yield "```"
            yield ""


def _ruled_out(document: Document) -> Iterator[str]:
    if not document["ruled_out"]:
        return
    yield "## Ruled out without a trial"
    yield ""
    for one in document["ruled_out"]:
        yield f"- `{one['path']}:{one['line']}` {one['title']} ({', '.join(one['rules'])}): {one['reason']['text']}"
    yield ""


def _left(document: Document) -> Iterator[str]:
    if document["left"]:
        yield "## Found, no change written"
        yield ""
        for one in document["left"]:
            finding: Entry = document["findings"][one["finding"]]
            yield f"- `{one['path']}:{one['line']}` {finding['message']} ({one['rule']}). {finding['help']}"
        yield ""
    said = words.never_called(document)
    if said:
        yield f"{said}."
        yield ""


def _repeat(document: Document) -> Iterator[str]:
    yield "## How it was found"
    yield ""
    yield words.closing(document)
    if document["unstable"]:
        yield f"Not compared, because it differs between two runs of the unchanged program: {document['unstable']}."
    yield f"To repeat it: `jaxaudit audit {document['summary']['program']}`."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
