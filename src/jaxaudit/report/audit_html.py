"""An audit as one page that opens offline: summary, changes, functions with every compile, constants, what was ruled out."""

from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources

from jaxaudit.model import amounts
from jaxaudit.report import audit_words as words
from jaxaudit.report import run_words
from jaxaudit.report.counts import Document, Entry
from jaxaudit.report.pictures import bytes_picture, timeline

MOST_COMPILES = 5000


def audit_html(document: Document) -> str:
    """Everything that came from the user's program is escaped; nothing is fetched."""
    title = f"jaxaudit: {document['summary'].get('program') or 'a program'}"
    style = resources.files("jaxaudit.report").joinpath("page.css").read_text("utf-8")
    script = resources.files("jaxaudit.report").joinpath("page.js").read_text("utf-8")
    body = "\n".join(_body(document))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{style}</style></head>\n<body>\n<main>\n{body}\n</main>\n<script>\n{script}</script></body></html>\n"
    )


def _body(document: Document) -> Iterator[str]:
    sums = document["summary"]
    yield f"<h1>{escape(sums.get('program') or 'a program')}</h1>"
    yield f"<p>{escape(run_words.circumstances(document))}. {escape(words.opening(document))}</p>"
    whole = words.nothing_kept(document)
    if whole:
        yield f"<p>{escape(whole)}</p>"
    yield from _tiles(document)
    yield from _changes(document, "keep", "Kept")
    yield from _changes(document, "undecided", "Yours to decide")
    yield from _changes(document, "drop", "Tried and dropped")
    yield from _ruled_out(document)
    yield from _findings(document)
    yield from _functions(document)
    yield from _timeline(document)
    yield from _constants(document)
    yield f"<footer><p>{escape(words.closing(document))}</p></footer>"


def _tiles(document: Document) -> Iterator[str]:
    sums = document["summary"]
    rows = [
        ("kept", sums["kept"]),
        ("yours to decide", sums["undecided"]),
        ("dropped", sums["dropped"]),
        ("ruled out", sums["ruled_out"]),
        ("compiles", sums["compiles"]),
        ("compiled again", sums["recompiles"]),
    ]
    yield '<ul class="tiles">'
    yield from (f"<li><strong>{value}</strong> {escape(name)}</li>" for name, value in rows)
    yield "</ul>"


def _changes(document: Document, verdict: str, title: str) -> Iterator[str]:
    found = words.by_verdict(document, verdict)
    if not found:
        return
    yield f"<section><h2>{title} <small>{len(found)}</small></h2>"
    for proposal, outcome in found:
        opened = " open" if verdict == "keep" else ""
        yield f"<details{opened}><summary>{escape(str(proposal['id']))}. {escape(proposal['title'])}</summary>"
        yield f"<p>{_code(_place(proposal))} {_rules(proposal)}</p><ul>"
        predicted = words.prediction(proposal)
        said = [document["findings"][index]["message"] for index in proposal["findings"]]
        said += [predicted] if predicted else []
        said += [f"measured: {one}" for one in words.worth_saying(outcome)]
        said += [f"{words.outputs(outcome)}: {outcome['reason']['text']}"]
        said += [f"what could break: {proposal['risk']}"] if proposal["risk"] else []
        yield from (f"<li>{escape(one)}</li>" for one in said)
        yield "</ul>"
        if proposal["diff"]:
            yield f'<pre class="diff">{"".join(_diff(proposal["diff"]))}</pre>'
        yield "</details>"
    yield "</section>"


def _diff(diff: str) -> Iterator[str]:
    kinds = {"+": "added", "-": "removed", "@": "where"}
    for line in diff.splitlines():
        yield f'<span class="{kinds.get(line[:1], "")}">{escape(line)}</span>\n'


def _ruled_out(document: Document) -> Iterator[str]:
    if not document["ruled_out"]:
        return
    yield f"<section><h2>Ruled out without a trial <small>{len(document['ruled_out'])}</small></h2><ul>"
    for one in document["ruled_out"]:
        yield f"<li>{_code(_place(one))} {escape(one['title'])}: {escape(one['reason']['text'])} {_rules(one)}</li>"
    yield "</ul></section>"


