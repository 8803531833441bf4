"""What a run shows of `static-array`: arrays that came in through a static argument or field, and became constants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.captures.captured_in_run import held
from jaxaudit.rules.recompiles import leaves_named
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import ConstantSeen, Evidence, Site


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for site, argument, constants in held(evidence, ("argument",)):
        yield found(rule, site, argument, constants)


def found(rule: Rule, site: Site, argument: str, constants: Sequence[ConstantSeen]) -> Finding:
    names = list(dict.fromkeys(one.name for one in constants))
    shown = "; ".join(f"{amounts.array(one.dtype, one.shape)}, {amounts.size(one.bytes)}" for one in constants[:3])
    them, are = ("it", "is") if len(names) == 1 else ("they", "are")
    through = (
        f"the static argument `{argument}`"
        if argument in site.static
        else f"static metadata of the argument `{argument}`"
    )
    return rule.seen(
        site.spot,
        f"{leaves_named(names)} ({shown}) of `{site.name}` came in through {through}: {them} {are} baked into the "
        "program, and another object with an array of its own is compiled for again, or raises an error while the two "
        "are compared",
        confidence=0.9,
        severity="warning",
        facts={
            "function": site.name,
            "argument": argument,
            "arrays": names[:20],
            "bytes": sum(one.bytes for one in constants),
        },
        notes=[(constants[0].at, f"`{names[0]}` enters the program here"), (constants[0].made, "it is made here")],
        help=f"Trace `{argument}`: make its class a registered pytree (or `eqx.Module`) whose arrays are data fields."
        if argument in site.static
        else f"Make {leaves_named(names)} a data field: no `static=True`, `pytree_node=False` or `meta_fields` for arrays.",
    )
