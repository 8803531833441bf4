"""What a run shows of `trace-time-effect`: what a function did while it was traced, and the calls that did it no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.rule import IN_TESTS, Rule
from jaxaudit.source.contexts import is_test_path

if TYPE_CHECKING:
    from jaxaudit.model.evidence import EffectSeen, Evidence, FunctionSeen

CONFIDENCE = {"tracer": 0.95, "number": 0.9, "draw": 0.9, "clock": 0.85, "print": 0.4, "container": 0.4, "value": 0.4}
"""What is printed, or kept of what is known while tracing, may be meant for the trace."""
MEANT = ("trace", "tracing", "compil", "jitting")
WORDS = {
    "tracer": "kept a tracer (no value, and of no use afterwards: UnexpectedTracerError) in `{name}`",
    "number": "changed `{name}` from {was} to {now}",
    "container": "changed `{name}` ({was}, then {now})",
    "value": "changed `{name}` from {was} to {now}",
    "print": "printed (`{name}`)",
    "clock": "read the clock (`{name}`)",
    "draw": "drew random numbers (`{name}`)",
}
_STATE = "Return the new value and hand it in again with the next call, or report it by `jax.debug.callback`."
HELP = {
    "print": "Use `jax.debug.print`, which runs with the values of each call.",
    "clock": "Read the clock outside the jitted function, after `block_until_ready()`.",
    "draw": "Draw with `jax.random` and a key that is an argument, or draw outside and hand the numbers in.",
}


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    functions = {key_of(function): function for function in evidence.functions}
    for one in evidence.effects:
        function = functions.get((one.site.path, one.site.line, one.site.name))
        later = function.calls - function.traces - function.tracer_calls if function is not None else 0
        meant = any(word in one.name.lower() for word in MEANT)
        if function is None or one.what not in WORDS or (later < 1 and one.what != "tracer") or meant:
            continue
        sure = CONFIDENCE[one.what]
        yield rule.seen(
            one.at,
            message(one, function, later),
            confidence=min(sure, IN_TESTS) if is_test_path(one.at.path) else sure,
            facts={"function": one.site.name, "target": one.name, "effect": one.what, "calls": function.calls,
                   "traces": function.traces},
            notes=[(one.site.spot, f"`{one.site.name}` is traced here")],
            help=HELP.get(one.what, _STATE),
        )  # fmt: skip


def key_of(function: FunctionSeen) -> tuple[str, int, str]:
    return function.site.path, function.site.line, function.site.name


def message(one: EffectSeen, function: FunctionSeen, later: int) -> str:
    did = WORDS[one.what].format(name=one.name, was=one.was, now=one.now)
    told = f"`{one.site.name}` {did} while it was traced, a side effect"
    if later < 1:
        return told
    baked = "; what it got is baked into the program" if one.what in ("clock", "draw") else ""
    return f"{told}: {amounts.times(function.traces)} in {function.calls} calls, not in the others{baked}"
