"""The folder that an audit leaves: its document, the report to read, the patch, the settings, what is undecided."""

import os
import time
from pathlib import Path
from typing import Any

from jaxaudit.model.mistake import Mistake
from jaxaudit.report.audit_note import audit_note
from jaxaudit.report.json_text import json_text
from jaxaudit.report.rendering import rendered
from jaxaudit.steps.audit import Audited
from jaxaudit.steps.audit_document import diff_of, exports, patch
from jaxaudit.steps.record_place import HOME


def must_be_writable(asked: str) -> None:
    """Effect: makes the folder that is asked for. Raises `Mistake` before any work is done for a report that has no place."""
    try:
        Path(asked or ".").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Mistake(f"the report can't be written to {asked!r}: {error.strerror or error}") from None
    if not os.access(asked or ".", os.W_OK | os.X_OK):
        raise Mistake(
            f"the report can't be written to {asked or 'the working directory'!r}; --report-dir names another place"
        )


def write_report(done: Audited, document: dict[str, Any], asked: str = "") -> Path:
    """Effect: writes it. Raises `Mistake` where that can't be done."""
    folder = Path(asked) if asked else _fresh()
    try:
        (folder / "undecided").mkdir(parents=True, exist_ok=True)
        (folder / "audit.json").write_text(json_text(document), "utf-8")
        (folder / "audit.md").write_text(audit_note(document), "utf-8")
        (folder / "audit.html").write_text(rendered(document, "html"), "utf-8")
        (folder / "audit.patch").write_bytes(patch(done))
        (folder / "audit.env").write_text(exports(done), "utf-8")
        for one in done.plan.proposals:
            outcome = done.outcome(one.id)
            if outcome is not None and outcome.verdict == "undecided" and one.diff:
                (folder / "undecided" / f"{one.id}.patch").write_text(diff_of(one), "utf-8")
    except OSError as error:
        raise Mistake(f"the report can't be written to {str(folder)!r}: {error.strerror or error}") from None
    return folder


def _fresh() -> Path:
    """Effect: git ignores what lies there."""
    home = Path(HOME)
    home.mkdir(exist_ok=True)
    ignore = home / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")
    return home / "audits" / time.strftime("%Y%m%d-%H%M%S")
