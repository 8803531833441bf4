"""The message of a commit that applies one proposal: what was changed, what was measured, what was left."""

from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import Any

from jaxaudit.report import audit_words as words

WIDE = 72


def commit_message(document: Mapping[str, Any], proposal: Mapping[str, Any]) -> str:
    return "\n\n".join(fill(part, WIDE) for part in _parts(document, proposal))


def _parts(document: Mapping[str, Any], proposal: Mapping[str, Any]) -> Iterator[str]:
    title = proposal["title"]
    yield title if len(title) <= WIDE else f"{title[: WIDE - 3].rstrip()}..."
    if len(title) > WIDE:
        yield title
    for index in proposal["findings"][:3]:
        yield document["findings"][index]["message"]
    outcome = next((one for one in document["outcomes"] if one["proposal"] == proposal["id"]), None)
    if outcome is None:
        return
    moved = "; ".join(words.worth_saying(outcome))
    how = {"keep": "Tried", "undecided": "Not proved"}.get(outcome["verdict"], "Tried")
    yield f"{how}: {moved or outcome['reason']['text']}. {words.outputs(outcome).capitalize()}."
    if proposal["risk"]:
        yield f"What could break: {proposal['risk']}"
    here = document["environment"]
    yield f"Found and tried by jaxaudit {here['tool']} on Python {here['python']}, JAX {here['jax']}, {here['backend']}."
