"""What was changed and what became of it: at a glance, in full, in figures; and what was ruled out."""

from collections.abc import Iterator

from jaxaudit.model import amounts
from jaxaudit.model.moved_words import BYTES, CLOCKS, COUNTS, span
from jaxaudit.report import audit_words as words
from jaxaudit.report.counts import Document, Entry, number
from jaxaudit.report.pictures import installed, moved_picture
from jaxaudit.report.web.marks import amount, code, place, row, section, short, spoken, table, text

GLANCE = 8
MOST = 60
DIFF_SIGNS = 12_000
"""Of one diff; the whole of it stands in `audit.patch` or `audit.json`."""
ALL_DIFFS = 200_000

GROUPS = (("keep", "Kept", "good"), ("open", "Yours to decide", "fair"), ("drop", "Tried and dropped", ""), ("idle", "Not tried", ""))  # fmt: skip


def at_a_glance(document: Document) -> Iterator[str]:
    if not document.get("outcomes"):
        return
    every = [(title, kind, one) for name, title, kind in GROUPS for one in _group(document, name)]
    rows = []
    for title, kind, (proposal, outcome) in every[:GLANCE]:
        moved = next(words.worth_saying(outcome), "") if outcome["verdict"] == "keep" else ""
        link = f'<a href="#change-{text(proposal["id"])}">{spoken(proposal["title"])}</a>'
        rows.append(row(text(proposal["id"]), f'<span class="verdict {kind}">{title}</span>', link, text(moved)))
    yield table(("", "verdict", "change", "what moved"), rows)
    if len(every) > GLANCE:
        yield f"<p>and {number(len(every) - GLANCE, 'more change')} below.</p>"


def changes(document: Document) -> Iterator[str]:
    if not document.get("outcomes"):
        return
    yield section("changes", "Changes", len(document["outcomes"]))
    left = MOST
    for name, title, kind in GROUPS:
        found = _group(document, name)
        if found:
            yield f"<h3>{title} <small>{len(found)}</small></h3>"
        for proposal, outcome in found[:left]:
            yield from _change(document, proposal, outcome, kind, name == "keep")
        if len(found) > left:
            yield f"<p>and {number(len(found) - left, 'more', 'more')}, in <code>audit.json</code>.</p>"
        left = max(0, left - len(found))
    yield "</section>"


def _group(document: Document, name: str) -> list[words.Change]:
    if name == "open":
        return words.open_ones(document)
    if name == "idle":
        return [one for one in words.by_verdict(document, "undecided") if one not in words.open_ones(document)]
    return words.by_verdict(document, name)


