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
from jaxaudit.model.outcome import Outcome
from jaxaudit.model.proposal import Proposal, Reason
from jaxaudit.plan.joining import Joined, joined
from jaxaudit.plan.proposing import Plan, composed, plan
from jaxaudit.plan.stakes import ranked
from jaxaudit.rules.project import Project, Wishes
from jaxaudit.source.reading import Sources
from jaxaudit.steps.audit_prefix import SHARE, shortened
from jaxaudit.steps.audit_ways import Wanted, also, main_way, must_have_run, under_python
from jaxaudit.steps.check import Options, chosen_rules, find
from jaxaudit.steps.config import Config, read_config
from jaxaudit.steps.interpreter import Interpreter, users_python
from jaxaudit.steps.launch import environment
from jaxaudit.steps.pace import Pace
from jaxaudit.steps.project_folders import project_folders
from jaxaudit.steps.run import run_findings
from jaxaudit.steps.verdict import unhurried
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
    outcomes: list[Outcome] = field(default_factory=list)
    kept: list[Proposal] = field(default_factory=list)
    texts: Mapping[str, bytes] = field(default_factory=dict)
    """The kept edits together: changed files whole."""
    originals: Mapping[str, bytes] = field(default_factory=dict)
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
    options = Options(select=wanted_.select, ignore=wanted_.ignore)
    checked = find(["."], options)
    used = _used(ran)
    static = [one for one in checked.news if os.path.normpath(one.place.path) in used]
    chosen = chosen_rules(options, config, rules)
    seen, faults, _ = run_findings(ran.evidence, config, rules, chosen)
    both = joined(static, seen, ran.evidence, rules)
    files = list(checked.sources.given)
    made = unhurried(lambda: _plan(both, rules, ran, config, files))
    made.proposals = ranked(made.proposals, ran.evidence)
    return Audited(
        config, interpreter, rules, ran.evidence, both, made, ran,
        faults=[*checked.faults, *faults, *made.faults], unread=list(checked.unread),
    )  # fmt: skip


def _used(ran: Ran) -> frozenset[str]:
    """The project's files that ran; where the program ended without a word, those that the probe saw functions of."""
    seen = {os.path.normpath(one.site.path) for one in ran.evidence.functions if one.site.user}
    main = [word for word in ran.evidence.environment.argv if word.endswith(".py")][:1]
    return frozenset((*ran.imported, *seen, *map(os.path.normpath, main)))


def _plan(both: Joined, rules: "Rules", ran: Ran, config: Config, files: list[str]) -> Plan:
    """Asks the rules about all files of the project, whose scripts and tests know callers that the run did not take."""
    sources = Sources(files)
    try:
        program = sources.linked(sources.rows())
        texts: dict[str, SourceText] = {}

        def text(path: str) -> SourceText:
            name = os.path.normpath(path)
            if os.path.isabs(name) or name.startswith(".."):
                raise CannotEdit(f"{path} lies outside of the working directory")
            if name not in texts:
                try:
                    texts[name] = SourceText.from_bytes(name, Path(name).read_bytes())
                except OSError as error:
                    raise CannotEdit(f"{path} can't be read: {error.strerror}") from None
            return texts[name]

        wishes = Wishes(config.never_static, config.keep_signatures, config.captured_bytes)
        project = Project(program, ran.evidence, text, wishes)
        open_ = [one for one, status in zip(both.findings, both.status) if status != "cleared"]
        made = (
            plan(both.findings, rules, project) if len(open_) == len(both.findings) else _plan_of(both, rules, project)
        )
        made.ruled_out = [*both.cleared, *made.ruled_out]
        return made
    finally:
        sources.close()


def _plan_of(both: Joined, rules: "Rules", project: Project) -> Plan:
    """The plan without what the run cleared; findings keep their numbers."""
    keep = [index for index, status in enumerate(both.status) if status != "cleared"]
    made = plan([both.findings[index] for index in keep], rules, project)
    made.proposals = [replace(one, findings=tuple(keep[i] for i in one.findings)) for one in made.proposals]
    made.ruled_out = [replace(one, findings=tuple(keep[i] for i in one.findings)) for one in made.ruled_out]
    return made


def _try_all(done: Audited, trials: Trials, tell: Tell, pace: Pace) -> None:
    """Effect: fills in the outcomes, one proposal after the other, and what is kept together."""
    try:
        tell("running it once more unchanged, to learn what is the same in every run")
        trials.settle()
        done.unstable = "; ".join(base.stable.words for base in trials.ways if base.stable.words)
        pace.in_trial = True
        for number, proposal in enumerate(done.plan.proposals, 1):
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


def _end(proposal: Proposal) -> tuple[object, ...]:
    """What it comes to in the first place, by metric and function; its own where nothing was foreseen."""
    return next(((one.metric, one.function, one.now) for one in proposal.expected), (proposal.id,))


def _tried(done: Audited, proposal: Proposal, trials: Trials, tell: Tell) -> Outcome:
    """The verdict on it alone; and where it is good, upon what was kept before."""
    try:
        texts, env = _joined([*done.kept, proposal])
    except CannotEdit as error:
        reason = Reason("does-not-apply", f"{error} with a change that was kept before: apply that, then audit again")
        return Outcome(proposal.id, "undecided", reason)
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
        _keep(done, [proposal], texts)
    return outcome


def _upon_kept(done: Audited, proposal: Proposal, trials: Trials, tell: Tell) -> tuple[Outcome, Outcome]:
    """The verdict, and what the change does upon what was kept. What a cache saves depends on everything else, so it is not
    tried alone.
    """
    texts, env = _joined([*done.kept, proposal])
    alone = None
    if VARIABLE not in proposal.setting.get("env", {}):
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
        _keep(done, chosen, texts)


def _keep(done: Audited, proposals: Sequence[Proposal], texts: Mapping[str, bytes]) -> None:
    done.kept += proposals
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
