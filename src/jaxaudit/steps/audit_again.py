"""A change that does not go together with those that were kept is written anew upon them, from what the program shows with
them.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jaxaudit.edits.edit import difference
from jaxaudit.edits.source_text import SourceText
from jaxaudit.model.outcome import MENDED_ALONG
from jaxaudit.model.proposal import Proposal, Reason
from jaxaudit.steps.audit_planning import Planned
from jaxaudit.verify.running import Ran


@dataclass(slots=True)
class Again:
    """The plan of the program with what was kept, made once for each state of that."""

    planned: Callable[[Ran, Mapping[str, bytes]], Planned]
    upon: tuple[str, ...] = ()
    made: Planned | None = None

    def remade(
        self, wanted: Proposal, all_: Sequence[Proposal], kept: Sequence[Proposal], texts: Mapping[str, bytes], ran: Ran
    ) -> Proposal | Reason:
        """The change upon what was kept, of which `texts` are the files and `ran` a run; or why there is none."""
        ids = tuple(one.id for one in kept)
        if self.made is None or self.upon != ids:
            self.made, self.upon = self.planned(ran, texts), ids
        names = _names(wanted)
        for one in kept:
            names |= _names(one) if names & _names(one) else set()  # the names under which it goes on
        found = _same(wanted, names, self.made.plan.proposals, all_)
        if found is not None:
            return _upon(wanted, found, ids, texts)
        return _why_not(wanted, names, self.made, " and ".join(ids))


def _same(
    wanted: Proposal, names: set[str], made: Sequence[Proposal], all_: Sequence[Proposal]
) -> Proposal | None:  # fmt: skip
    """The proposal of the new plan that answers the same fault of the same function."""
    alike = [one for one in made if one.edits and _meet(wanted, one) and names & _names(one)]
    exact = [one for one in alike if one.title == wanted.title]
    others = {one.title for one in all_ if one.id != wanted.id}
    rest = exact or [one for one in alike if one.title not in others]
    ways = len({one.group or one.title for one in rest})
    return rest[0] if ways == 1 else None


def _meet(one: Proposal, other: Proposal) -> bool:
    same_place = os.path.normpath(one.at.path) == os.path.normpath(other.at.path)
    return bool(set(one.rules) & set(other.rules)) and same_place


def _names(one: Proposal) -> set[str]:
    return {name.rpartition(".")[2] for name in (one.touched or (one.at.function,))}


def _upon(wanted: Proposal, found: Proposal, kept: tuple[str, ...], texts: Mapping[str, bytes]) -> Proposal:
    """Under its own number, with the edits that make its files of those on disk."""
    whole = {**texts, **{os.path.normpath(path): data for path, data in found.texts.items()}}
    edits = {path: _edits(path, data) for path, data in whole.items()}
    return replace(
        found, id=wanted.id, findings=wanted.findings, group=wanted.group, edits=edits, texts=whole, includes=kept,
    )  # fmt: skip


def _edits(path: str, data: bytes) -> tuple[tuple[int, int, str], ...]:
    before = SourceText.from_bytes(path, Path(path).read_bytes())
    made = difference(before.text, SourceText.from_bytes(path, data).text)
    return tuple((one.start, one.end, one.new) for one in made)


def _why_not(wanted: Proposal, names: set[str], made: Planned, kept: str) -> Reason:
    rules = set(wanted.rules)
    for out in made.plan.ruled_out:
        if rules & set(out.rules) and out.at.function.rpartition(".")[2] in names:
            return Reason("does-not-apply", f"with {kept} kept: {out.reason.text}")
    left = [
        one
        for one in made.joined.findings
        if one.rule in rules
        and names & {str(one.facts.get("function", "")).rpartition(".")[2], one.place.function.rpartition(".")[2]}
    ]
    if left:
        return Reason("does-not-apply", f"{kept} changes the same lines: apply that, then audit again")
    return Reason("not-tried", f"not tried: with {kept} kept, {MENDED_ALONG}")