def _change(document: Document, proposal: Entry, outcome: Entry, kind: str, opened: bool) -> Iterator[str]:
    title = f'<span class="number">{text(proposal["id"])}</span> {spoken(proposal["title"])}'
    yield f'<details class="change {kind}" id="change-{text(proposal["id"])}"{" open" if opened else ""}><summary>{title}</summary>'
    yield f"<p>{place(proposal)} {rules(proposal)}</p><dl>"
    fault = words.fault(document, proposal)
    moved = "".join(f"<li>{text(one)}</li>" for one in words.figures(proposal, outcome))
    for term, said in (
        ("Fault", spoken(fault)),
        ("Predicted", text(words.prediction(proposal).removeprefix("predicted: "))),
        ("Measured", f"<ul>{moved}</ul>" if moved else ""),
        ("Compared", spoken(words.compared(outcome))),
        ("Pays", text(words.pays_after(document, proposal, outcome))),
        ("Verdict", spoken(outcome["reason"]["text"])),
        ("Signature", "changed; the callers in the project follow" if proposal["changes_signature"] else ""),
        ("What could break", spoken(proposal["risk"])),
        ("Other ways", spoken(words.instead(document, proposal).partition(": ")[2]) if opened else ""),
    ):
        if said:
            yield f"<div><dt>{term}</dt><dd>{said}</dd></div>"
    yield "</dl>"
    if proposal["diff"]:
        most = min(DIFF_SIGNS, ALL_DIFFS // min(MOST, len(document["outcomes"])))
        yield f'<pre class="diff" tabindex="0">{"".join(_diff(proposal["diff"], most))}</pre>'
    for name, value in ((proposal["setting"] or {}).get("env") or {}).items():
        yield f"<pre>export {text(name)}={text(value)}</pre>"
    yield "</details>"


def _diff(diff: str, most: int) -> Iterator[str]:
    kinds = {"+": "added", "-": "removed", "@": "where"}
    for line in diff[:most].splitlines():
        kind = "" if line.startswith(("+++", "---")) else kinds.get(line[:1], "")
        said = text(line)
        yield f'<span class="{kind}">{said}</span>\n' if kind else f"{said}\n"
    if len(diff) > most:
        yield "… the rest stands in audit.json\n"


def rules(one: Entry) -> str:
    return " ".join(f'<span class="rule">{text(name)}</span>' for name in one["rules"])


# -- in figures --------------------------------------------------------------------------------------------------------


ALL = "all"
"""In the place of a change's number: those that were kept, together."""


def measured(document: Document) -> Iterator[str]:
    """Every figure of every trial, and of what was kept together; a picture of the clocks."""
    titles = {one["id"]: one["title"] for one in document.get("proposals", ())}
    whole = document.get("together")
    outcomes = [*([whole | {"proposal": ALL}] if whole else []), *document.get("outcomes", ())]
    figures = [(one, seen) for one in outcomes for seen in one["measured"]][: 4 * MOST]
    if not figures:
        return
    yield section("measured", "Before and after")
    picture = moved_picture([(outcome["proposal"], one) for outcome, one in figures])
    if picture:
        yield "<p>Clocks after each change, as a part of before; the whiskers hold 99 in 100 resamplings of the pairs.</p>"
        yield f'<div class="picture moved" tabindex="0">{picture.svg}</div>'
    elif not installed():
        yield NO_PICTURES
    rows = [_figure(titles.get(outcome["proposal"], ""), outcome, one) for outcome, one in figures]
    yield table(("change", "what", "before", "after", "after / before", "pairs", "verdict"), rows, "figures")
    yield "</section>"


NO_PICTURES = '<p class="quiet">Pictures need the package pygal: <code>pip install "jaxaudit[html]"</code>, then <code>jaxaudit report --format html</code>.</p>'  # fmt: skip


def _figure(title: str, outcome: Entry, one: Entry) -> str:
    clock = one["metric"] in CLOCKS
    ratio = f"{span(one['low'], one['high'])}" if clock else f"{one['ratio']:.2f}" if one["before"] else ""
    name = {**CLOCKS, **COUNTS}.get(one["metric"], one["metric"])
    number_ = text(outcome["proposal"])
    link = f'<a href="#change-{number_}" title="{text(short(title, 200))}">{number_}</a>'
    return row(
        "all that is kept" if outcome["proposal"] == ALL else link,
        text(name) + (f" of {code(one['function'])}" if one.get("function") else ""),
        _value(one["metric"], one["before"]),
        _value(one["metric"], one["after"]),
        text(ratio),
        str(one["pairs"]) if clock else "",
        text(outcome["verdict"]),
    )


def _value(metric: str, value: float) -> str:
    if metric in BYTES:
        return amount(amounts.size(int(value))) if value else "0"
    return amount(amounts.seconds(value)) if metric in CLOCKS else f"{value:g}"


# -- what was ruled out ------------------------------------------------------------------------------------------------


def ruled_out(document: Document) -> Iterator[str]:
    """What was considered and not tried; what was tried and dropped stands above."""
    out = document.get("ruled_out", ())
    left = document.get("left", ())
    if not out and not left:
        return
    yield section("ruled-out", "Ruled out without a trial", len(out)) if out else section("ruled-out", "Left as it is")
    rows = [row(place(one), spoken(one["title"]), spoken(one["reason"]["text"]), rules(one)) for one in out[: 5 * MOST]]
    if rows:
        yield table(("place", "what was considered", "why not", "rule"), rows)
    if left:
        yield f"<h3>Found, no change written <small>{len(left)}</small></h3><ul>"
        for one in left[:MOST]:
            finding = document["findings"][one["finding"]]
            link = f'<a href="#finding-{one["finding"]}">{place(one)}</a>'
            yield f"<li>{link} {spoken(finding['message'])} {spoken(finding['help'])}</li>"
        yield "</ul>"
    for title, said in (("Left alone", words.left_alone(document)), ("Not seen", words.never_called(document))):
        if said:
            yield f"<p><strong>{title}:</strong> {text(said)}.</p>"
    yield "</section>"
