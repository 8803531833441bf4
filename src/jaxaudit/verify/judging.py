"""From figures before and after to a verdict: counts decide first, because they do not flicker; then clocks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jaxaudit.model.moved_words import moved
from jaxaudit.model.outcome import Measured
from jaxaudit.model.proposal import COUNTS, Expected, Reason
from jaxaudit.verify.clocks import GAIN, Interval, interval, is_faster, is_slower, null_ratios, ratios
from jaxaudit.verify.figures import Figure

Figures = Mapping[Figure, float]

LEAST_BYTES = 64 * 1024
"""Fewer constants than this are no gain worth a change."""
FEW_SMALL = 2
"""Single operations that may come along with a change, to convert or to move what it makes."""
LEAST_EQUATIONS = 0.8
"""A program must shrink to this part of itself, and compile faster, to be better for it."""
FEWER_WAITS = 0.5
"""So many of the waits may be left where a shorter run is put down to them."""
LOUD = ("cpu_s", "steady_s")
"""Clocks that may veto a counted gain."""
FAR_SLOWER = 1.25
"""A loss of this part, surely, needs no more pairs; a lesser one beside a counted gain may be noise until ..."""
ENOUGH = 10
"""... so many pairs say it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts say: gains in words, and what got worse."""

    gains: tuple[Measured, ...] = ()
    losses: tuple[Measured, ...] = ()
    shrunk: tuple[Measured, ...] = ()
    """Fewer equations, or programs read from a cache: a gain only together with the seconds of the compile stages."""

    @property
    def moved(self) -> tuple[Measured, ...]:
        return (*self.gains, *self.losses)


def counted(before: Sequence[Figures], after: Figures) -> Counted:
    """Counts that differ from every unchanged run's, the same way."""
    gains: list[Measured] = []
    losses: list[Measured] = []
    shrunk: list[Measured] = []
    for metric, least in (("compiles", 1.0), ("constants_bytes", LEAST_BYTES), ("cache_hits", 1.0)):
        low, high = _span(before, (metric, ""))
        now = after.get((metric, ""), 0.0)
        better, worse = (now > high, now < low) if metric == "cache_hits" else (now < low, now > high)
        far = abs(now - (low if now < low else high)) >= least
        if far and better:
            group = shrunk if metric == "cache_hits" else gains
            group.append(_measured(metric, low if now < low else high, now))
        elif far and worse and not (metric == "compiles" and _only_small(before, after, now - high)):
            losses.append(_measured(metric, high if now > high else low, now))
    low, _ = _span(before, ("equations", ""))
    now = after.get(("equations", ""), 0.0)
    if low and now <= LEAST_EQUATIONS * low:
        shrunk.append(_measured("equations", low, now))
    return Counted(tuple(gains), tuple(losses), tuple(shrunk))


def _only_small(before: Sequence[Figures], after: Figures, more: float) -> bool:
    """Whether what is compiled more is a single operation or two, and none of the user's functions: the clocks decide."""
    most = max(map(_of_functions, before))
    return more <= FEW_SMALL and _of_functions(after) <= most


def _of_functions(figures: Figures) -> float:
    return sum(value for (metric, function), value in figures.items() if metric == "compiles" and function)


def _span(runs: Sequence[Figures], figure: Figure) -> tuple[float, float]:
    values = [one.get(figure, 0.0) for one in runs]
    return min(values), max(values)


def _measured(metric: str, before: float, after: float) -> Measured:
    ratio = after / before if before else 1.0
    return Measured(metric, before, after, ratio, ratio, 1)


@dataclass(frozen=True, slots=True)
class Timed:
    """One clock over interleaved pairs."""

    metric: str
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def interval(self) -> Interval:
        return interval(ratios(self.before, self.after))

    @property
    def null(self) -> Interval:
        return interval(null_ratios(self.before))

    @property
    def faster(self) -> bool:
        return is_faster(self.interval, self.null)

    @property
    def slower(self) -> bool:
        return is_slower(self.interval, self.null)

    @property
    def measured(self) -> Measured:
        seen = self.interval
        return Measured(
            self.metric, _middle(self.before), _middle(self.after), seen.low, seen.high, seen.pairs
        )  # fmt: skip


