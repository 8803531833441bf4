"""What a run shows of `donated-reuse`: buffers that were donated for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import leaves_named
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for donation in evidence.donations:
        if donation.wasted and donation.site.user:
            names = leaves_named(donation.wasted)
            them = "it" if len(donation.wasted) == 1 else "they"
            yield rule.seen(
                donation.site.spot,
                f"{names} of `{donation.site.name}` {'is' if them == 'it' else 'are'} donated, and no output has that "
                f"shape and dtype: XLA can't use the buffer, so the donation only makes the argument unusable afterwards",
                facts={"function": donation.site.name, "wasted": list(donation.wasted)},
                help=f"Donate only what an output replaces: take {names} out of `donate_argnums`/`donate_argnames`.",
            )
