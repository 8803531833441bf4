"""What is at stake in a proposal: seconds and bytes of the functions that it is about, as the run showed them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from jaxaudit.model.evidence import Evidence
from jaxaudit.model.proposal import Proposal

SECONDS_PER_BYTE = 2e-8
"""What a byte of a constant is worth in seconds: 1 GB costs some 20 s to compile."""


class Stake(NamedTuple):
    """All that could be won at most."""

    seconds: float
    bytes: int

    @property
    def worth(self) -> float:
        return self.seconds + SECONDS_PER_BYTE * self.bytes


def ranked(proposals: Iterable[Proposal], evidence: Evidence) -> list[Proposal]:
    """Worst first, with ids 1, 2, ...; ways to the same end stay beside each other, in their own order.

    What waits alone can show takes up to forty runs, so it comes behind what a count shows in a few. Settings of the whole
    run come last: what they gain is known only once the edits are. Of two with the same at stake, fewer compiles come first:
    what jits a function once hands in what it captured as well.
    """
    groups: dict[object, list[Proposal]] = {}
    for number, one in enumerate(proposals):
        groups.setdefault(one.group or number, []).append(one)

    def place(group: list[Proposal]) -> tuple[bool, bool, float, bool]:
        waits = all({each.metric for each in one.expected} == {"syncs"} for one in group)
        edits = [one for one in group if one.kind == "edit"]
        worth = max(stake(one, evidence).worth for one in edits or group)
        fewer = any(each.metric == "compiles" for one in group for each in one.expected)
        return not edits, waits, -worth, not fewer

    by_worth = sorted(groups.values(), key=place)
    return [replace(one, id=str(number)) for number, one in enumerate((one for group in by_worth for one in group), 1)]


def stake(proposal: Proposal, evidence: Evidence) -> Stake:
    """Recompilations and constants of the functions it touches; of all functions, for a setting."""
    names = {name.rpartition(".")[2] for name in proposal.touched}
    everything = proposal.kind != "edit" or not names

    def meant(name: str) -> bool:
        return everything or name.rpartition(".")[2] in names

    compiles = [one for one in evidence.compiles if meant(one.site.name)]
    seconds = sum(one.seconds for one in compiles)
    return Stake(seconds, max((one.constants_bytes for one in compiles), default=0))
