"""Tries proposals one after the other in copies, against a baseline that was tried against itself first."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jaxaudit.model.outcome import Measured, Outcome, Outputs, Tests
from jaxaudit.model.proposal import COUNTS, Expected, Proposal, Reason
from jaxaudit.verify.clocks import LOOKS
from jaxaudit.verify.figures import figures
from jaxaudit.verify.judging import Figures, Timed, counted, in_words, slower, timed
from jaxaudit.verify.outputs import WITHIN, Difference, Stable, compare, compared_on, learn
from jaxaudit.verify.running import Ground, Ran, Way, run

PERTURBED = ("--xla_disable_hlo_passes=fusion", "--xla_backend_optimization_level=0")
"""What the unchanged program is run under to see how far rounding alone moves it."""
AMPLIFIED = 3.0
SHORTEST = 60.0
"""Seconds that any trial may take."""
VETO_PAIRS = (3, 5, 10)
"""After so many pairs a counted gain is kept, unless a clock says that runs got slower or may have."""


class OutOfTime(Exception):
    """The budget is spent."""


@dataclass(slots=True)
class Base:
    """The unchanged program: its runs of each way so far, and what is stable of it."""

    way: Way
    runs: list[Ran]
    stable: Stable = field(default_factory=Stable)

    @property
    def first(self) -> Ran:
        return self.runs[0]


@dataclass(slots=True)
class Trials:
    """The baselines of all ways, and the budget. `until` is a time of `clock`."""

    ground: Ground
    ways: list[Base]
    until: float
    tests: Way | None = None
    clock: Callable[[], float] = time.monotonic
    tested: tuple[int, frozenset[str]] | None = None
    runs: int = 0
    perturbed: float | None = None

    # -- the baseline ---------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Effect: runs the unchanged program once more in each way, to learn what is stable of it; and its tests twice."""
        for base in self.ways:
            base.runs.append(self._run(base.way))
            base.stable = learn(base.runs[0], base.runs[1])
        if self.tests is not None:
            first, second = self._test({}), self._test({})
            self.tested = (max(first[0], second[0]), first[1] | second[1])

    @property
    def comparable(self) -> bool:
        """Whether anything is left on which outputs can be compared, or the tests decide."""
        return self.tests is not None or any(compared_on(base.first, base.stable) for base in self.ways)

    # -- one proposal ---------------------------------------------------------------------------------------------------

    def attempt(
        self,
        proposal: Proposal,
        texts: Mapping[str, bytes] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Outcome:
        """The verdict on a proposal; with `texts`, on it together with others. Raises OutOfTime."""
        changed = proposal.texts if texts is None else texts
        env = {**(environ or {}), **{str(k): str(v) for k, v in proposal.setting.get("env", {}).items()}}
        afters: list[Ran] = []
        rounding: Outputs = "equal"
        difference = ""
        for base in self.ways:
            after = self._run(base.way, changed, env)
            failed = _failed(proposal, base.first, after)
            if failed is not None:
                return Outcome(proposal.id, "drop", failed)
            afters.append(after)
            found = compare(base.first, after, base.stable)
            if proposal.changes_draws:
                difference = difference or found.other or found.first
                continue
            how, reason = self._judge(found)
            if reason is not None:
                return Outcome(proposal.id, "drop", reason, "different", found.other or found.first)
            if _RANK.index(how) > _RANK.index(rounding):
                rounding, difference = how, found.first
        tests = self._tests_after(proposal, changed, env)
        if tests == "broken":
            broken = Reason("tests-fail", f"the tests no longer pass: {self._broken}")
            return Outcome(proposal.id, "drop", broken, rounding, difference, "broken")
        if proposal.changes_draws:
            return self._draws(proposal, difference, tests, afters)
        if not self.comparable:
            nothing = Reason(
                "not-tried", "nothing the program prints or writes is the same in two runs of it: --test decides"
            )
            return Outcome(proposal.id, "undecided", nothing, "not-compared", "", tests)
        return self._measured(proposal, changed, env, afters[0], (rounding, difference, tests))

    _broken: str = ""

    def _draws(self, proposal: Proposal, difference: str, tests: Tests, afters: Sequence[Ran]) -> Outcome:
        text = "it changes the random draws, so its results differ: yours to decide"
        if difference:
            text += f" (first difference: {difference})"
        before, after = figures(self.ways[0].first), figures(afters[0])
        moved = tuple(_all_counts([before], after))
        return Outcome(
            proposal.id, "undecided", Reason("random-draws-change", text), "different" if difference else "equal",
            difference, tests, moved,
        )  # fmt: skip

    def _judge(self, found: Difference) -> tuple[Outputs, Reason | None]:
        if found.other:
            return "different", Reason("outputs-differ", f"the program's output differs: {found.other}")
        if found.none:
            return "equal", None
        if found.relative <= WITHIN:
            return "within-tolerance", None
        allowed = AMPLIFIED * self._rounding()
        if found.relative <= allowed:
            return "rounding-amplified", None
        return "different", Reason(
            "outputs-differ",
            f"the program's output moves by {found.relative:.1e} ({found.first}); rounding alone moves it by "
            f"{allowed / AMPLIFIED:.1e}",
        )

    def _rounding(self) -> float:
        """How far the unchanged program's output moves when XLA compiles it otherwise."""
        if self.perturbed is None:
            self.perturbed = 0.0
            for base in self.ways[:1]:
                for flag in PERTURBED:
                    flags = f"{self.ground.environ.get('XLA_FLAGS', '')} {flag}".strip()
                    moved = self._run(base.way, {}, {"XLA_FLAGS": flags})
                    found = compare(base.first, moved, base.stable)
                    self.perturbed = max(self.perturbed, 0.0 if found.other else found.relative)
        return self.perturbed

    # -- figures --------------------------------------------------------------------------------------------------------

    def _measured(
        self,
        proposal: Proposal,
        changed: Mapping[str, bytes],
        env: Mapping[str, str],
        first: Ran,
        compared: tuple[Outputs, str, Tests],
    ) -> Outcome:
        base = self.ways[0]
        before = [figures(ran) for ran in base.runs]
        after = figures(first)
        counts = counted(before, after)
        outputs, difference, tests = compared

        def outcome(verdict: str, reason: Reason, measured: Iterable[Measured]) -> Outcome:
            seen = tuple(measured)
            return Outcome(
                proposal.id, verdict, reason, outputs, difference, tests, seen, _held(proposal.expected, before[0], after)  # type: ignore[arg-type]
            )  # fmt: skip

        if counts.losses:
            return outcome("drop", Reason("no-gain", f"{in_words(counts.losses[0])}"), (*counts.gains, *counts.losses))
        by_count = bool(counts.gains)
        clocks = self._clocks(base, changed, env, after, veto=by_count, hoped=bool(counts.shrunk))
        veto = slower(clocks)
        said = [*counts.gains, *(one.measured for one in clocks)]
        if veto is not None:
            return outcome("drop", veto, said)
        if by_count:
            gain = "; ".join(in_words(one) for one in counts.gains)
            return outcome("keep", Reason("gain", gain), said)
        compile_clock = next(one for one in clocks if one.metric == "compile_s")
        if counts.shrunk and compile_clock.faster:
            seen = [*counts.shrunk, *said]
            text = f"{in_words(counts.shrunk[0])}; {in_words(compile_clock.measured)}"
            return outcome("keep", Reason("gain", text), seen)
        faster = next((one for one in clocks if one.metric == "cpu_s" and one.faster), None)
        if faster is not None:
            return outcome("keep", Reason("gain", in_words(faster.measured)), said)
        best = next(one for one in clocks if one.metric == "cpu_s").measured
        text = f"nothing got measurably better: {in_words(best)}; no count changed"
        return outcome("drop", Reason("no-gain", text), [*counts.shrunk, *said])

    def _clocks(
        self,
        base: Base,
        changed: Mapping[str, bytes],
        env: Mapping[str, str],
        first: Figures,
        *,
        veto: bool,
        hoped: bool,
    ) -> tuple[Timed, ...]:
        """Interleaved pairs, until a look decides."""
        before, after = [figures(base.runs[-1])], [first]
        looks = VETO_PAIRS if veto else LOOKS
        clocks: tuple[Timed, ...] = ()
        for look in looks:
            while len(after) < look:
                turn = len(after) % 2
                for which in (0, 1) if turn else (1, 0):
                    ran = self._run(base.way, {} if which == 0 else changed, {} if which == 0 else env)
                    (before if which == 0 else after).append(figures(ran))
            clocks = tuple(timed(metric, before, after) for metric in ("cpu_s", "steady_s", "compile_s"))
            if _decided(clocks, veto, hoped):
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
        return ran.code, frozenset(_FAILED.findall(ran.stdout))

    def _run(self, way: Way, texts: Mapping[str, bytes] | None = None, environ: Mapping[str, str] | None = None) -> Ran:
        if self.clock() > self.until:
            raise OutOfTime
        self.runs += 1
        known = [ran.seconds for base in self.ways for ran in base.runs if base.way == way]
        limit = max(SHORTEST, 4 * max(known)) if known else None
        left = self.until - self.clock()
        ran = run(self.ground, way, texts, environ, min(limit, left) if limit else left)
        if ran.hung and self.clock() >= self.until:
            raise OutOfTime
        return ran


_RANK: tuple[Outputs, ...] = ("equal", "within-tolerance", "rounding-amplified", "different", "not-compared")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.M)


