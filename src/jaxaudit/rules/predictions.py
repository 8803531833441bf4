"""What a change should move, said before it is tried: from counts that the run showed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from jaxaudit.model.proposal import Expected

if TYPE_CHECKING:
    from jaxaudit.model import Finding
    from jaxaudit.model.evidence import Evidence


def fewer_compiles(evidence: Evidence, again: int) -> Iterator[Expected]:
    """As many compiles fewer as were made for this one reason; small programs around it may come or go."""
    whole = len(evidence.compiles)
    if again:
        yield Expected("compiles", whole, whole - again, max(0, whole - 1.5 * again - 2), whole - 1)


def fewer_of_one(evidence: Evidence, function: str, again: int) -> Iterator[Expected]:
    """The same where the change itself brings small programs along: the compiles of the function alone."""
    whole = sum(one.site.name == function for one in evidence.compiles)
    if again and whole > 1:
        yield Expected("compiles", whole, max(1, whole - again), 1, whole - 1, function)


def fewer_equations(evidence: Evidence, function: str) -> Iterator[Expected]:
    """A program that writes its loop out once."""
    sizes = {one.site.name: one.equations for one in evidence.programs if one.site.name.rpartition(".")[2] == function}
    if sizes:
        name = max(sizes, key=lambda one: sizes[one])
        yield Expected("equations", sizes[name], sizes[name] / 8, 1, sizes[name] * 0.7, name)


def less_to_compile(evidence: Evidence, function: str) -> Iterator[Expected]:
    """A program of which XLA gets most no longer to see."""
    whole = sum(one.seconds for one in evidence.compiles)
    own = sum(one.compile_s for one in evidence.compiles if one.site.name == function)
    yield Expected("compile_s", whole, whole - 0.7 * own, whole - own, whole - 0.2 * own)


def predicted(findings: Iterable[Finding], evidence: Evidence) -> tuple[Expected, ...]:
    """What answering these findings should move, by what the run counted for them."""
    facts = [one.facts for one in findings if one.source == "run"]
    again = sum(count for one in facts if isinstance(count := one.get("recompiles"), int))
    return tuple(fewer_compiles(evidence, again))
