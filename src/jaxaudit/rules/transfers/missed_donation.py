"""A large argument that nobody reads again, beside an output that could have had its memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.recompiles import leaves_named
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.transfers.donating import propose

if TYPE_CHECKING:
    from jaxaudit.model.evidence import DonationSeen, Evidence

LARGE = 1 << 20
"""Bytes below which memory is no reason to change a signature."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for donation in evidence.donations:
        dead = [one for one in donation.missed if one.dead]
        total = sum(one.bytes for one in dead)
        if total >= LARGE and donation.site.user:
            yield found(rule, donation, [one.name for one in dead], total)


def found(rule: Rule, donation: DonationSeen, names: list[str], total: int) -> Finding:
    site = donation.site
    parameters = list(dict.fromkeys(name.partition(".")[0].partition("[")[0] for name in names))
    return rule.seen(
        site.spot,
        f"{leaves_named(names)} of `{site.name}` ({amounts.size(total)}) {'is' if len(names) == 1 else 'are'} not read "
        f"again after the call, and an output has the same shape: donated, that memory would be used twice",
        facts={"function": site.name, "arguments": names[:20], "bytes": total},
        help=f"`donate_argnames={tuple(parameters) if len(parameters) > 1 else parameters[0]!r}`, if no caller reads "
        "them afterwards.",
    )


_PROGRAM = """from functools import partial

import jax
import jax.numpy as jnp


{jit}
def step(state):
    return state * 0.5


state = jnp.ones((1024, 1024))
before = state
state = step(state)
"""

RULE = Rule(
    name="missed-donation",
    title="Memory that could have been used again",
    severity="info",
    dont="Keep the old state's memory through a step whose result replaces it.",
    do='Name it in `donate_argnames`: `jax.jit(step, donate_argnames="state")`.',
    why="Without donation old and new state stand in memory together: a step on float32[1024,1024] takes 4 MB for its "
    "argument and 4 MB for its result; with the state donated the result lies in the argument's 4 MB (XLA's memory "
    "analysis, JAX 0.10.2).",
    allowed="It is needed after the call, or the CPU is all there is and memory is plenty.",
    may_break="A donated array is gone: reading it afterwards raises an error.",
    sees=("run",),
    needs=("donation",),
    examples=(
        Example(
            "the state of a step",
            dont=Sample(_PROGRAM.replace("{jit}", "@jax.jit"), shows="not before.is_deleted()"),
            do=Sample(
                _PROGRAM.replace("{jit}", '@partial(jax.jit, donate_argnames="state")'), shows="before.is_deleted()"
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
    propose=propose,
)