def timed(metric: str, before: Sequence[Figures], after: Sequence[Figures]) -> Timed:
    return Timed(metric, tuple(one[metric, ""] for one in before), tuple(one[metric, ""] for one in after))


def _middle(values: Sequence[float]) -> float:
    from statistics import median

    return median(values)


def promised(
    expected: Iterable[Expected], before: Sequence[Figures], after: Figures, clocks: Sequence[Timed]
) -> tuple[Measured, ...]:
    """What a proposal was made for beside compiling: less memory; or fewer waits, together with a shorter run."""
    table = {one.metric: one for one in clocks}
    wanted = {one.metric for one in expected}
    if "peak_bytes" in wanted and table["peak_bytes"].faster:
        return (table["peak_bytes"].measured,)
    fewest, _ = _span(before, ("syncs", ""))
    now = after.get(("syncs", ""), 0.0)
    if "syncs" in wanted and now <= FEWER_WAITS * fewest and table["steady_s"].faster:
        return (_measured("syncs", fewest, now), table["steady_s"].measured)
    return ()


@dataclass(frozen=True, slots=True)
class ByClock:
    """A gain that counts alone do not show: its words, the clock that decided, and the figures to tell."""

    text: str
    metric: str
    told: tuple[Measured, ...] = ()
    counted: bool = False
    """A count says so as well."""


def by_clocks(
    expected: Iterable[Expected], counts: Counted, before: Sequence[Figures], after: Figures, clocks: Sequence[Timed]
) -> list[ByClock]:
    """Every gain that clocks see in a change. One may be noise where another is not."""
    table = {one.metric: one for one in clocks}
    found: list[ByClock] = []
    if counts.shrunk and table["compile_s"].faster:
        text = f"{in_words(counts.shrunk[0])}; {in_words(table['compile_s'].measured)}"
        found.append(ByClock(text, "compile_s", counts.shrunk, counted=True))
    if table["cpu_s"].faster:
        found.append(ByClock(in_words(table["cpu_s"].measured), "cpu_s", counts.shrunk))
    kept = promised(expected, before, after, clocks)
    if kept:
        waits = kept[0].metric == "syncs"
        text = "; ".join(map(in_words, kept))
        found.append(ByClock(text, kept[-1].metric, (*counts.shrunk, *kept), counted=waits))
    return found


def borne_out(gain: ByClock, second: Sequence[Timed]) -> bool:
    """Whether pairs that were run afterwards say the same."""
    seen = next(one for one in second if one.metric == gain.metric).interval
    return seen.ratio <= GAIN and seen.high < 1.0


def pooled(first: Sequence[Timed], second: Sequence[Timed]) -> tuple[Timed, ...]:
    """Both rounds as one."""
    return tuple(Timed(a.metric, (*a.before, *b.before), (*a.after, *b.after)) for a, b in zip(first, second))


def slower(clocks: Sequence[Timed]) -> Reason | None:
    """The veto of a clock."""
    for one in clocks:
        if one.metric in LOUD and one.slower:
            return Reason("slower", f"slower: {in_words(one.measured)}")
    return None


def in_words(seen: Measured) -> str:
    return moved(seen.metric, seen.before, seen.after, seen.low, seen.high, seen.pairs)


def settled(clocks: Sequence[Timed], veto: bool, hoped: bool) -> bool:
    """Whether more pairs can't change the verdict."""
    lost = [one.interval for one in clocks if one.metric in LOUD and one.slower]
    if lost:
        counts_moved = veto or hoped
        return not counts_moved or any(one.low >= FAR_SLOWER or one.pairs >= ENOUGH for one in lost)
    cpu = next(one for one in clocks if one.metric == "cpu_s")
    if veto:
        return cpu.interval.high < 1.0 or all(one.interval.ratio < 1.03 for one in clocks if one.metric in LOUD)
    if hoped and any(one.metric == "compile_s" and one.faster for one in clocks):
        return all(one.interval.ratio < 1.03 for one in clocks if one.metric in LOUD)
    return cpu.faster or cpu.interval.low > 0.97


def held(expected: Sequence[Expected], before: Figures, after: Figures) -> tuple[int, int]:
    """How many of the predicted counts lie in their interval."""
    known = [one for one in expected if one.metric in COUNTS and (one.metric, one.function) in before]
    return sum(one.held(after.get((one.metric, one.function), 0.0)) for one in known), len(known)
