"""A document whose summary comes first and is small: who reads 2 kB of it knows what it says."""

import json
from typing import Any

MOST_BYTES = 2000
FIRST = ("schema", "kind", "summary")
LONGEST = 200


def summary_first(document: dict[str, Any]) -> dict[str, Any]:
    """The same document, with what it says in a sentence and its most important entries in a line each."""
    from jaxaudit.report.headline import headline, most_important

    sums = {**document["summary"], "headline": _cut(headline(document), 2 * LONGEST), "first": []}
    if "program" in sums:
        sums["program"] = _cut(sums["program"], LONGEST)
    for said in most_important(document):
        sums["first"].append(_cut(said, LONGEST))
        if _size(sums) > MOST_BYTES:
            sums["first"].pop()
    while _size(sums) > MOST_BYTES:
        longest = max((name for name, said in sums.items() if isinstance(said, str)), key=lambda name: len(sums[name]))
        if not sums[longest]:
            break
        sums[longest] = _cut(sums[longest], len(sums[longest]) // 2)
    rest = {key: value for key, value in document.items() if key not in FIRST}
    return {"schema": document["schema"], "kind": document["kind"], "summary": sums, **rest}


def _size(sums: dict[str, Any]) -> int:
    return len(json.dumps(sums))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: max(0, most - 3)]}..."
