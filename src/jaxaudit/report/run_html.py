"""A run as a notebook shows it: worst first, each function to be opened. No script; colours that suit light and dark."""

from collections.abc import Iterable, Iterator
from html import escape

from jaxaudit.model import amounts
from jaxaudit.report import run_words as words
from jaxaudit.report.counts import Document, Entry, certain, number
from jaxaudit.report.places import line_of
from jaxaudit.report.run_deaths import deaths
from jaxaudit.report.text_width import printable

MOST = 40
"""Of anything; what has more says how many were left out."""
STYLE = """<style>
.jaxaudit { font: 13px/1.5 system-ui, sans-serif; max-width: 60rem; }
.jaxaudit code { font: 12px ui-monospace, monospace; background: none; color: inherit; padding: 0; }
.jaxaudit p { margin: .3em 0; }
.jaxaudit .quiet { opacity: .75; }
.jaxaudit .finding { border-left: 3px solid #8888; padding-left: .7em; margin: .6em 0; }
.jaxaudit .error { border-color: #d1242f; }
.jaxaudit .warning { border-color: #bf8700; }
.jaxaudit .info { border-color: #2f81f7; }
.jaxaudit details { border-bottom: 1px solid #8884; padding: .2em 0; }
.jaxaudit details > *:not(summary) { margin-left: 1.2em; }
.jaxaudit summary { cursor: pointer; }
.jaxaudit summary .sums { float: right; font-variant-numeric: tabular-nums; }
.jaxaudit table { border-collapse: collapse; font: inherit; background: none; }
.jaxaudit th, .jaxaudit td { text-align: left !important; padding: .1em .8em .1em 0; vertical-align: top; background: none;
  white-space: normal; overflow-wrap: anywhere; }
</style>"""


def run_html(document: Document) -> str:
    """A fragment of HTML; every name and sentence of the run is escaped."""
    parts = [
        STYLE,
        _paragraph(
            f"<strong>jaxaudit</strong> {_text(words.circumstances(document))}. {_text(words.compiled(document))}"
        ),
        *(_paragraph(f"<strong>{_text(said)}</strong>") for said in deaths(document)),
        *_findings(document),
        *_functions(document),
        *_rest(document),
    ]
    return f'<div class="jaxaudit">{"".join(parts)}</div>'


def _text(said: object) -> str:
    return escape(printable(str(said)))


def _code(said: object) -> str:
    return f"<code>{_text(said)}</code>"


def _paragraph(inside: str, kind: str = "") -> str:
    return f'<p class="{kind}">{inside}</p>' if kind else f"<p>{inside}</p>"


def _findings(document: Document) -> Iterator[str]:
    found = words.worst_first(document, False)
    for one in found[:MOST]:
        cost = words.cost(one)
        rule = document["rules"].get(one["rule"], {})
        more = (
            f"<details><summary>{_text(rule['title'])}</summary><p>{_text(rule['why'])}</p></details>" if rule else ""
        )
        yield (
            f'<div class="finding {_text(one["severity"])}"><p><strong>{_text(one["rule"])}</strong>: {_text(one["message"])}</p>'
            + _paragraph(f"{_code(line_of(one))}{', ' + _text(cost) if cost else ''}", "quiet")
            + (_paragraph(_text(one["help"])) if one["help"] else "")
            + more
            + "</div>"
        )
    yield from _left_out(len(found), "finding")
    if not found:
        yield _paragraph("No faults were seen.")
    unsure = sum(not certain(one) for one in document["findings"])
    if unsure:
        yield _paragraph(f"{number(unsure, 'suspicion')} more, which this run did not settle.", "quiet")


def _functions(document: Document) -> Iterator[str]:
    mine = words.own(document)
    for one in mine[:MOST]:
        seconds = amounts.seconds(one["trace_s"] + one["lower_s"] + one["compile_s"])
        held = f", captured {amounts.size(one['constants_bytes'])}" if one["constants_bytes"] else ""
        sums = f"{number(one['compiles'], 'compile')}, {seconds}{held}"
        yield f'<details><summary>{_code(one["name"])} <span class="sums">{_text(sums)}</span></summary>'
        yield _paragraph(f"{_code(line_of(one))}, {_text(one['wrapper'])}; {number(one['calls'], 'call')}", "quiet")
        yield from _compiles(document, one)
        yield from _constants(document, one)
        yield from (_paragraph(_text(said)) for said in words.arguments(one))
        yield "</details>"
    yield from _left_out(len(mine), "function")


def _compiles(document: Document, function: Entry) -> Iterator[str]:
    place = (function["path"], function["line"], function["name"])
    seen = [one for one in document["compiles"] if (one["path"], one["line"], one["function"]) == place]
    if not seen:
        return
    yield "<table><tr><th>compiled for</th><th>because</th><th>trace</th><th>lower</th><th>XLA</th></tr>"
    for one in seen[:MOST]:
        stages = "".join(f"<td>{amounts.seconds(one[name])}</td>" for name in ("trace_s", "lower_s", "compile_s"))
        at = _code(line_of(one["at"])) if one["at"] else ""
        yield f"<tr><td>{at}</td><td>{_cause(one['cause'])}</td>{stages}</tr>"
    yield "</table>"
    yield from _left_out(len(seen), "compile")


def _cause(cause: Entry) -> str:
    """The sentence, and the leaves that changed where there are several."""
    changes = cause["changes"]
    if len(changes) < 2:
        return _text(cause["text"] or cause["kind"])
    leaves = "".join(
        f"<tr><td>{_code(one['leaf'])}</td><td>{_code(one['was'])}</td><td>&rarr;</td><td>{_code(one['now'])}</td></tr>"
        for one in changes
    )
    return f"{_text(cause['text'])}<table>{leaves}</table>"


def _constants(document: Document, function: Entry) -> Iterator[str]:
    seen = [one for one in document["constants"] if one["function"] == function["name"] and one["bytes"] >= 1024]
    for one in sorted(seen, key=lambda one: -one["bytes"])[:MOST]:
        shape = amounts.array(one["dtype"], tuple(one["shape"]))
        name = _code(words.constant(one)) if one["holder"] else words.constant(one)
        yield _paragraph(f"captured {name}: {_code(shape)}, {amounts.size(one['bytes'])}, {_code(line_of(one))}")


def _rest(document: Document) -> Iterator[str]:
    never = words.not_seen(document)
    said: Iterable[str] = [
        *words.eager_lines(document),
        words.libraries(document),
        f"Not seen: {never}." if never else "",
        *(f"note: {note}" for note in document["notes"][:3]),
    ]
    yield from (_paragraph(_text(one), "quiet") for one in said if one)


def _left_out(count: int, what: str) -> Iterator[str]:
    if count > MOST:
        yield _paragraph(f"and {number(count - MOST, f'more {what}')}", "quiet")
