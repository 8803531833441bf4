"""Programs written with marks: «...» is the place that a verb is given."""

from collections.abc import Iterable
from textwrap import dedent

from jaxaudit.edits import Edit, SourceText, apply_edits
from jaxaudit.model import Place


def marked(text: str) -> tuple[SourceText, Place]:
    """The program without its marks, and the place between them."""
    text = dedent(text).lstrip("\n")
    start, end = text.index("«"), text.index("»") - 1
    source = SourceText.from_text("m.py", text.replace("«", "").replace("»", ""))
    return source, Place("m.py", *source.position(start), *source.position(end))


def written(source: SourceText, edits: Iterable[Edit]) -> str:
    """The edited text, which must parse where the original did."""
    new = apply_edits(source.text, edits)
    compile(new, "m.py", "exec")
    return new


def shown(text: str) -> str:
    return dedent(text).lstrip("\n")