def _failed(proposal: Proposal, before: Ran, after: Ran) -> Reason | None:
    """Why the changed program did not run as the unchanged one does."""
    if after.hung:
        return Reason("hangs", f"the changed program had not ended after {after.seconds:.0f} s")
    if after.astray:
        return Reason("does-not-apply", f"the program imported {after.astray[0]} instead of the changed copy")
    if after.outside is not None and before.outside is None:
        return Reason("crashes", f"the changed program wanted to {after.outside.what} {after.outside.place}")
    if after.code == before.code:
        return None
    last = next((line for line in reversed(after.stderr.strip().splitlines()) if line.strip()), "")
    said = f"the changed program ends with exit code {after.code} instead of {before.code}: {last.strip()[:160]}"
    failure = after.evidence.environment.failure
    text = f"{failure}" if failure else after.stderr
    if "Non-hashable static arguments" in text:
        code = "arrives-as-tracer" if "Tracer" in text else "unhashable"
        return Reason(code, said)
    return Reason("crashes", said)


def _decided(clocks: Sequence[Timed], veto: bool, hoped: bool) -> bool:
    """Whether more pairs can't change the verdict."""
    if slower(clocks) is not None:
        return True
    cpu = next(one for one in clocks if one.metric == "cpu_s")
    if veto:
        return cpu.interval.high < 1.0 or all(
            one.interval.ratio < 1.03 for one in clocks if one.metric in ("cpu_s", "steady_s")
        )
    if hoped and any(one.metric == "compile_s" and one.faster for one in clocks):
        return all(one.interval.ratio < 1.03 for one in clocks if one.metric in ("cpu_s", "steady_s"))
    return cpu.faster or cpu.interval.low > 0.97


def _all_counts(before: Sequence[Figures], after: Figures) -> Iterable[Measured]:
    seen = counted(before, after)
    return (*seen.gains, *seen.losses)


def _held(expected: Sequence[Expected], before: Figures, after: Figures) -> tuple[int, int]:
    """How many of the predicted counts lie in their interval."""
    known = [one for one in expected if one.metric in COUNTS and (one.metric, one.function) in before]
    return sum(one.held(after.get((one.metric, one.function), 0.0)) for one in known), len(known)


def together(outcome: Outcome, with_others: Outcome) -> Outcome:
    """The outcome of a proposal that was kept alone and tried together with those kept before it."""
    if with_others.verdict == "keep":
        return outcome
    reason = Reason(
        with_others.reason.code, f"alone it helps, together with what was kept before: {with_others.reason.text}"
    )
    return replace(outcome, verdict="drop", reason=reason, measured=with_others.measured)
