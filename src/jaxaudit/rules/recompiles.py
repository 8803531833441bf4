"""Every compilation that a run saw after a function's first, each given to exactly one rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from jaxaudit.model import amounts
from jaxaudit.rules.pytrees.growth import growing, joining

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Cause, Change, CompileSeen, Evidence, Site
    from jaxaudit.model.spot import Spot


EAGER = "eager"
BODIES = ("body", "scan", "while_loop", "cond", "switch", "custom_jvp", "custom_vjp")
LOOPS = ("scan", "while", "while_loop", "cond", "switch")
"""Operations that compile a function of their caller's when they run outside jit."""
OF_JAX = ("jax", "jaxlib")
CHEAP = 0.5
"""Seconds below which a single recompilation is worth an `info` only."""
JITTED = "PjitFunction"
OF_DTYPE = ("dtype", "weak-type")
CAPTURED_ARRAYS = re.compile(r", which captured ((?:\w+ \(\w+\[[\d,]*\]\)(?:, )?)+)$")
"""How the words for a new function object end that captured arrays: `, which captured matrix (f32[3,3])`."""
MANY = 3
"""Shapes from which on they are taken to change for ever."""

BY_KIND = {
    "shape": "unstable-structure",
    "dtype": "unstable-structure",
    "weak-type": "unstable-structure",
    "structure": "unstable-structure",
    "sharding": "unstable-structure",
    "committed": "unstable-structure",
    "convention": "unstable-structure",
    "static-value": "varying-static",
    "static-identity": "identity-hashed-static",
    "static-function": "identity-hashed-static",
    "context": "context-change",
    "cache-cleared": "context-change",
}
"""The rule of a cause's kind, where nothing else decides; all others are `unstable-structure`."""


@dataclass(frozen=True, slots=True, eq=False)
class Recompiles:
    """Compilations of one function for one reason."""

    rule: str
    site: Site
    kind: str
    leaves: tuple[str, ...]
    compiles: tuple[CompileSeen, ...]
    total: int
    """All compilations of the function, for whatever reason, its first ones too."""

    @property
    def count(self) -> int:
        return len(self.compiles)

    @property
    def seconds(self) -> float:
        return sum(seen.seconds for seen in self.compiles)

    @property
    def cause(self) -> Cause:
        """That of the first of them."""
        return self.compiles[0].cause

    @property
    def at(self) -> Spot | None:
        """The call that compiled again, the first time."""
        return next((seen.at for seen in self.compiles if seen.at is not None), None)

    def changes(self, leaf: str) -> list[Change]:
        return [change for seen in self.compiles for change in seen.cause.changes if change.leaf == leaf]

    def values(self, leaf: str) -> list[str]:
        """Every value that the leaf took, in the order in which they came."""
        steps = self.changes(leaf)
        return list(dict.fromkeys(value for step in steps for value in (step.was, step.now) if value))

    @property
    def cost(self) -> str:
        """`compiled 4 times, 3 of them for this: 1.9 s`."""
        if self.count == self.total:
            return f"compiled {amounts.times(self.count)} for this, which cost {amounts.seconds(self.seconds)}"
        if self.count == self.total - 1:
            return f"compiled {amounts.times(self.total)} instead of once, which cost {amounts.seconds(self.seconds)}"
        return (
            f"compiled {amounts.times(self.total)}, {self.count} of them for this, "
            f"which cost {amounts.seconds(self.seconds)}"
        )

    @property
    def together(self) -> tuple[str, ...]:
        """Leaves whose dtype or weak type changed in the same compilations, in another way than `kind` says."""
        found = [change for seen in self.compiles for change in seen.cause.changes if change.what in OF_DTYPE]
        return tuple(dict.fromkeys(change.leaf for change in found if change.leaf not in self.leaves))

    @property
    def facts(self) -> dict[str, object]:
        return {
            "function": self.site.name,
            "kind": self.kind,
            "compiles": self.total,
            "recompiles": self.count,
            "seconds": round(self.seconds, 4),
            "leaves": list(self.leaves),
            "values": {leaf: self.values(leaf)[:12] for leaf in self.leaves[:12]},
            "together": {leaf: self.values(leaf)[:12] for leaf in self.together[:12]},
        }

    @property
    def slight(self) -> bool:
        """Once, and cheap: worth knowing, hardly worth work."""
        return self.count == 1 and self.seconds < CHEAP


@lru_cache(maxsize=4)
def recompiles(evidence: Evidence) -> tuple[Recompiles, ...]:
    """All of them, grouped by function, rule and the leaves that changed; none is left out."""
    by_site: dict[Site, list[CompileSeen]] = {}
    for seen in evidence.compiles:
        by_site.setdefault(_definition(seen.site), []).append(seen)
    return tuple(_with_joins([group for compiles in by_site.values() for group in _groups(compiles)]))


def _with_joins(groups: Sequence[Recompiles]) -> Iterator[Recompiles]:
    """The small programs that make an array grow belong to the rule that tells of its growth."""
    grown = [group.count for group in groups if group.rule == "growing-array"]
    eager = [seen for group in groups if group.rule == "eager-hot-path" for seen in group.compiles]
    lines = {at for count in grown for at in joining(eager, count)}
    for group in groups:
        if group.rule != "eager-hot-path" or not lines:
            yield group
            continue
        for rule, mine in (("growing-array", True), (group.rule, False)):
            compiles = tuple(seen for seen in group.compiles if (seen.at in lines) is mine)
            if compiles:
                yield replace(group, rule=rule, compiles=compiles)


