"""Whether a difference is rounding: told by how far the unchanged program moves when XLA compiles it otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from jaxaudit.model.outcome import Outputs
from jaxaudit.model.proposal import Reason
from jaxaudit.verify.outputs import WITHIN, Difference
from jaxaudit.verify.values import Compared, Moved, Place

PERTURBED = ("--xla_disable_hlo_passes=fusion", "--xla_backend_optimization_level=0")
"""What the unchanged program is run under to see how far rounding alone moves it."""
AMPLIFIED = 3.0
FAR = 1e-3
"""How far what is printed and written may move by rounding; beyond it, the user decides whether it may."""
RANK: tuple[Outputs, ...] = ("equal", "within-tolerance", "rounding-amplified", "different", "not-compared")


@dataclass(frozen=True, slots=True)
class Rounding:
    """The farthest that rounding alone moves what a program prints and writes, and each array that its functions return."""

    outputs: float = 0.0
    values: Mapping[Place, float] = field(default_factory=dict)


Ask = Callable[[], Rounding]
"""Runs the unchanged program otherwise compiled when it is first asked."""


class Judged(NamedTuple):
    """How outputs compare, in words; the reason where the change may not be kept, and whether that is the user's to decide."""

    how: Outputs
    difference: str = ""
    reason: Reason | None = None
    undecided: bool = False


def judged_outputs(found: Difference, ask: Ask) -> Judged:
    """What a program printed and wrote."""
    said = found.other or found.first
    if found.other:
        return Judged("different", said, Reason("outputs-differ", f"the program's output differs: {found.other}"))
    if found.none:
        return Judged("equal")
    if found.relative <= WITHIN:
        return Judged("within-tolerance", said)
    alone = ask().outputs
    if found.relative <= AMPLIFIED * alone:
        if found.relative <= FAR:
            return Judged("rounding-amplified", said)
        text = (
            f"the program's output moves by {found.relative:.1e} ({found.first}). Rounding alone moves that of the unchanged program by "
            f"{alone:.1e}, so it is rounding, amplified, and yours to decide"
        )
        return Judged("different", found.first, Reason("outputs-differ", text), undecided=True)
    text = f"the program's output moves by {found.relative:.1e} ({found.first}); rounding alone moves it by {alone:.1e}"
    return Judged("different", said, Reason("outputs-differ", text))


def compiled_alike(found: Difference) -> Judged:
    """What moved, of programs that print the same where XLA does not fuse: rounding, however far it goes."""
    how = "where XLA compiles both without fusion, they print and write the same"
    if found.relative <= FAR:
        return Judged("rounding-amplified", f"{found.first}: {how}")
    text = f"the program's output moves by {found.relative:.1e} ({found.first}). {how[0].upper()}{how[1:]}: it is rounding, amplified, and yours to decide"
    return Judged("different", found.first, Reason("outputs-differ", text), undecided=True)


def judged_values(found: Compared, ask: Ask) -> Judged:
    """What functions returned: a first call decides; what only later calls show is the user's to decide."""
    far = [one for one in found.moved if not one.within]
    if not far:
        moved = any(one.relative for one in found.moved)
        return Judged("within-tolerance" if moved else "equal", max(found.moved, key=_far).words if moved else "")
    beyond = [one for one in far if not one.few and one.relative > AMPLIFIED * ask().values.get(one.place, 0.0)]
    first = max((one for one in beyond if one.strict), key=_far, default=None)
    worst = first or max(beyond, key=_far, default=None)
    if worst is None:
        return Judged("rounding-amplified", max(far, key=_far).words)
    alone = ask().values.get(worst.place, 0.0)
    text = f"{worst.words}; rounding alone moves it by {alone:.1e}"
    if first is None:
        text += (
            ". First calls with the same inputs agree: yours to decide" if _first_agree(found) else ": yours to decide"
        )
    return Judged("different", worst.words, Reason("outputs-differ", text), undecided=first is None)


def _far(one: Moved) -> float:
    return one.relative


def _first_agree(found: Compared) -> bool:
    return any(one.strict for one in found.moved)


def worse(one: Judged, other: Judged) -> Judged:
    """Of two verdicts the one that counts: one that forbids before one that leaves it open, then by how far it moved."""
    return max(one, other, key=lambda judged: (bool(judged.reason) - judged.undecided * 0.5, RANK.index(judged.how)))
