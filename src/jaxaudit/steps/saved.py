"""What an earlier command left: a document, or the record of a run, which becomes one."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.document import SCHEMA
from jaxaudit.steps.run import observed

KEPT = Path(".jaxaudit")
KINDS = ("check", "run", "audit", "compare", "case")


def saved(name: str | None = None, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> dict[str, Any]:
    """The document that a file or a record folder holds; without a name, of the newest under `.jaxaudit/`."""
    path = Path(name) if name else newest()
    if path.is_dir():
        return observed(path, select, ignore)
    if path.suffix == ".jsonl":
        return observed(path.parent, select, ignore)
    return read_document(path)


def newest() -> Path:
    """Raises `Mistake` where nothing was kept."""
    found = sorted(_kept())
    if not found:
        raise Mistake("nothing was kept under .jaxaudit/ here; `jaxaudit run PROGRAM` makes a record")
    return found[-1][1]


def _kept() -> Iterator[tuple[float, Path]]:
    for file in KEPT.glob("**/*.jsonl"):
        yield file.stat().st_mtime, file.parent
    for file in KEPT.glob("**/*.json"):
        yield file.stat().st_mtime, file


def read_document(path: Path) -> dict[str, Any]:
    """A document of this version. Raises `Mistake` with one sentence for anything else."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise Mistake(f"{str(path)!r} can't be read: {error.strerror or error}") from None
    except ValueError:
        raise Mistake(f"{str(path)!r} is neither a document of jaxaudit's nor the folder of a record") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise Mistake(f"{str(path)!r} is not a document of jaxaudit's ({SCHEMA})")
    if document.get("kind") not in KINDS:
        raise Mistake(
            f"{str(path)!r} holds a document of kind {document.get('kind')!r}, which this jaxaudit can't show"
        )
    return document
