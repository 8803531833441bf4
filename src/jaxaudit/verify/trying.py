"""Tries proposals one after the other in copies, against a baseline that was tried against itself first."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from math import isfinite
from typing import Any

from jaxaudit.model.outcome import Measured, Outcome, Tests
from jaxaudit.model.proposal import Proposal, Reason
from jaxaudit.verify.cache_trials import VARIABLE, with_own_cache
from jaxaudit.verify.changed import changed_functions
from jaxaudit.verify.clocks import LOOKS
from jaxaudit.verify.endings import died, dies_still, failed_tests, unlike
from jaxaudit.verify.figures import figures
from jaxaudit.verify.frozen import kept_from_the_trace
from jaxaudit.verify.judging import (
    ByClock,
    Figures,
    Timed,
    borne_out,
    by_clocks,
    counted,
    held,
    in_words,
    pooled,
    promised,
    settled,
    slower,
    timed,
)
from jaxaudit.verify.outputs import WITHIN, Difference, compare, compared_on, learn
from jaxaudit.verify.rounding import PERTURBED, Judged, Rounding, compiled_alike, judged_outputs, judged_values, worse
from jaxaudit.verify.running import Ground, Ran, Way, run
from jaxaudit.verify.unchanged import Base
from jaxaudit.verify.values import TOLERANCE, Compared, compare_values

SHORTEST = 60.0
"""Seconds that any trial may take."""
TIMED = ("cpu_s", "steady_s", "compile_s", "seconds", "peak_bytes")
VETO_PAIRS = (3, 5, 10)
"""After so many pairs a counted gain is kept, unless a clock says that runs got slower or may have."""

SECOND = 10
"""Pairs of a second round at most."""


class OutOfTime(Exception):
    """The budget is spent."""


@dataclass(slots=True)
class Trials:
    """The baselines of all ways, and the budget. `until` is a time of `clock`."""

    ground: Ground
    ways: list[Base]
    until: float
    tests: Way | None = None
    clock: Callable[[], float] = time.monotonic
    tested: tuple[int, frozenset[str]] | None = None
    tolerance: Mapping[str, float] = field(default_factory=lambda: TOLERANCE)
    pairs: tuple[int, int] = (0, 0)
    """Of the trial under way: how many pairs were run, and after how many the verdict may fall."""
    runs: int = 0
    under: Mapping[str, bytes] = field(default_factory=dict)
    """What was kept before, where the program does not end without it: then that is the baseline."""
    under_environ: Mapping[str, str] = field(default_factory=dict)
    restarted: bool = False
    tried: Ran | None = None
    """The first run with what was tried last."""
    unchanged: list[Figures] = field(default_factory=list)
    """The unchanged program's runs that were timed."""

    # -- the baseline ---------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Effect: runs the unchanged program once more in each way, to learn what is stable of it; and its tests twice."""
        for base in self.ways:
            while len(base.runs) < 2:
                base.runs.append(self._before(base, values=True))
            if died(base.runs[0]) and not died(base.runs[1]):
                base.runs = [base.runs[1], self._before(base, values=True)]
            base.died = died(base.runs[0])
            base.stable = learn(base.runs[0], base.runs[1])
        if self.tests is not None:
            first, second = (self._test(self.under, self.under_environ) for _ in range(2))
            self.tested = (max(first[0], second[0]), first[1] | second[1])

    def start_from(self, texts: Mapping[str, bytes], environ: Mapping[str, str]) -> None:
        """Effect: the program with these changes is the baseline from here on: without them it does not end."""
        self.under, self.under_environ, self.restarted = texts, environ, True
        for base in self.ways:
            base.runs = [self._before(base, values=True)]
        self.settle()

    @property
    def dead(self) -> str:
        """How the unchanged program dies, where it does."""
        return self.ways[0].died

    def _before(self, base: Base, values: bool = False) -> Ran:
        return self._run(base.way, self.under, self.under_environ, values)

    def comparable(self, values: Sequence[Compared]) -> bool:
        """Whether anything is left on which outputs can be compared, or the tests decide."""
        said = any(compared_on(base.first, base.stable) for base in self.ways)
        return self.tests is not None or said or any(one.whole and one.functions for one in values)

    # -- one proposal ---------------------------------------------------------------------------------------------------

    def attempt(
        self,
        proposal: Proposal,
        texts: Mapping[str, bytes] | None = None,
        environ: Mapping[str, str] | None = None,
        upon: tuple[Mapping[str, bytes], Mapping[str, str]] | None = None,
    ) -> Outcome:
        """The verdict on a proposal; with `texts`, on it together with others, `upon` which it should be a gain: what was
        kept before. Outputs are those of the unchanged program. Raises OutOfTime.
        """
        self.pairs = (0, 0)
        changed = proposal.texts if texts is None else texts
        asked = {**(environ or {}), **{str(k): str(v) for k, v in proposal.setting.get("env", {}).items()}}
        env = with_own_cache(asked, self.ground.place)
        afters: list[Ran] = []
        values: list[Compared] = []
        judged = Judged("equal")
        names = self._touched(proposal, changed)
        for base in self.ways:
            if VARIABLE in env:
                self._run(base.way, changed, env)  # the first process fills the cache
            after = self._run(base.way, changed, env, values=True)
            self.tried = after if base is self.ways[0] else self.tried
            if base.died:
                afters.append(after)
                found_dead = dies_still(base.died, after)
                if found_dead is not None:
                    return Outcome(proposal.id, "undecided", found_dead)
                continue
            failed = unlike(base.first, after)
            if failed is not None:
                return Outcome(proposal.id, "drop", failed)
            afters.append(after)
            old = kept_from_the_trace(base.first.evidence, after.evidence)
            if old:
                return Outcome(proposal.id, "drop", Reason("outputs-differ", old), "different", old)
            found = self._compared(base, after)
            if proposal.changes_draws:
                judged = judged if judged.difference else judged._replace(difference=found.other or found.first)
                continue
            of_values = compare_values(base.first.results, after.results, names, base.stable.values, self.tolerance)
            values.append(of_values)
            of_outputs = judged_outputs(found, partial(self._rounding, base))
            if of_outputs.reason is not None and not found.other and self._alike(base, changed, env):
                of_outputs = compiled_alike(found)
            for one in (of_outputs, judged_values(of_values, partial(self._rounding, base))):
                judged = worse(judged, one)
            after.forget_values()
            if judged.reason is not None and not judged.undecided:
                return Outcome(
                    proposal.id, "drop", judged.reason, "different", judged.difference, values=of_values.words
                )
        upto = [f"compared until it has called {base.upto}, and not beyond" for base in self.ways if base.upto]
        said = "; ".join(dict.fromkeys([*(one.words for one in values), *upto]))
        difference, rounding = judged.difference, judged.how
        tests = self._tests_after(proposal, changed, env)
        if tests == "broken":
            broken = Reason("tests-fail", f"the tests no longer pass: {self._broken}")
            return Outcome(proposal.id, "drop", broken, rounding, difference, "broken", values=said)
        if self.dead:
            return self._completes(proposal, tests)
        if proposal.changes_draws:
            return self._draws(proposal, difference, tests, afters)
        if judged.reason is not None:
            moved = counted([figures(self.ways[0].first)], figures(afters[0])).moved
            return Outcome(proposal.id, "undecided", judged.reason, rounding, difference, tests, moved, values=said)
        if not self.comparable(values):
            nothing = Reason(
                "not-tried",
                f"nothing the program prints or writes is the same in two runs of it, {said}: --test decides",
            )
            return Outcome(proposal.id, "undecided", nothing, "not-compared", "", tests, values=said)
        with self._standing_on(upon):
            outcome = self._measured(proposal, changed, env, afters[0], (rounding, difference, tests))
        return replace(outcome, values=said)

    @contextmanager
    def _standing_on(self, upon: tuple[Mapping[str, bytes], Mapping[str, str]] | None) -> Iterator[None]:
        """Effect: within, `before` is what was kept."""
        if upon is None:
            yield
            return
        below = self.under, self.under_environ, self.ways[0]
        self.under, self.under_environ = upon[0], with_own_cache(upon[1], self.ground.place)
        try:
            if VARIABLE in self.under_environ:
                self._before(self.ways[0])  # fills the cache
            runs = [self._before(self.ways[0], values=True) for _ in range(2)]
            self.ways[0] = replace(self.ways[0], runs=runs)
            yield
        finally:
            self.under, self.under_environ, self.ways[0] = below

    def _compared(self, base: Base, after: Ran) -> Difference:
        """What a run printed and wrote. A difference has the unchanged program run once more: a date may have moved on."""
        found = compare(base.first, after, base.stable)
        if found.other or found.relative > WITHIN:
            base.stable = base.stable.joined(learn(base.first, self._before(base, values=True)))
            found = compare(base.first, after, base.stable)
        return found

    def _completes(self, proposal: Proposal, tests: Tests) -> Outcome:
        if proposal.changes_draws:
            return self._draws(proposal, "", tests, [])
        text = f"the program died ({self.dead}); with this change it ends. Its outputs could not be compared"
        return Outcome(proposal.id, "keep", Reason("completes", text), "not-compared", "", tests)

    def _touched(self, proposal: Proposal, changed: Mapping[str, bytes]) -> frozenset[str]:
        """The functions whose values the change is about, by the last part of their names; none where it is all of them."""
        if not changed:
            return frozenset()
        return changed_functions(self.ground.root, changed) | {name.rpartition(".")[2] for name in proposal.touched}

    _broken: str = ""

    def _draws(self, proposal: Proposal, difference: str, tests: Tests, afters: Sequence[Ran]) -> Outcome:
        text = "it changes the random draws, so its results differ: yours to decide"
        if difference:
            text += f" (first difference: {difference})"
        moved = counted([figures(self.ways[0].first)], figures(afters[0])).moved if afters else ()
        return Outcome(
            proposal.id, "undecided", Reason("random-draws-change", text), "different" if difference else "equal",
            difference, tests, moved,
        )  # fmt: skip

    def _rounding(self, base: Base) -> Rounding:
        """How far the unchanged program moves when XLA compiles it otherwise."""
        if base.rounding is None:
            outputs, values = 0.0, dict[Any, float]()
            for flag in PERTURBED:
                flags = f"{self.ground.environ.get('XLA_FLAGS', '')} {flag}".strip()
                moved = self._run(base.way, self.under, {**self.under_environ, "XLA_FLAGS": flags}, values=True)
                found = compare(base.first, moved, base.stable)
                outputs = max(outputs, 0.0 if found.other else found.relative)
                for one in compare_values(base.first.results, moved.results).moved:
                    if isfinite(one.relative):
                        values[one.place] = max(values.get(one.place, 0.0), one.relative)
                moved.forget_values()
                base.otherwise[flag] = moved
            base.rounding = Rounding(outputs, values)
        return base.rounding

    def _alike(self, base: Base, changed: Mapping[str, bytes], env: Mapping[str, str]) -> bool:
        """Whether the changed program prints and writes what the unchanged does, where XLA compiles both more plainly."""
        for flag, plain in base.otherwise.items():
            flags = f"{self.ground.environ.get('XLA_FLAGS', '')} {flag}".strip()
            found = compare(plain, self._run(base.way, changed, {**env, "XLA_FLAGS": flags}), base.stable)
            if not found.other and found.relative <= WITHIN:
                return True
        return False

    # -- figures --------------------------------------------------------------------------------------------------------

    def _measured(
        self,
        proposal: Proposal,
        changed: Mapping[str, bytes],
        env: Mapping[str, str],
        first: Ran,
        compared: tuple[Any, str, Tests],
    ) -> Outcome:
        base = self.ways[0]
        before = [figures(ran) for ran in base.runs]
        after = figures(first)
        counts = counted(before, after)
        outputs, difference, tests = compared

        def outcome(verdict: str, reason: Reason, measured: Iterable[Measured]) -> Outcome:
            seen = tuple(measured)
            return Outcome(
                proposal.id, verdict, reason, outputs, difference, tests, seen, held(proposal.expected, before[0], after)  # type: ignore[arg-type]
            )  # fmt: skip

        if counts.losses:
            return outcome("drop", Reason("no-gain", f"{in_words(counts.losses[0])}"), (*counts.gains, *counts.losses))
        by_count = bool(counts.gains)
        gains: list[ByClock] = []
        doubted: tuple[Timed, ...] = ()
        try:
            clocks = self._clocks(
                base, changed, env, veto=by_count, hoped=bool(counts.shrunk),
                enough=lambda clocks: bool(promised(proposal.expected, before, after, clocks)),
            )  # fmt: skip
            if not by_count and slower(clocks) is None:
                gains = by_clocks(proposal.expected, counts, before, after, clocks)
            if gains and not any(one.counted for one in gains):  # clocks flicker: a second round must say the same
                second = self._round(base, changed, env, (min(len(clocks[0].after), SECOND),))
                seen = {one.metric for one in gains if borne_out(one, second)}
                doubted = () if seen else tuple(one for one in second if one.metric == gains[0].metric)
                clocks = pooled(clocks, second)
                gains = [
                    one for one in by_clocks(proposal.expected, counts, before, after, clocks) if one.metric in seen
                ]
        except OutOfTime:
            so_far = "; ".join(map(in_words, (*counts.gains, *counts.shrunk))) or (
                gains[0].text if gains else "no count moved"
            )
            up_before = "a second round of pairs could bear it out" if gains else "it could be timed"
            text = f"the time of --budget was up before {up_before}: {so_far}; outputs {outputs}"
            return outcome("undecided", Reason("not-tried", text), counts.gains)
        veto = slower(clocks)
        said = tuple(one.measured for one in clocks if one.metric != "peak_bytes" or one.faster or one.slower)
        if veto is not None:
            return outcome("drop", veto, (*counts.gains, *said))
        if by_count:
            words = "; ".join(in_words(one) for one in counts.gains)
            return outcome("keep", Reason("gain", words), (*counts.gains, *counts.shrunk, *said))
        if gains:
            gain = next((one for one in gains if one.counted), gains[0])
            return outcome("keep", Reason("gain", gain.text), dict.fromkeys((*gain.told, *said)))
        best = next(one for one in doubted or clocks if doubted or one.metric == "cpu_s").measured
        same = f"{in_words(counts.shrunk[0])}, and compiling took as long" if counts.shrunk else "no count changed"
        how = "a second round of pairs did not bear out the first" if doubted else same
        text = f"nothing got measurably better: {in_words(best)}; {how}"
        return outcome("drop", Reason("no-gain", text), (*counts.shrunk, *said))

    def _clocks(
        self,
        base: Base,
        changed: Mapping[str, bytes],
        env: Mapping[str, str],
        *,
        veto: bool,
        hoped: bool,
        enough: Callable[[Sequence[Timed]], bool] = lambda clocks: False,
    ) -> tuple[Timed, ...]:
        """Interleaved pairs, until a look decides."""

        def decided(clocks: Sequence[Timed]) -> bool:
            return settled(clocks, veto, hoped) or enough(clocks)

        looks = VETO_PAIRS if veto else (*VETO_PAIRS, LOOKS[-1]) if hoped else LOOKS
        return self._round(base, changed, env, looks, decided)

    def _round(
        self,
        base: Base,
        changed: Mapping[str, bytes],
        env: Mapping[str, str],
        looks: Sequence[int],
        decided: Callable[[Sequence[Timed]], bool] = lambda clocks: False,
    ) -> tuple[Timed, ...]:
        """Interleaved pairs up to the last look, or one that decides. None of these runs keeps values, which takes time."""
        before: list[Figures] = []
        after: list[Figures] = []
        clocks: tuple[Timed, ...] = ()
        for look in looks:
            while len(after) < look:
                self.pairs = (len(after), look)
                turn = len(after) % 2
                for which in (0, 1) if turn else (1, 0):
                    ran = self._before(base) if which == 0 else self._run(base.way, changed, env)
                    (before if which == 0 else after).append(figures(ran))
                if not (self.under or self.under_environ):
                    self.unchanged.append(before[-1])
            clocks = tuple(timed(metric, before, after) for metric in TIMED)
            if decided(clocks):
                break
        return clocks

    # -- tests and runs -------------------------------------------------------------------------------------------------

    def _tests_after(self, proposal: Proposal, changed: Mapping[str, bytes], env: Mapping[str, str]) -> Tests:
        if self.tests is None or self.tested is None:
            return "none"
        code, failed = self._test(changed, env)
        new = failed - self.tested[1]
        if new or (code and not self.tested[0]):
            self._broken = ", ".join(sorted(new)[:3]) or f"exit code {code}"
            return "broken"
        return "same"

    def _test(self, changed: Mapping[str, bytes], env: Mapping[str, str] | None = None) -> tuple[int, frozenset[str]]:
        assert self.tests is not None
        ran = self._run(self.tests, changed, env or {})
        return ran.code, failed_tests(ran)

    def _run(
        self,
        way: Way,
        texts: Mapping[str, bytes] | None = None,
        environ: Mapping[str, str] | None = None,
        values: bool = False,
    ) -> Ran:
        if self.clock() > self.until:
            raise OutOfTime
        self.runs += 1
        known = [ran.seconds for base in self.ways for ran in base.runs if base.way == way]
        limit = max(SHORTEST, 4 * max(known)) if known else None
        left = self.until - self.clock()
        prefix = next((base.prefix for base in self.ways if base.way == way), None)
        ran = run(self.ground, way, texts, environ, min(limit, left) if limit else left, values, prefix)
        if ran.hung and self.clock() >= self.until:
            raise OutOfTime
        return ran