def of_rule(evidence: Evidence, rule: str) -> Iterator[Recompiles]:
    return (group for group in recompiles(evidence) if group.rule == rule)


def captured_words(group: Recompiles) -> str:
    """Which value that a new function object captures differs from the last one's."""
    changed = [change for seen in group.compiles for change in seen.cause.changes if change.was != "one object"]
    if not changed:
        return ""
    leaf = changed[0].leaf
    values = [value for change in changed if change.leaf == leaf for value in (change.was, change.now)]
    if all(value.startswith(("function ", "another function ")) for value in values):
        return f"; it captures `{leaf}`, a function that is made anew each time too"
    return f"; what it captures differs: `{leaf}` was {listed(list(dict.fromkeys(values)), 3)}"


def _definition(site: Site) -> Site:
    """The same for all objects made of one definition."""
    return site._replace(parameters=(), static=(), donated=(), jitted_at=None)


def _groups(compiles: Sequence[CompileSeen]) -> Iterator[Recompiles]:
    again = [seen for seen in compiles if seen.again]
    shapes = len({seen.cause.changes for seen in again if seen.cause.kind == "shape"})
    grown = growing(again)
    table: dict[tuple[str, Site, str, tuple[str, ...]], list[CompileSeen]] = {}
    for seen in again:
        rule = rule_of(seen, shapes, grown)
        leaves = tuple(dict.fromkeys(change.leaf for change in _of_kind(seen.cause)))
        site = seen.site if rule in ("jit-in-loop", "jit-per-call") else compiles[0].site
        table.setdefault((rule, site, seen.cause.kind, leaves), []).append(seen)
    for (rule, site, kind, leaves), seen_so in table.items():
        yield Recompiles(rule, site, kind, leaves, tuple(seen_so), len(compiles))


def _of_kind(cause: Cause) -> Sequence[Change]:
    """The changes that made the cause what it is; all where none says so."""
    return [change for change in cause.changes if change.what == cause.kind] or cause.changes


def rule_of(seen: CompileSeen, shapes: int, grown: frozenset[str] = frozenset()) -> str:
    """Whose it is. `shapes`: how often another shape compiled this function again; `grown`: the leaves that grew."""
    site, kind = seen.site, seen.cause.kind
    if kind == "new-function":
        return _rule_of_new_function(seen)
    if not site.user:
        if kind == "static-function" and any(CAPTURED_ARRAYS.search(change.now) for change in _of_kind(seen.cause)):
            return "unconverted-closure"
        of_library = not _is_jax(site) or (kind == "signature" and seen.via and site.name in LOOPS)
        return "library-recompile" if of_library else "eager-hot-path"
    if site.wrapper == EAGER:
        return "eager-hot-path"
    if kind == "shape" and grown.intersection(change.leaf for change in seen.cause.changes):
        return "growing-array"
    if kind == "shape" and shapes + 1 >= MANY:
        return "shape-churn"
    if kind == "static-function" and made_by_instance(seen.cause):
        return "jit-in-field"
    return BY_KIND.get(kind, "unstable-structure")


MADE_IN = re.compile(r"\b(?:__init__|__post_init__|setup)\.<locals>")


def made_by_instance(cause: Cause) -> bool:
    """Whether the static function that changed is a field that each object of its class fills with one of its own."""
    return any(
        change.what == cause.kind and "." in change.leaf and (JITTED in change.now or MADE_IN.search(change.now))
        for change in cause.changes
    )


def _rule_of_new_function(seen: CompileSeen) -> str:
    site = seen.site
    if site.wrapper in (EAGER, *BODIES):
        return "fresh-body"
    if not site.user and (_is_jax(site) or not _made_by_user(seen)):
        return "eager-hot-path" if _is_jax(site) else "library-recompile"
    made = seen.jitted_at or seen.at
    return "jit-in-loop" if made is not None and made.loop is not None else "jit-per-call"


def _made_by_user(seen: CompileSeen) -> bool:
    """Whether a function of the user's jits this library's function anew: `jax.jit(kernel.step)`."""
    return seen.jitted_at is not None and (seen.jitted_at.function != "<module>" or seen.jitted_at.loop is not None)


def _is_jax(site: Site) -> bool:
    return site.wrapper == EAGER or site.package in OF_JAX


def leaves_named(leaves: Sequence[str], most: int = 3) -> str:
    """`` `a`, `b` and 4 more ``."""
    named = [f"`{leaf}`" for leaf in leaves[:most]]
    if len(leaves) > most:
        return f"{', '.join(named)} and {len(leaves) - most} more"
    return " and ".join(([", ".join(named[:-1])] if named[:-1] else []) + named[-1:])


ANOTHER = re.compile(r"(?:another )?(function \S+ of line \d+)(?:, which captured (.+))?")


def listed(values: Sequence[str], most: int = 5) -> str:
    """`1.5, 5.0, 7.5`; the rest as a number. Of one function, made again and again, what each captured."""
    made = [ANOTHER.fullmatch(one) for one in values]
    if len({one and one[1] for one in made}) == 1 and made[0]:
        held = [one[2] for one in made if one and one[2]]
        shown = f"{made[0][1]}, which captured {listed(held, 3)}" if held else made[0][1]
        return shown.replace("<locals>.", "")
    more = f", and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(values[:most]).replace("<locals>.", "") + more
