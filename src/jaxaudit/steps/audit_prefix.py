"""Programs that run for hours are tried on a prefix: how long it is, and the sentences that say so."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from jaxaudit.model import amounts
from jaxaudit.model.proposal import Proposal
from jaxaudit.verify.changed import changed_functions
from jaxaudit.verify.running import Prefix
from jaxaudit.verify.unchanged import Base

SHARE = 0.25
"""The part of the budget after which the observed run is stopped, at the end of a call."""
CALLS = 10
"""How often each function is called in a prefix, where the observed run called it so often."""


def shortened(bases: Sequence[Base], proposals: Sequence[Proposal], asked: int, root: Path) -> str:
    """Effect: where the program was stopped, or `--calls` asks for it, the runs of its trials will be. What to say of it."""
    names = _of_interest(proposals, root)
    said: list[str] = []
    if not proposals:
        return ". ".join(
            f"{base.way.name} had not ended after {amounts.seconds(base.first.seconds)} and was stopped: what comes later was "
            "not observed"
            for base in bases
            if base.first.cut
        )
    for base in bases:
        ran = base.first
        if not (ran.cut or asked):
            continue
        goals = goals_of(ran.calls, names, asked or CALLS)
        if not goals:
            continue
        base.prefix, base.upto, base.runs = Prefix(calls=goals), _times(goals), []
        why = (
            f"had not ended after {amounts.seconds(ran.seconds)} and was stopped" if ran.cut else "is tried on a prefix"
        )
        said.append(
            f"{base.way.name} {why}: each run from here on is stopped when it has called {base.upto}; what comes later is "
            "not compared"
        )
    return ". ".join(said)


def goals_of(seen: Mapping[str, int], names: Iterable[str], most: int) -> dict[str, int]:
    """How often which functions are called: those that changes are about, where the run called them, else all."""
    wanted = {name.strip("_") for name in names}
    own = {name: count for name, count in seen.items() if name in wanted and count}
    return {name: min(count, most) for name, count in (own or seen).items() if count}


def _of_interest(proposals: Iterable[Proposal], root: Path) -> set[str]:
    return {
        name
        for one in proposals
        for name in (*changed_functions(root, one.texts), *(name.rpartition(".")[2] for name in one.touched))
    }


def _times(goals: Mapping[str, int]) -> str:
    """`step` 10 times, `init` once."""
    said = [f"`{name}` {amounts.times(count)}" for name, count in sorted(goals.items(), key=lambda one: -one[1])]
    return ", ".join(said[:4]) + (f" and {len(said) - 4} more functions as often" if len(said) > 4 else "")
