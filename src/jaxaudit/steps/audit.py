"""`audit`: check the sources, run the program observed, plan changes from both, try each, keep what is proved."""

import os
import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.source_text import SourceText
from jaxaudit.model import amounts
from jaxaudit.model.outcome import MENDED_ALONG, Outcome
from jaxaudit.model.proposal import Proposal, Reason
from jaxaudit.plan.joining import Joined
from jaxaudit.plan.proposing import Plan, composed
from jaxaudit.plan.stakes import ranked
from jaxaudit.steps.audit_again import Again
from jaxaudit.steps.audit_planning import Planner
from jaxaudit.steps.audit_prefix import SHARE, shortened
from jaxaudit.steps.audit_ways import Wanted, also, main_way, must_have_run, under_python
from jaxaudit.steps.config import Config, read_config
from jaxaudit.steps.interpreter import Interpreter, users_python
from jaxaudit.steps.launch import environment
from jaxaudit.steps.pace import Pace
from jaxaudit.steps.project_folders import project_folders
from jaxaudit.verify.adding import added, chained
from jaxaudit.verify.cache_trials import VARIABLE
from jaxaudit.verify.figures import CLOCKS
from jaxaudit.verify.running import Ground, Prefix, Ran, Way, run
from jaxaudit.verify.trying import OutOfTime, Trials
from jaxaudit.verify.unchanged import Base
from jaxaudit.verify.values import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxaudit.model.evidence import Evidence
    from jaxaudit.steps.selection import Rules

Tell = Callable[[str], None]
Hear = Callable[[Pace], None]
LAST = 20.0
"""Seconds of the budget that are kept for writing it all down."""


@dataclass(slots=True)
class Audited:
    """Everything that an audit came to."""

    config: Config
    interpreter: Interpreter
    rules: "Rules"
    evidence: "Evidence"
    joined: Joined
    plan: Plan
    ran: Ran
    again: Again
    outcomes: list[Outcome] = field(default_factory=list)
    kept: list[Proposal] = field(default_factory=list)
    texts: Mapping[str, bytes] = field(default_factory=dict)
    """The kept edits together: changed files whole."""
    originals: Mapping[str, bytes] = field(default_factory=dict)
    with_kept: Ran | None = None
    """A run with what was kept."""
    combined: Outcome | None = None
    unstable: str = ""
    program: str = ""
    """As the command line names it."""
    clocks: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """What the timed runs of the unchanged program took."""
    prefix: str = ""
    """What is said of a program that is tried on a prefix."""
    faults: list[dict[str, str]] = field(default_factory=list)
    unread: list[Any] = field(default_factory=list)
    runs: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    def outcome(self, proposal: str) -> Outcome | None:
        return next((one for one in self.outcomes if one.proposal == proposal), None)


def audit(
    wanted_: Wanted,
    told: Hear,
    shown: Callable[[Audited], None],
    clock: Callable[[], float],
    tick: Hear = lambda pace: None,
) -> Audited:
    """Effect: runs the program, unchanged and changed, in copies of the working directory.

    `told` hears of each step as it begins, `tick` many times while a run is waited for; `shown` gets what the first run
    showed, before anything is tried. Raises `Mistake` where the program could not be run.
    """
    began = clock()
    pace = Pace()
    trying: list[Trials] = []

    def followed() -> Pace:
        for one in trying:
            pace.pairs, pace.look = one.pairs
            pace.run_s = sum(base.runs[-1].seconds for base in one.ways if base.runs)
        return pace

    def tell(sentence: str) -> None:
        pace.what = sentence
        for one in trying:
            one.pairs = (0, 0)
        told(followed())

    def beat() -> None:
        tick(followed())

    config = read_config(Path.cwd())
    interpreter = users_python(wanted_.python, config)
    with _ground(wanted_, config, interpreter, beat) as ground:
        until = pace.until = began + wanted_.budget - min(LAST, wanted_.budget / 10)
        ways = [main_way(wanted_), *(also(words) for words in wanted_.also)]
        tell(f"running {ways[0].name} observed")
        early = None if wanted_.dry_run else Prefix(after=SHARE * wanted_.budget / len(ways))
        bases = _observed(ground, ways, lambda: until - clock(), early)
        must_have_run(bases[0].first, ways[0].name, interpreter)
        done = _planned(wanted_, config, interpreter, bases[0].first, tell)
        done.runs, done.seconds, done.program = len(bases), clock() - began, ways[0].name
        if bases[-1].first.interrupted:
            done.interrupted = True
            done.outcomes = [_untried(one, "the audit was interrupted") for one in done.plan.proposals]
            return done
        done.prefix = shortened(bases, done.plan.proposals, wanted_.calls, ground.root)
        shown(done)
        if wanted_.dry_run or not done.plan.proposals:
            done.outcomes = [_untried(one, "this was a dry run") for one in done.plan.proposals]
            return done
        if any(base.runs and base.first.hung for base in bases):
            done.prefix = f"{done.program} was ended after {amounts.seconds(done.ran.seconds)}, in the middle of a call"
            done.outcomes = [_untried(one, "the program did not end within the budget") for one in done.plan.proposals]
            return done
        tests = Way(tuple(shlex.split(wanted_.test)), name="the tests") if wanted_.test else None
        trials = Trials(
            ground, bases, until, under_python(tests), clock, tolerance={**TOLERANCE, **dict(config.tolerance)}
        )
        try:
            trying.append(trials)
            _try_all(done, trials, tell, pace)
        except KeyboardInterrupt:
            done.interrupted = True
        done.clocks = {metric: [one[metric, ""] for one in trials.unchanged] for metric in CLOCKS}
        done.runs, done.seconds = trials.runs + len(bases), clock() - began
        done.outcomes += [
            _untried(one, "the audit was interrupted") for one in done.plan.proposals if done.outcome(one.id) is None
        ]
    return done


