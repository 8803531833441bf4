"""What a run shows of `traced-static`: a static argument that arrived as a tracer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for function in evidence.functions:
        for argument in function.arguments:
            if argument.role == "static" and argument.tracer and function.site.user:
                yield rule.seen(
                    function.site.spot,
                    f"the static argument `{argument.name}` of `{function.site.name}` arrived as a tracer: an outer jit, "
                    "grad, vmap or scan traces it, and a tracer can't be hashed, so the call fails",
                    facts={"function": function.site.name, "argument": argument.name, "kinds": list(argument.kinds)},
                )
