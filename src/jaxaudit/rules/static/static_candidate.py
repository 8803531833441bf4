"""A number that never changes in a run and is traced all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.static.making_static import CALLS, SCALARS, propose

if TYPE_CHECKING:
    from jaxaudit.model.evidence import ArgumentSeen, Evidence, FunctionSeen

LIKELY = 0.4
"""Only a measurement can say whether it helps: a suspicion, for `audit` to try."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for function in evidence.functions:
        if not function.site.user or function.calls < CALLS:
            continue
        for argument in function.arguments:
            if is_constant(function, argument):
                yield rule.seen(
                    function.site.spot,
                    f"`{argument.name}` of `{function.site.name}` is a Python number that had one value in "
                    f"{seen_of(function)}, and it is traced: static, XLA could work with its value (compiling "
                    f"took {amounts.seconds(function.seconds)})",
                    confidence=LIKELY,
                    facts={"function": function.site.name, "argument": argument.name, "calls": function.calls},
                )


def is_constant(function: FunctionSeen, argument: ArgumentSeen) -> bool:
    return (
        argument.role == "traced"
        and argument.values == "one"
        and not argument.tracer
        and bool(argument.kinds)
        and set(argument.kinds) <= SCALARS
        and argument.name not in function.site.static
    )


def seen_of(function: FunctionSeen) -> str:
    """`all 12 calls`, or how many of about how many were looked at."""
    if function.sampled and function.sampled < function.calls:
        return f"{function.sampled} calls looked at, of about {function.calls}"
    return f"all {function.calls} calls"


_PROGRAM = """from functools import partial

import jax
import jax.numpy as jnp


{jit}
def step(x, order):
    for k in range(1, 4):
        x = x + jnp.power(x, order) / k
    return x


x = jnp.ones(4)
for _ in range(3):
    y = step(x, 2)
"""

RULE = Rule(
    name="static-candidate",
    title="A number that never changes is traced",
    severity="info",
    dont="Trace a host number that is the same in every call, where its value would let XLA do less.",
    do="Name it in `static_argnames`, if a measurement shows that it gains.",
    why="A traced exponent costs a general `pow` for each element, a static 2 one multiplication: the example's program has "
    "12 equations and 12 transcendental operations traced, 9 and none static (XLA's own count, JAX 0.10.2). Often it "
    "gains nothing: `jaxaudit audit` measures before it proposes.",
    allowed="It differs between data sets (each value recompiles), arrives as a tracer, or nothing is gained.",
    may_break="Each new value compiles again.",
    sees=("run",),
    needs=("argument_values", "compile_time"),
    examples=(
        Example(
            "the order of a power",
            dont=Sample(_PROGRAM.replace("{jit}", "@jax.jit"), shows="traces('step') == 1"),
            do=Sample(
                _PROGRAM.replace("{jit}", '@partial(jax.jit, static_argnames="order")'),
                shows="traces('step') == 1",
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
    propose=propose,
)
