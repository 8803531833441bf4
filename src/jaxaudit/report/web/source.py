"""The source, with each finding below the line that it is about."""

from collections.abc import Iterator

from jaxaudit.report import run_words
from jaxaudit.report.counts import SEVERITIES, Document, Entry, certain, number
from jaxaudit.report.places import file_of, line_of
from jaxaudit.report.web.marks import place, section, spoken, text

MOST = 200
MOST_SIGNS = 350_000
"""Of source in all; a file that has no room is shown by the lines of its findings."""
OPEN = 2
"""Files that stand open."""

Numbered = list[tuple[int, Entry]]
"""Findings with their index in the document."""


def source(document: Document) -> Iterator[str]:
    """Findings that are certain, and were not cleared by the run; each fault once."""
    found = [(index, one) for index, one in enumerate(document["findings"]) if _shown(one)]
    yield section("source", "Findings, where they stand", len(found))
    if not found:
        yield "<p>No faults were seen.</p>"
    yield from _the_worst(document, found)
    left = found[:MOST]
    room = MOST_SIGNS
    for number_, file in enumerate(document.get("sources", ())):
        here = [one for one in left if one[1]["path"] == file["path"] and not one[1].get("cell")]
        size = sum(len(line) + 8 for _, line in file["lines"])
        if not here or size > room:
            continue
        room -= size
        left = [one for one in left if one not in here]
        yield from _file(file, here, number_ < OPEN)
    if left:
        yield from _elsewhere(left)
    if len(found) > MOST:
        yield f"<p>and {number(len(found) - MOST, 'more finding')}, in the JSON document.</p>"
    yield "</section>"


def _shown(one: Entry) -> bool:
    status = one.get("status")
    twice = status == "confirmed" and one["source"] != "run"  # the run's own finding says it with figures
    return certain(one) and status != "cleared" and not twice


def _the_worst(document: Document, found: Numbered) -> Iterator[str]:
    """Links to them, the worst first."""
    if len(found) < 2:
        return
    order = {id(one): rank for rank, one in enumerate(run_words.worst_first(document, False))}
    ranked = sorted(found, key=lambda pair: (SEVERITIES.index(pair[1]["severity"]), order.get(id(pair[1]), 0)))
    rows = []
    for index, one in ranked[:12]:
        cost = run_words.cost(one)
        link = f'<a href="#finding-{index}">{place(one)}</a> <span class="rule">{text(one["rule"])}</span>'
        mark = f'<span class="severity {text(one["severity"])}">{text(one["severity"])}</span>'
        rows.append(f"<li>{mark} {link} {spoken(one['title'])}{', ' + text(cost) if cost else ''}</li>")
    yield f"<ol>{''.join(rows)}</ol>"


def _file(file: Entry, found: Numbered, opened: bool) -> Iterator[str]:
    title = (
        f"{place({'path': file['path'], 'line': found[0][1]['line']})} <small>{number(len(found), 'finding')}</small>"
    )
    yield f'<details class="file"{" open" if opened else ""}><summary>{title}</summary>'
    marked = {line for _, one in found for line in range(one["line"], max(one["line"], one["end_line"]) + 1)}
    below: dict[int, Numbered] = {}
    present = {number_ for number_, _ in file["lines"]}
    for index, one in found:
        last = max(one["line"], min(one["end_line"], one["line"] + 8))
        below.setdefault(last if last in present else one["line"], []).append((index, one))
    rows: list[str] = []
    before = 0
    for number_, line in file["lines"]:
        if before and number_ > before + 1:
            rows.append('<span class="gap">⋯</span>\n')
        before = number_
        said = f'<span class="no">{number_:>5}</span>  {text(line)}'
        rows.append(f"<mark>{said}</mark>\n" if number_ in marked else f"{said}\n")
        if number_ in below:
            yield f'<pre class="source" tabindex="0">{"".join(rows)}</pre>'
            rows = []
            for index, one in below[number_]:
                yield _finding(index, one)
    if rows:
        yield f'<pre class="source" tabindex="0">{"".join(rows)}</pre>'
    yield "</details>"


def _finding(index: int, one: Entry) -> str:
    """What it says, what to do, and its second places."""
    cost = run_words.cost(one)
    head = f'<span class="rule">{text(one["rule"])}</span> {spoken(one["message"])}{" (" + text(cost) + ")" if cost else ""}'
    notes = "".join(f"<li>{place(note)} {spoken(note['text'])}</li>" for note in one["notes"][:6])
    help_ = f"<p>{spoken(one['help'])}</p>" if one["help"] else ""
    more = f"<ul>{notes}</ul>" if notes else ""
    return f'<div class="finding {text(one["severity"])}" id="finding-{index}"><p>{head}</p>{help_}{more}</div>'


def _elsewhere(found: Numbered) -> Iterator[str]:
    """Those whose file the document does not bring, with the lines that they bring themselves."""
    for index, one in found:
        lines = "".join(f"{row['line']:>5}  {text(row['text'])}\n" for row in one["snippet"])
        shown = f'<pre class="source" tabindex="0">{lines}</pre>' if lines else ""
        yield f"<h3>{text(line_of(one) if one['line'] else file_of(one))}</h3>{shown}{_finding(index, one)}"
