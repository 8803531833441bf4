"""How it was found, on what, and what could not be seen."""

import shlex
from collections.abc import Iterator

from jaxaudit.report import audit_words, run_words
from jaxaudit.report.counts import Document
from jaxaudit.report.places import file_of
from jaxaudit.report.web.marks import code, section, spoken, text


def beside(document: Document) -> Iterator[str]:
    yield section("beside", "How it was found")
    if document["kind"] == "audit":
        yield f"<p>{text(audit_words.closing(document))}</p>"
        program = document["summary"]["program"]
        yield f"<p>To repeat it: <code>jaxaudit audit {text(program)}</code></p>"
    said = list(_said(document))
    if said:
        yield "<ul>" + "".join(f"<li>{one}</li>" for one in said) + "</ul>"
    rows = [f"<div><dt>{text(name)}</dt><dd>{code(value)}</dd></div>" for name, value in _environment(document)]
    yield f"<details><summary>Environment</summary><dl>{''.join(rows)}</dl></details></section>"


def _said(document: Document) -> Iterator[str]:
    if document.get("unstable"):
        yield f"Not compared: {text(document['unstable'])}."
    if document["kind"] == "run":
        yield from (text(one) for one in (*run_words.eager_lines(document), run_words.libraries(document)) if one)
        never = run_words.not_seen(document)
        if never:
            yield f"Not seen: {text(never)}."
    for one in document["unread"]:
        yield f"Not read: {code(file_of(one))}: {text(one['reason'])}"
    for one in document["faults"]:
        yield f"The rule {code(one['rule'])} failed, so its findings are missing; this is a fault of jaxaudit: {text(one['text'])}"
    yield from (spoken(note) for note in document.get("notes", ())[:20])


def _environment(document: Document) -> Iterator[tuple[str, str]]:
    here = document["environment"]
    for name in (
        "tool",
        "python",
        "interpreter",
        "executable",
        "jax",
        "jaxlib",
        "backend",
        "platform",
        "cores",
        "record",
    ):
        if here.get(name):
            yield {"tool": "jaxaudit"}.get(name, name), str(here[name])
    if here.get("devices"):
        yield "devices", ", ".join(map(str, here["devices"]))
    for name, value in (here.get("settings") or {}).items():
        yield str(name), str(value)
    if here.get("command"):
        yield "command", shlex.join(map(str, here["command"]))
