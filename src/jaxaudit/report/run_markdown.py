"""A run as Markdown, for a pull request or a notebook."""

from collections.abc import Iterator

from jaxaudit.model import amounts
from jaxaudit.report import run_words as words
from jaxaudit.report.counts import Document, Entry, certain
from jaxaudit.report.markdown import COLUMNS, cell, code, escaped, fenced
from jaxaudit.report.places import file_of, line_of
from jaxaudit.report.run_deaths import deaths
from jaxaudit.report.snippet import snippet


def run_markdown(document: Document, unsure: bool = False) -> str:
    """The sums, one section for each finding with its source line, then every function."""
    parts = ["# jaxaudit run", escaped(words.circumstances(document) + ". " + words.compiled(document))]
    parts += [f"**{escaped(said)}**" for said in deaths(document)]
    parts += [part for finding in words.worst_first(document, unsure) for part in _finding(finding)]
    parts += [*_functions(document), *_causes(document), *_rest(document, unsure)]
    return "\n\n".join(parts) + "\n"


def _finding(finding: Entry) -> Iterator[str]:
    cost = words.cost(finding)
    yield (
        f"## {finding['severity']}: {escaped(finding['rule'])} in {code(file_of(finding))}, line {finding['line']}"
        + (f" ({cost})" if cost else "")
    )
    yield escaped(finding["message"])
    if finding["snippet"]:
        yield fenced("\n".join(snippet(finding, COLUMNS, lambda text, role: text)))
    if finding["help"]:
        yield f"**Instead:** {escaped(finding['help'])}"
    if not certain(finding):
        yield f"**Unsure:** confidence {finding['confidence']:.2f}."


def _functions(document: Document) -> Iterator[str]:
    rows = [
        "| function | place | calls | traces | compiles | trace | lower | XLA | captured |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in words.own(document):
        stages = [amounts.seconds(one[stage]) for stage in ("trace_s", "lower_s", "compile_s")]
        counts = [str(one[name]) for name in ("calls", "traces", "compiles")]
        cells = (cell(one["name"]), cell(line_of(one)), *counts, *stages, amounts.size(one["constants_bytes"]))
        rows.append(f"| {' | '.join(cells)} |")
    if len(rows) > 2:
        yield "\n".join(rows)
    theirs = words.libraries(document)
    if theirs:
        yield escaped(theirs[:1].upper() + theirs[1:] + ".")


def _causes(document: Document) -> Iterator[str]:
    rows = [
        f"- {code(one['name'])} compiled again {escaped(reason)}"
        for one in words.own(document)
        for reason in words.why_again(document, one)
    ]
    if rows:
        yield "\n".join(rows)


def _rest(document: Document, unsure: bool) -> Iterator[str]:
    eager = [f"- {escaped(said)}" for said in words.eager_lines(document)]
    if eager:
        yield "\n".join(["Single operations outside jit:", "", *eager])
    never = words.not_seen(document)
    if never:
        yield f"**Not seen:** {escaped(never)}."
    rows = [f"- not read: {code(one['path'])}: {escaped(one['reason'])}" for one in document["unread"]]
    rows += [f"- the rule {code(one['rule'])} failed: {escaped(one['text'])}" for one in document["faults"]]
    rows += [f"- {escaped(note)}" for note in document["notes"]]
    if rows:
        yield "\n".join(rows)
    if document["summary"]["unsure"] and not unsure:
        yield f"{document['summary']['unsure']} more are suspicions: `jaxaudit report --unsure` shows them."
