"""What was measured of the rules: how often they are right, and on which JAX their examples hold.

`precision.json`: `{"rules": {NAME: {"fired": 120, "read": 20, "true": 19, "how": "by running", "date": "2026-01-31"}}}`
`holds.json`, written by `benchmarks/rules_hold.py`: `{"rules": {NAME: {"JAX": {"held": 6, "of": 6, "false": []}}}}`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def figures(name: str) -> dict[str, Any]:
    """The figures of each rule by its name; empty where none were measured yet."""
    file = FOLDER / f"{name}.json"
    return dict(json.loads(file.read_text("utf-8"))["rules"]) if file.exists() else {}


def precision_of(rule: str) -> str:
    """One sentence on how often the rule is right; empty where nobody has read its findings."""
    found = figures("precision").get(rule)
    if not found:
        return ""
    if not found["read"]:
        return f"It did not fire on the packages and repositories that it was tried on ({found['date']})."
    share = 100 * found["true"] / found["read"]
    return (
        f"{found['true']} of {found['read']} findings read were true ({share:.0f}%), of {found['fired']} on packages "
        f"and repositories of others; judged {found['how']}, {found['date']}."
    )


def holds_of(rule: str) -> list[tuple[str, int, int, list[str]]]:
    """For each JAX on which the rule's examples ran: how many claims held, of how many, and which did not."""
    found = figures("holds").get(rule, {})
    return [(jax, one["held"], one["of"], one["false"]) for jax, one in sorted(found.items(), key=_version)]


def holds_sentence(rule: str) -> str:
    """`All 6 claims of its examples hold on JAX 0.10.2 and 0.12.0.`; empty where they were never run."""
    rows = holds_of(rule)
    whole = [jax for jax, held, asked, _ in rows if held == asked]
    parts = [f"Its examples show what they claim on JAX {_listed(whole)}."] if whole else []
    parts += [f"On JAX {jax}, {asked - held} of {asked} do not." for jax, held, asked, _ in rows if held != asked]
    return " ".join(parts)


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _version(item: tuple[str, Any]) -> list[int]:
    return [int(part) for part in item[0].split(".") if part.isdigit()]
