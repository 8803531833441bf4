"""What a run shows of `jit-in-loop` and `jit-per-call`: one function jitted anew, and compiled anew each time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.recompiles import Recompiles, captured_words, of_rule
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.model.spot import Spot


def observe_loop(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for group in joined(of_rule(evidence, rule.name)):
        at = where(group)
        loop = f" of the loop at line {at.loop.line}" if at.loop else " of a loop"
        yield _found(
            rule,
            group,
            at,
            f"`{group.site.name}` is jitted anew in each turn{loop}: every turn makes a new function object, for which "
            f"JAX's cache has nothing; it {group.cost}{captured_words(group)}",
        )


def observe_calls(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for group in joined(of_rule(evidence, rule.name)):
        at = where(group)
        each = f"in each call of `{at.function}`" if at.function not in ("", "<module>") else "each time this line runs"
        yield _found(
            rule,
            group,
            at,
            f"{made_anew(group.site.name, each)} a new function object is a new entry in JAX's cache; "
            f"it {group.cost}{captured_words(group)}",
        )


def made_anew(name: str, each: str) -> str:
    """A function of the module is made once: what is new is what wraps it."""
    if "." in name or name == "<lambda>":
        return f"`{name}` is made and jitted anew {each}:"
    return f"`{name}` is wrapped and jitted anew {each} (`vmap`, `grad`, `partial` and the like make a new function of it):"


def joined(groups: Iterator[Recompiles]) -> Iterator[Recompiles]:
    """One for each place at which a function is jitted, whatever the captured values that differed."""
    table: dict[tuple[object, ...], list[Recompiles]] = {}
    for group in groups:
        table.setdefault((group.site.path, group.site.name, where(group)), []).append(group)
    for parts in table.values():
        first = parts[0]
        compiles = tuple(seen for part in parts for seen in part.compiles)
        yield Recompiles(first.rule, first.site, first.kind, first.leaves, compiles, first.total)


def where(group: Recompiles) -> Spot:
    """Where it is jitted; else where it is called, or defined."""
    jitted = next((seen.jitted_at for seen in group.compiles if seen.jitted_at is not None), None)
    return jitted or group.at or group.site.spot


def _found(rule: Rule, group: Recompiles, at: Spot, message: str) -> Finding:
    return rule.seen(
        at,
        message,
        facts=group.facts,
        notes=[
            (group.site.spot if group.site.line != at.line else None, f"`{group.site.name}`"),
            (group.at, "the call"),
        ],
        severity="info" if group.slight else None,
    )
