"""Any document in any format: which function renders which kind."""

from jaxaudit.model.mistake import Mistake
from jaxaudit.report.counts import Document
from jaxaudit.report.paint import Paint, plain

FORMATS = ("terminal", "json", "markdown", "sarif", "html")


def rendered(document: Document, form: str, columns: int = 80, paint: Paint = plain, unsure: bool = False) -> str:
    """The text of a `check`, a `run` or a `compare`."""
    if form == "json":
        from jaxaudit.report.json_text import json_text

        return json_text(document)
    if form == "sarif":
        from jaxaudit.report.sarif import sarif

        return sarif(document, unsure)
    if form == "html":
        if document["kind"] == "compare":
            raise Mistake("a comparison has no page; --format markdown is for pull requests")
        from jaxaudit.report.web.page import page

        return page(document)
    if form == "markdown":
        return _markdown(document, unsure)
    return _terminal(document, columns, paint, unsure)


def _markdown(document: Document, unsure: bool) -> str:
    if document["kind"] == "run":
        from jaxaudit.report.run_markdown import run_markdown

        return run_markdown(document, unsure)
    if document["kind"] == "audit":
        from jaxaudit.report.audit_markdown import audit_markdown

        return audit_markdown(document)
    if document["kind"] == "compare":
        from jaxaudit.report.compare_report import comparison_markdown

        return comparison_markdown(document)
    from jaxaudit.report.markdown import markdown

    return markdown(document, unsure)


def _terminal(document: Document, columns: int, paint: Paint, unsure: bool) -> str:
    if document["kind"] == "run":
        from jaxaudit.report.run_terminal import run_summary

        return run_summary(document, columns, paint, unsure)
    if document["kind"] == "audit":
        from jaxaudit.report.audit_terminal import audit_summary

        return audit_summary(document, columns, paint)
    if document["kind"] == "compare":
        from jaxaudit.report.compare_report import comparison

        return comparison(document, columns, paint)
    from jaxaudit.report import terminal

    return terminal.findings(document, columns, paint, unsure) + terminal.summary(document, columns, paint, unsure)