def _observed(ground: Ground, ways: Sequence[Way], left: Callable[[], float], early: Prefix | None) -> list[Base]:
    """Effect: runs the unchanged program in each way; an interrupt ends that, and keeps what was seen by then."""
    bases: list[Base] = []
    for way in ways:
        ran = run(ground, way, timeout=left(), values=True, prefix=early, keeps=True)
        bases.append(Base(way, [ran]))
        if ran.interrupted and not bases[0].first.evidence.environment.jax:
            raise KeyboardInterrupt
        if ran.interrupted:
            break
    return bases


@contextmanager
def _ground(wanted_: Wanted, config: Config, interpreter: Interpreter, tick: Callable[[], None]) -> "Iterator[Ground]":
    root = Path.cwd().resolve()
    project = project_folders(config, root, interpreter.path)

    def observing(environ: Mapping[str, str], record: Path) -> dict[str, str]:
        return environment(environ, record, project)

    with tempfile.TemporaryDirectory(prefix="jaxaudit-", ignore_cleanup_errors=True) as place:
        yield Ground(
            root,
            interpreter.path,
            {**os.environ, **wanted_.environ},
            Path(place).resolve(),
            observing,
            config.project,
            wanted_.effects,
            wanted_.copy_limit,
            tuple(Path(path).resolve() for path in wanted_.read_only),
            tick,
        )


def _planned(wanted_: Wanted, config: Config, interpreter: Interpreter, ran: Ran, tell: Tell) -> Audited:
    """What source and run say, joined, and the plan."""
    from jaxaudit.rules import load_rules

    tell("reading the sources")
    rules = load_rules()
    planner = Planner(config, rules, wanted_.select, wanted_.ignore)
    made = planner.planned(ran)
    made.plan.proposals = ranked(made.plan.proposals, ran.evidence)
    return Audited(
        config, interpreter, rules, ran.evidence, made.joined, made.plan, ran, Again(planner.planned),
        faults=list(made.faults), unread=list(made.unread),
    )  # fmt: skip


def _try_all(done: Audited, trials: Trials, tell: Tell, pace: Pace) -> None:
    """Effect: fills in the outcomes, one proposal after the other, and what is kept together."""
    try:
        tell("running it once more unchanged, to learn what is the same in every run")
        trials.settle()
        done.unstable = "; ".join(base.stable.words for base in trials.ways if base.stable.words)
        pace.in_trial = True
        for number, proposal in enumerate(list(done.plan.proposals), 1):
            pace.trials_left = len(done.plan.proposals) - number
            won = _group_won(done, proposal)
            if won is not None:
                done.outcomes.append(_untried(proposal, f"{won} was kept and answers the same"))
                continue
            lost = _same_end_lost(done, proposal)
            if lost is not None:
                words = f"{lost.proposal} moves the same and was dropped: {lost.reason.text}"
                done.outcomes.append(_untried(proposal, words))
                continue
            gone = _mended_meanwhile(done, proposal)
            if gone is not None:
                done.outcomes.append(Outcome(proposal.id, "undecided", gone))
                continue
            if trials.dead and done.kept:
                tell("running it with that change twice: from here on it is what others are compared with")
                trials.start_from(*_joined(done.kept))
            tell(f"trying {number} of {len(done.plan.proposals)}: {proposal.title}")
            done.outcomes.append(_tried(done, proposal, trials, tell))
        if trials.dead and not done.kept:
            _try_at_once(done, trials, tell)
    except OutOfTime:
        done.outcomes += [
            _untried(one, "the time of --budget was up") for one in done.plan.proposals if done.outcome(one.id) is None
        ]


def _group_won(done: Audited, proposal: Proposal) -> str | None:
    """The kept proposal that makes this one needless."""
    return next((one.id for one in done.kept if proposal.group and one.group == proposal.group), None)


def _same_end_lost(done: Audited, proposal: Proposal) -> Outcome | None:
    """The outcome of another way that moves the very same, and of which that was not worth it."""
    for other in done.plan.proposals:
        outcome = done.outcome(other.id)
        same = proposal.group and other.group == proposal.group and _end(other) == _end(proposal)
        if same and outcome and outcome.verdict == "drop" and outcome.reason.code in ("slower", "no-gain"):
            return outcome
    return None


