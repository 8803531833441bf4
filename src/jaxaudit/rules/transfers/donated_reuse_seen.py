"""What a run shows of `donated-reuse`: buffers that were donated for nothing, and reads of donated ones that the program
catches. What ended it is told with its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import leaves_named
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    yield from read_again(rule, evidence)
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


def read_again(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    ends = {process.failure.at for process in evidence.processes if process.failure}
    ran = [function for function in evidence.functions if function.calls or function.compiles]
    donors = [function.site for function in ran if function.site.donated and function.site.user]
    for error in evidence.errors:
        value = next((name for name, word in error.arguments.items() if word == "deleted"), None)
        if value is None or error.at in ends or not donors:
            continue
        what = f"`{value}`" if value else "an array"
        to = " or ".join(dict.fromkeys(f"`{site.name}` ({', '.join(site.donated)})" for site in donors[:3]))
        yield rule.seen(
            error.at,
            f"{what} is read after it was donated to {to}: its buffer is gone, and the read raised "
            f'"{said(error.text)}", which the program caught',
            facts={"value": value, "donated_to": [site.name for site in donors], "error": error.kind},
            notes=[(site.spot, "it donates") for site in donors[:3]],
            help="Keep a copy (`jnp.copy(...)`) of what is read later, or do not donate it.",
            severity="error",
        )


def said(text: str) -> str:
    return (text.splitlines() or ["Array has been deleted"])[0].rstrip(".")
