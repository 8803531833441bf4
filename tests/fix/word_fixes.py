"""A toy fault for the tests: a call of a bad name is a finding, and its fix writes another name."""

import ast
from collections.abc import Iterable, Mapping

from jaxaudit.edits import Edit, SourceText, expression_at
from jaxaudit.model import Finding, Fix, Place

MENDS = {"bad": "good", "bad2": "good2", "chain": "bad", "stays": "stays", "broken": "(", "again": "again_"}


def findings(path: str, data: bytes, words: Iterable[str] = MENDS) -> list[Finding]:
    """Every call of one of the words, with its function's name."""
    source = SourceText.from_bytes(path, data)
    calls = (node.func for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    named = [node for node in calls if isinstance(node, ast.Name) and node.id in words]
    return [finding(node.id, source.place(node)) for node in named]


def finding(word: str, place: Place, applicability="safe", cell=None) -> Finding:
    return Finding(
        f"no-{word}", word, f"{word} is called", "warning", 0.9, place, fix=Fix(applicability, "rename"), cell=cell
    )


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    node = expression_at(source, finding.place)
    return (Edit(*source.span(node), MENDS[finding.title]),)


MENDERS: Mapping[str, object] = {f"no-{word}": mend for word in MENDS}
