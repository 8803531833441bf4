"""The page as a whole: its head, what it says first, the way to its parts, and the parts."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from html import escape
from importlib import resources

from jaxaudit.report import audit_words, run_words
from jaxaudit.report.counts import Document, found_line
from jaxaudit.report.run_deaths import deaths
from jaxaudit.report.web import captured, changes, functions, source, timeline
from jaxaudit.report.web.beside import beside
from jaxaudit.report.web.marks import spoken, text
from jaxaudit.report.web.tiles import tiles

Part = Callable[[Document], Iterator[str]]

LARGEST = 1_900_000
"""Bytes of a page, of which the table of functions takes what the other parts leave."""

PARTS: tuple[tuple[str, str, Part], ...] = (
    ("changes", "Changes", changes.changes),
    ("measured", "Before and after", changes.measured),
    ("ruled-out", "Ruled out and left", changes.ruled_out),
    ("source", "Findings", source.source),
    ("functions", "Functions", functions.functions),
    ("timeline", "Timeline", timeline.timeline),
    ("captured", "Captured arrays", captured.captured),
    ("beside", "How it was found", beside),
)
"""Each part is there where it has something to say."""


def page(document: Document) -> str:
    """Everything that came from the user's program is escaped; nothing is fetched, and no script but ours can run."""
    style, script = _ours("page.css"), _ours("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    texts = {anchor: "\n".join(part(document)) for anchor, _, part in PARTS if part is not functions.functions}
    room = LARGEST - sum(len(one.encode()) for one in (style, script, *texts.values()))
    texts["functions"] = "\n".join(functions.functions(document, room))
    shown = [(anchor, title, texts[anchor]) for anchor, title, _ in PARTS]
    shown = [one for one in shown if one[2]]
    links = "".join(f'<li><a href="#{anchor}">{title}</a></li>' for anchor, title, _ in shown)
    body = "\n".join(
        [*_first(document), f'<nav aria-label="Parts"><ul>{links}</ul></nav>', *(one for *_, one in shown)]
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{text(_title(document), 200)}</title>\n'
        f"<style>\n{style}</style></head>\n<body><main>\n{body}\n</main>\n<script>{script}</script></body></html>\n"
    )


def _ours(name: str) -> str:
    return resources.files("jaxaudit.report.web").joinpath(name).read_text("utf-8").replace("\r\n", "\n")


def _title(document: Document) -> str:
    return f"jaxaudit {document['kind']} {_program(document)}".strip()


def _program(document: Document) -> str:
    if document["kind"] == "run":
        return " ".join(next((one["command"][1:] for one in document["processes"]), []))
    return str(document["summary"].get("program") or "")


def _first(document: Document) -> Iterator[str]:
    """The summary: one screen."""
    kind = document["kind"]
    yield f'<header><h1>jaxaudit {kind} <code class="program">{text(_program(document), 200)}</code></h1>'
    if kind == "audit":
        yield f'<p class="quiet">{text(audit_words.ran_on(document))}</p>'
        yield f"<p>{text(audit_words.opening(document))} {text(audit_words.counted(document))}</p>"
        whole = audit_words.nothing_kept(document)
        yield f"<p>{text(whole)}</p>" if whole and document["proposals"] else ""
    elif kind == "run":
        yield f'<p class="quiet">{text(run_words.circumstances(document))}</p><p>{text(run_words.compiled(document))}</p>'
        yield from (f'<p class="error"><strong>{text(said)}</strong></p>' for said in deaths(document))
    else:
        yield f"<p>{spoken(found_line(document))}</p>"
    yield from tiles(document)
    yield from changes.at_a_glance(document)
    yield "</header>"
