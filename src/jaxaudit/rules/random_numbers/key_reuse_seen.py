"""What a run shows of `key-reuse`: a key that was consumed a second time, with both lines."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, amounts
from jaxaudit.model.evidence import Evidence, KeySeen
from jaxaudit.rules.rule import Rule


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for key in evidence.keys:
        how = f" ({key.how})" if key.how else ""
        yield rule.seen(
            key.again,
            f"`{key.key}` is used twice: it was consumed already {first_of(key)}, and is consumed again here{how}"
            f"{often(key)}: both draws come from the same numbers",
            confidence=0.95,
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


def first_of(key: KeySeen) -> str:
    if key.first.path != key.again.path:
        return f"at {key.first}"
    return f"at line {key.first.line}" if key.first.line != key.again.line else "by this very line"


def often(key: KeySeen) -> str:
    return f", {amounts.times(key.times)}" if key.times > 1 else ""