def _mended_meanwhile(done: Audited, proposal: Proposal) -> Reason | None:
    """Why it is needless: another way to its end was found to be, after something else was kept."""
    for other in done.plan.proposals:
        outcome = done.outcome(other.id)
        if proposal.group and other.group == proposal.group and outcome and MENDED_ALONG in outcome.reason.text:
            return outcome.reason
    return None


def _end(proposal: Proposal) -> tuple[object, ...]:
    """What it comes to in the first place, by metric and function; its own where nothing was foreseen."""
    return next(((one.metric, one.function, one.now) for one in proposal.expected), (proposal.id,))


def _tried(done: Audited, proposal: Proposal, trials: Trials, tell: Tell) -> Outcome:
    """The verdict on it alone; and where it is good, upon what was kept before."""
    if proposal.changes_draws and not trials.restarted:
        return trials.attempt(proposal)  # offered, never kept: whether it goes together with others is no matter
    if _overlaps(done, proposal):
        found = _written_anew(done, proposal, tell)
        if isinstance(found, Reason):
            return Outcome(proposal.id, "undecided", found)
        proposal = found
    texts, env = _joined([*done.kept, proposal])
    whole = None
    if not done.kept:
        outcome = trials.attempt(proposal)
    elif trials.restarted:
        outcome = whole = trials.attempt(proposal, texts, env)
    else:
        outcome, upon = _upon_kept(done, proposal, trials, tell)
        whole = chained(done.combined or done.outcome(done.kept[0].id) or outcome, upon)
    if outcome.verdict == "keep":
        done.combined = whole
        _keep(done, [proposal], texts, trials)
    return outcome


def _overlaps(done: Audited, proposal: Proposal) -> bool:
    """Whether it can't be made beside what was kept: also where one of those holds others, and changes the same file."""
    try:
        _joined([*done.kept, proposal])
    except CannotEdit:
        return True
    return any(one.includes and not one.texts.keys().isdisjoint(proposal.texts) for one in done.kept)


def _written_anew(done: Audited, proposal: Proposal, tell: Tell) -> Proposal | Reason:
    """Effect: the plan has it in the place of the first."""
    assert done.with_kept is not None
    tell(f"writing {proposal.id} anew upon what was kept")
    found = done.again.remade(proposal, done.plan.proposals, done.kept, done.texts, done.with_kept)
    if isinstance(found, Proposal):
        done.plan.proposals = [found if one.id == proposal.id else one for one in done.plan.proposals]
    return found


def _upon_kept(done: Audited, proposal: Proposal, trials: Trials, tell: Tell) -> tuple[Outcome, Outcome]:
    """The verdict, and what the change does upon what was kept. What a cache saves depends on everything else, so it is not
    tried alone; nor can a change be that was written upon others.
    """
    texts, env = _joined([*done.kept, proposal])
    alone = None
    if VARIABLE not in proposal.setting.get("env", {}) and not proposal.includes:
        alone = trials.attempt(proposal)
        if alone.verdict != "keep":
            return alone, alone
        tell(f"trying {proposal.id} upon what was kept")
    upon = trials.attempt(proposal, texts, env, _joined(done.kept))
    return (added(alone, upon) if alone else upon), upon


def _try_at_once(done: Audited, trials: Trials, tell: Tell) -> None:
    """Effect: where the program dies with each change alone, all of them together; the first of each group of ways."""
    chosen: list[Proposal] = []
    for one in done.plan.proposals:
        outcome = done.outcome(one.id)
        again = one.group and any(one.group == other.group for other in chosen)
        if outcome is not None and outcome.reason.code == "crashes" and not one.changes_draws and not again:
            chosen.append(one)
    if len(chosen) < 2:
        return
    tell(f"trying {len(chosen)} changes at once: with each alone the program dies")
    try:
        texts, env = _joined(chosen)
    except CannotEdit:
        return
    outcome = trials.attempt(chosen[0], texts, env)
    if outcome.verdict == "keep":
        names = ", ".join(one.id for one in chosen)
        reason = Reason(outcome.reason.code, f"{outcome.reason.text}. Needed together: {names}")
        kept = {one.id: replace(outcome, proposal=one.id, reason=reason) for one in chosen}
        done.outcomes = [kept.get(one.proposal, one) for one in done.outcomes]
        _keep(done, chosen, texts, trials)


def _keep(done: Audited, proposals: Sequence[Proposal], texts: Mapping[str, bytes], trials: Trials) -> None:
    done.kept += proposals
    done.with_kept = trials.tried
    done.texts = texts
    done.originals = {path: Path(path).read_bytes() for path in texts}


def _joined(proposals: Sequence[Proposal]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Their files and their settings together. Raises CannotEdit where they do not go together."""
    return _texts_of(proposals), {k: str(v) for one in proposals for k, v in one.setting.get("env", {}).items()}


def _texts_of(proposals: Sequence[Proposal]) -> dict[str, bytes]:
    def text(path: str) -> SourceText:
        return SourceText.from_bytes(path, Path(path).read_bytes())

    return composed(proposals, text)


def _untried(proposal: Proposal, why: str) -> Outcome:
    return Outcome(proposal.id, "undecided", Reason("not-tried", f"not tried: {why}"))
