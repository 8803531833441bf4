"""What a run shows of `captured-array` and `captured-self`: the arrays that became constants, by who holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.recompiles import leaves_named
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import ConstantSeen, Evidence, Site
    from jaxaudit.model.spot import Spot


SMALL = 1024
"""Bytes below which a constant is not worth a word, whatever the budget."""
OWN = ("self", "cls")
WRITTEN = ("closure", "global", "attribute", "default", "partial", "unknown")
"""How an array that the author wrote comes in; "created" is one that tracing itself made, and what came
in through an "argument" is `static-array`'s."""
MADE = ("made",)
"""By NumPy, on a line of the author's, while the function is traced."""


def observe_array(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for site, holder, constants in held(evidence):
        if holder not in OWN:
            yield found(rule, site, holder, constants, "closes over", whole(evidence, site))
    made: dict[Site, list[ConstantSeen]] = {}
    for site, _, constants in held(evidence, MADE):
        made.setdefault(site, []).extend(constants)
    for site, together in made.items():
        together.sort(key=lambda one: -one.bytes)
        yield made_while_traced(rule, site, together, whole(evidence, site))


def observe_self(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for site, holder, constants in held(evidence):
        if holder in OWN:
            yield found(rule, site, holder, constants, "reads from its object", whole(evidence, site))


def held(evidence: Evidence, how: Sequence[str] = WRITTEN) -> Iterator[tuple[Site, str, Sequence[ConstantSeen]]]:
    """The constants of each of the user's functions, by the first name of their holder."""
    table: dict[tuple[Site, str], list[ConstantSeen]] = {}
    for one in evidence.constants:
        if one.how in how and one.bytes >= SMALL and (one.site.user or one.at is not None):
            table.setdefault((one.site, root_of(one)), []).append(one)
    for (site, holder), constants in table.items():
        yield site, holder, sorted(constants, key=lambda one: -one.bytes)


def whole(evidence: Evidence, site: Site) -> int:
    """Bytes of all constants of the function: what the budget is about."""
    return sum(one.bytes for one in evidence.constants if one.site == site and one.how in (*WRITTEN, *MADE))


def root_of(one: ConstantSeen) -> str:
    """`optical_path` of `optical_path.coronagraph.psf`."""
    return one.holder.partition(".")[0].partition("[")[0] or "an array without a name"


def found(
    rule: Rule, site: Site, holder: str, constants: Sequence[ConstantSeen], verb: str, whole_bytes: int
) -> Finding:
    shown = [f"{amounts.array(one.dtype, one.shape)}, {amounts.size(one.bytes)}" for one in constants[:3]]
    names = list(dict.fromkeys(one.name or holder for one in constants))
    largest = constants[0]
    more = f", {amounts.size(sum(one.bytes for one in constants))} in all" if len(constants) > 1 else ""
    return rule.seen(
        place_of(site, constants),
        f"`{site.name}` {verb} {leaves_named(names)} ({'; '.join(shown)}{more}): "
        f"{'it is' if len(names) == 1 else 'they are'} captured and baked into the program as "
        f"{'a constant' if len(names) == 1 else 'constants'}, copied at every compilation",
        facts=facts_of(site, holder, constants, whole_bytes),
        notes=[(largest.at, f"`{largest.name}` enters the program here"), (largest.made, "the array is made here")],
        help=f"Make `{holder}` an argument of `{site.name}`; where callers can't change, bind it outside: "
        f"`functools.partial(jitted, {holder})`."
        if holder not in OWN
        else "",
    )


def made_while_traced(rule: Rule, site: Site, constants: Sequence[ConstantSeen], whole_bytes: int) -> Finding:
    one = len(constants) == 1
    names = [name for name in dict.fromkeys(each.name for each in constants) if name]
    others = sum(not each.name for each in constants)
    unnamed = "an array" if others == 1 else f"{others} arrays" if others else ""
    what = " and ".join(part for part in (leaves_named(names) if names else "", unnamed) if part)
    shown = "; ".join(f"{amounts.array(each.dtype, each.shape)}, {amounts.size(each.bytes)}" for each in constants[:3])
    return rule.seen(
        constants[0].at or site.spot,
        f"{what} ({shown}) {'comes' if one else 'come'} from NumPy while `{site.name}` is traced: baked into the program as "
        f"{'a constant' if one else 'constants'}, at every compilation",
        facts=facts_of(site, "", constants, whole_bytes),
        notes=[(each.at, "another comes in here") for each in constants[1:4]],
        help=f"Make {'it' if one else 'them'} with `jax.numpy`, so that the program itself computes what it needs, or once "
        f"outside, and hand {'it' if one else 'them'} in.",
    )


def facts_of(site: Site, holder: str, constants: Sequence[ConstantSeen], whole_bytes: int) -> dict[str, Any]:
    return {
        "function": site.name,
        "bytes": sum(one.bytes for one in constants),
        "function_bytes": whole_bytes,
        "holder": holder,
        "constants": [
            {"name": one.name, "shape": list(one.shape), "dtype": one.dtype, "bytes": one.bytes, "how": one.how}
            for one in constants[:20]
        ],
    }


def place_of(site: Site, constants: Sequence[ConstantSeen]) -> Spot:
    """The line that reads the largest where it is the function's own; else the function."""
    at = constants[0].at
    if at is not None and at.path == site.path and (not site.user or at.function == site.name):
        return at
    return site.spot if site.user or at is None else at
