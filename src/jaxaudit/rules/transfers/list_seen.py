"""What a run shows of `list-to-array`: lines that made arrays of long lists, or of lists of device arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.model.wasted import ListSeen


MANY_ARRAYS = 500
"""Device arrays in all from which on the joining is worth a word (about 50 ms)."""
MANY_NUMBERS = 10_000
"""The same for numbers (about 40 ms)."""
LONG = 100
"""Numbers below which a single list is short, however often it comes."""
NOTICED = 0.01
"""Seconds below which a finding is a note."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for seen in evidence.lists:
        if seen.arrays >= MANY_ARRAYS:
            yield found(rule, seen, seen.arrays, "device arrays", "jnp.stack", OF_ARRAYS)
        elif seen.numbers >= MANY_NUMBERS and seen.longest >= LONG:
            yield found(rule, seen, seen.numbers, "numbers", "np.asarray", OF_NUMBERS)


OF_ARRAYS = "`jnp.stack` of the list; better still `jax.vmap`, which makes no list."
OF_NUMBERS = "`jnp.asarray(np.asarray(values, dtype))`, or build it with `np.arange`/`np.fromiter` in the first place."


def found(rule: Rule, seen: ListSeen, count: int, what: str, instead: str, help: str) -> Finding:
    named = f" `{seen.list}`" if seen.list.isidentifier() else ""
    calls = f" in {amounts.times(seen.calls).removesuffix(' times')} calls" if seen.calls > 1 else ""
    return rule.seen(
        seen.at,
        f"`{seen.by or 'jnp.array'}` converted {count} {what}{calls} element by element, from a Python list{named} "
        f"(the longest of {seen.longest}), which took {amounts.seconds(seen.seconds)}; `{instead}` does it at once",
        confidence=0.9,
        facts={
            "elements": what,
            "count": count,
            "calls": seen.calls,
            "longest": seen.longest,
            "seconds": round(seen.seconds, 4),
        },
        help=help,
        severity="info" if seen.seconds < NOTICED else None,
    )
