"""The figures at the top of a page."""

from collections.abc import Iterator

from jaxaudit.model import amounts
from jaxaudit.report import audit_words
from jaxaudit.report.counts import Document
from jaxaudit.report.web.marks import text


def tiles(document: Document) -> Iterator[str]:
    yield '<ul class="tiles">'
    for value, name, kind in _figures(document):
        mark = f' class="{kind}"' if kind else ""
        yield f"<li{mark}><strong>{text(value)}</strong> <span>{text(name)}</span></li>"
    yield "</ul>"


def _figures(document: Document) -> Iterator[tuple[object, str, str]]:
    sums = document["summary"]
    if document["kind"] == "audit":
        yield sums["kept"], "kept", "good" if sums["kept"] else ""
        yield len(audit_words.open_ones(document)), "yours to decide", ""
        yield sums["dropped"] + sums["ruled_out"], "ruled out", ""
    else:
        yield sums["errors"], "errors", "bad" if sums["errors"] else ""
        yield sums["warnings"], "warnings", "fair" if sums["warnings"] else ""
        yield sums["infos"], "notes", ""
    if "compiles" in sums:
        whole = sums["trace_s"] + sums["lower_s"] + sums["compile_s"]
        yield amounts.seconds(whole), "compiling", ""
        yield sums["compiles"], "programs compiled", ""
        yield sums["recompiles"], "of them again", "fair" if sums["recompiles"] else ""
        yield _captured(document), "captured", ""
    else:
        yield sums["files"], "files", ""


def _captured(document: Document) -> str:
    whole = sum(one["constants_bytes"] for one in document["compiles"])
    return amounts.size(whole) if whole else "0"
