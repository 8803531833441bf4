"""What a run shows of `key-reuse`: a key that was consumed a second time, with both lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence, KeySeen


SURE = 0.95
TURNS = 8
PERHAPS_MEANT = 0.6
"""A few runs of the same code with one key may be a comparison that wants the same draws each time."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for key in evidence.keys:
        yield rule.seen(
            key.again,
            f"`{key.key}` is used twice: {again(key)}{often(key)}: both draws come from the same numbers",
            confidence=PERHAPS_MEANT if perhaps_meant(key) else SURE,
            facts={
                "key": key.key,
                "first_line": key.first.line,
                "again_line": key.again.line,
                "how": key.how,
                "times": key.times,
            },
            notes=[(key.first, "consumed first here")],
            help=f"Split it before: `{key.key}, subkey = jax.random.split({key.key})`, and consume `subkey`."
            if key.key.isidentifier()
            else "",
        )


def perhaps_meant(key: KeySeen) -> bool:
    """The same line, or a whole function run again from the module with the key that it takes each time."""
    return (key.first == key.again or key.repeated) and key.times < TURNS


def again(key: KeySeen) -> str:
    how = f" ({key.how})" if key.how else ""
    if key.first == key.again:
        return f"this line consumed it already, and consumes the same key again{how}"
    where = f"at line {key.first.line}" if key.first.path == key.again.path else f"at {key.first}"
    return f"it was consumed already {where}, and is consumed again here{how}"


def often(key: KeySeen) -> str:
    return f", {key.times} times in this run" if key.times > 1 else ""
