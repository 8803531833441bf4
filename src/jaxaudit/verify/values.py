"""What changed functions return, compared with what they returned before: array by array, as a part of each one's peak."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from operator import sub
from typing import NamedTuple

from jaxaudit.evidence.results import Jitted, Leaf, Result, Results

TOLERANCE: Mapping[str, float] = {"float32": 1e-5, "float64": 1e-9, "float16": 2e-3, "bfloat16": 2e-2}
"""How far apart results may be that count as the same, by dtype; `[tool.jaxaudit] tolerance` says otherwise."""
PARTS = {"complex64": "float32", "complex128": "float64"}
FEW = 2e-5
"""The part of an array of whole numbers, such as draws behind a rounded rate, that may move by one each."""

Place = tuple[Jitted, int, str]
"""A function, the number of the call, and the leaf of its result."""


class Moved(NamedTuple):
    """How far one array is from what it was. `relative` is infinite where no rounding explains it."""

    place: Place
    relative: float
    strict: bool
    """The first call, with the same inputs."""
    allowed: float
    """What counts as the same for its dtype."""
    what: str = ""
    few: bool = False
    """So few whole numbers moved by one that a draw behind a rounded rate explains it."""

    @property
    def within(self) -> bool:
        return self.relative <= self.allowed

    @property
    def words(self) -> str:
        function, call, leaf = self.place
        which = "the first call" if call == 1 else f"call {call}"
        there = f" ({leaf})" if leaf else ""
        how = self.what or f"moved by {self.relative:.1e} of its peak"
        return f"what {which} of `{function.last}` returns{there} {how}"


@dataclass(frozen=True, slots=True)
class Compared:
    """All results of two runs that could be set side by side."""

    moved: tuple[Moved, ...] = ()
    functions: Mapping[Jitted, int] = field(default_factory=dict)
    """The functions with how many of their calls were compared."""
    why_not: str = ""
    """Where nothing was: the reason."""
    whole: bool = False
    """Some function was compared in all its calls that were kept: as often as before."""

    @property
    def words(self) -> str:
        """For a reader: what was compared."""
        if self.why_not:
            return f"values not compared: {self.why_not}"
        said = [
            f"`{function.last}` in {count} call{'s' * (count > 1)}"
            for function, count in list(self.functions.items())[:3]
        ]
        more = len(self.functions) - len(said)
        return f"returned values compared of {', '.join(said)}{f' and {more} more' if more else ''}"


def compare_values(
    before: Results,
    after: Results,
    changed: frozenset[str] = frozenset(),
    unstable: frozenset[Place] = frozenset(),
    tolerance: Mapping[str, float] = TOLERANCE,
) -> Compared:
    """The results of the functions that were changed, by the last part of their names; without such, of all.

    Of other functions only first calls with the same inputs count: later on they are handed what the changed ones made.
    """
    if not before:
        return Compared(why_not="no jitted function of yours was called, other than from within another one")
    pairs = list(matched(before, after))
    if not pairs:
        return Compared(why_not=f"the changed program calls no function like {_names(before)}")
    own = [one for one in pairs if one[0].last in changed]
    moved: list[Moved] = []
    functions: dict[Jitted, int] = {}
    whole = False
    for one, other in pairs:
        as_often = before[one].keys() == after[other].keys()  # else the n-th call need not be the n-th call
        as_often = as_often and not (by_threads(before[one]) or by_threads(after[other]))
        every = as_often and (not own or (one, other) in own)
        whole = whole or every
        for call in sorted(before[one].keys() & after[other].keys()):
            first = call == 1 and same_inputs(before[one][1], after[other][1])
            if not (every or first):
                continue
            some = [
                found
                for found in _of_call(one, call, before[one][call], after[other][call], first, tolerance)
                if found.place not in unstable
            ]
            moved += some
            functions[one] = functions.get(one, 0) + bool(some)
    functions = {one: count for one, count in functions.items() if count}
    if not functions and all(by_threads(before[one]) for one, _ in pairs):
        return Compared(
            why_not=f"several threads call {_names(before)}, and whose call comes when differs from run to run"
        )
    if not functions:
        return Compared(
            why_not=f"what {_names(before)} returns differs from run to run, has other shapes or holds no arrays"
        )
    return Compared(tuple(moved), functions, whole=whole)


def by_threads(calls: Mapping[int, Result]) -> bool:
    """Whether several threads called a function: then the n-th call need not be the n-th call."""
    return any(one.threads > 1 for one in calls.values())


def matched(before: Results, after: Results) -> Iterator[tuple[Jitted, Jitted]]:
    """The same function of both runs: of that name in that file, else the only one of its last name."""
    taken: set[Jitted] = set()
    for one in before:
        if one in after:
            taken.add(one)
            yield one, one
    for one in before:
        if one not in after:
            alike = [
                other for other in after
                if other not in taken and other.last.lstrip("_") == one.last.lstrip("_") and other.process == one.process
            ]  # fmt: skip
            if len(alike) == 1:
                taken.add(alike[0])
                yield one, alike[0]


def same_inputs(before: Result, after: Result) -> bool:
    """Whether one call was handed all that the other was; what is more came out of the closure, or went into it."""
    if before.inputs is None or after.inputs is None or "gone" in (*before.inputs, *after.inputs):
        return False
    one, other = (
        Counter(word for word in call if not word.startswith("number ")) for call in (before.inputs, after.inputs)
    )
    return one <= other or other <= one


def _of_call(
    function: Jitted, call: int, before: Result, after: Result, first: bool, tolerance: Mapping[str, float]
) -> Iterator[Moved]:
    alike = [(one.shape, one.dtype) for one in before.leaves] == [(one.shape, one.dtype) for one in after.leaves]
    if not alike and not first:
        return  # another call: of many at once, say
    if len(before.leaves) != len(after.leaves):
        what = f"holds {len(after.leaves)} arrays instead of {len(before.leaves)}"
        yield Moved((function, call, ""), inf, first, 0.0, what)
        return
    for a, b in zip(before.leaves, after.leaves):
        relative, what, few = apart(a, b)
        allowed = tolerance.get(PARTS.get(a.dtype, a.dtype), 0.0)
        yield Moved((function, call, a.name), relative, first, allowed, what, few)


def apart(a: Leaf, b: Leaf) -> tuple[float, str, bool]:
    """How far two arrays are apart, as a part of their peak; words where that can't be said so; whether it is few draws."""
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return inf, f"is {b.dtype}{list(b.shape)} instead of {a.dtype}{list(a.shape)}", False
    if a.digest == b.digest and a.odd == b.odd:
        return 0.0, "", False
    if a.odd != b.odd:
        return inf, "is not finite at other places", False
    if not a.form or not b.form:
        return inf, "is another key" if a.dtype.startswith("key<") else "holds other bytes", False
    peak = max(a.peak, b.peak)
    x, y = a.numbers(), b.numbers()
    if not peak:
        return 0.0, "", False
    if len(x) != len(y):
        return inf, "holds another number of values", False
    most = max(map(abs, map(sub, x, y)), default=0.0)
    if a.whole and b.whole and most <= 1.0 and a.step == 1:
        moved = sum(map(float.__ne__, x, y))
        if moved <= FEW * len(x):
            return most / peak, f"moved by one in {moved} of {len(x)} whole numbers", True
    norm = abs(a.norm - b.norm) / max(a.norm, b.norm) if (a.step > 1 or not x) and max(a.norm, b.norm) else 0.0
    return max(most / peak, norm), "", False


def _names(results: Iterable[Jitted]) -> str:
    names = list(dict.fromkeys(f"`{one.last}`" for one in results))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