def _findings(document: Document) -> Iterator[str]:
    yield f"<section><h2>Findings <small>{len(document['findings'])}</small></h2>"
    for one in document["findings"]:
        yield f'<details><summary class="{escape(one["severity"])}">{_code(_place(one))} {escape(one["message"])}</summary>'
        lines = "\n".join(f"{row['line']:>5}  {row['text']}" for row in one["snippet"])
        yield f"<pre>{escape(lines)}</pre><p>{escape(one['help'])} <code>{escape(one['rule'])}</code></p></details>"
    yield "</section>"


def _functions(document: Document) -> Iterator[str]:
    compiles: dict[str, list[Entry]] = {}
    for one in document["compiles"][:MOST_COMPILES]:
        compiles.setdefault(str(one["function"]), []).append(one)
    yield "<section><h2>Functions</h2>"
    yield '<label>Show those that contain <input type="search" class="filter" data-table="functions"></label>'
    heads = ("function", "calls", "traces", "compiles", "trace s", "lower s", "XLA s", "captured bytes")
    yield '<table id="functions" class="sortable"><thead><tr>'
    yield from (f'<th scope="col"><button type="button">{head}</button></th>' for head in heads)
    yield "</tr></thead><tbody>"
    for one in sorted(document["functions"], key=_users_first):
        cells = (
            one["calls"],
            one["traces"],
            one["compiles"],
            one["trace_s"],
            one["lower_s"],
            one["compile_s"],
            one["constants_bytes"],
        )
        yield f"<tr><td>{_of_function(one, compiles.get(one['name'], []))}</td>"
        yield "".join(f'<td class="number">{value}</td>' for value in cells) + "</tr>"
    yield "</tbody></table></section>"


def _users_first(one: Entry) -> tuple[bool, float]:
    return one["library"] is not None, -sum(one[stage] for stage in ("trace_s", "lower_s", "compile_s"))


def _of_function(one: Entry, compiles: Iterable[Entry]) -> str:
    name = f"{_code(one['name'])} <small>{escape(_place(one))}</small>"
    rows = "".join(f"<li>{escape(_cause(each))}</li>" for each in compiles)
    return f"<details><summary>{name}</summary><ol>{rows}</ol></details>" if rows else name


def _cause(one: Entry) -> str:
    seconds = sum(one[stage] for stage in ("trace_s", "lower_s", "compile_s"))
    at = one["at"]
    where = f"{at['path']}:{at['line']}: " if at else ""
    changes = "; ".join(f"{each['leaf']}: {each['was']} -> {each['now']}" for each in one["cause"]["changes"])
    return f"{where}{amounts.seconds(seconds)}, {changes or one['cause']['text'] or one['cause']['kind']}"


def _timeline(document: Document) -> Iterator[str]:
    picture = timeline(document["compiles"])
    if picture:
        yield f'<section><h2>Compiles, in their order</h2><div class="picture">{picture}</div></section>'


def _constants(document: Document) -> Iterator[str]:
    if not document["constants"]:
        return
    yield "<section><h2>Captured arrays</h2>"
    picture = bytes_picture(document["constants"])
    if picture:
        yield f'<div class="picture">{picture}</div>'
    yield "<table><thead><tr><th>array</th><th>of</th><th>what</th><th>bytes</th></tr></thead><tbody>"
    for one in sorted(document["constants"], key=lambda each: -each["bytes"])[:200]:
        what = amounts.array(one["dtype"], tuple(one["shape"]))
        holder = f"{one['holder']}{one['leaf']}" if str(one["leaf"])[:1] in (".", "[") else one["holder"]
        yield (
            f"<tr><td>{_code(holder)}</td><td>{_code(one['function'])}</td><td>{escape(what)}</td>"
            f'<td class="number">{one["bytes"]}</td></tr>'
        )
    yield "</tbody></table></section>"


def _place(one: Entry) -> str:
    return f"{one['path']}:{one['line']}" if one["path"] else ""


def _code(text: str) -> str:
    return f"<code>{escape(str(text))}</code>"


def _rules(one: Entry) -> str:
    return " ".join(f'<span class="rule">{escape(name)}</span>' for name in one["rules"])
