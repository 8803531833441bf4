"""Asks every rule what could be changed, and writes each answer down as a proposal or as ruled out."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.fix.diff import unified_diff
from jaxaudit.model import Finding
from jaxaudit.model.proposal import Proposal, Reason, RuledOut
from jaxaudit.model.spot import Spot
from jaxaudit.plan.joining import same_fault
from jaxaudit.rules.predictions import predicted
from jaxaudit.rules.project import Change, Project, Refused

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.rules.rule import Rule


@dataclass(slots=True)
class Plan:
    """What will be tried, best first, and what will not, with its reason."""

    proposals: list[Proposal] = field(default_factory=list)
    ruled_out: list[RuledOut] = field(default_factory=list)
    faults: list[dict[str, str]] = field(default_factory=list)


def plan(findings: Sequence[Finding], rules: "Mapping[str, Rule]", project: Project) -> Plan:
    """The plan for these findings. Proposals keep the order in which rules and findings give them; no ids yet."""
    made = Plan()
    position = {id(one): index for index, one in enumerate(findings)}
    groups = _by_rule(findings)
    for name, rule in rules.items():
        group = groups.get(name, [])
        if not group and rule.propose is None:
            continue
        try:
            answers = list(_answers(rule, group, project))
        except Exception as error:
            made.faults.append({"rule": name, "text": f"{type(error).__name__}: {error}"})
            continue
        for answer in answers:
            places = tuple(sorted(position[id(one)] for one in answer.findings if id(one) in position))
            if isinstance(answer, Refused):
                made.ruled_out.append(_ruled_out(name, answer, places))
                continue
            try:
                made.proposals.append(_proposal(name, answer, project, places))
            except CannotEdit as error:
                refused = Refused(answer.title, answer.findings, answer.at, "does-not-apply", str(error))
                made.ruled_out.append(_ruled_out(name, refused, places))
    made.proposals = _distinct(made.proposals)
    return made


def _by_rule(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for one in findings:
        groups.setdefault(one.rule, []).append(one)
    return groups


def _answers(rule: "Rule", findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """The fixes that findings bring along come first: they are the smaller edits, unless the rule knows better."""
    mended: list[Finding] = []
    refused: list[Refused] = []
    if rule.knows_better and rule.propose is not None:
        for answer in rule.propose(findings, project):
            mended += answer.findings
            yield answer
    for finding in findings:
        if rule.mend is not None and finding.fix is not None and not any(one is finding for one in mended):
            own = _own_fix(rule, finding, project)
            if isinstance(own, Change):
                same = tuple(one for one in findings if one is finding or same_fault(one, finding))
                mended += same
                yield replace(own, findings=same, expected=predicted(same, project.evidence))
            else:
                refused.append(own)
    if rule.propose is None or rule.knows_better:
        yield from refused
        return
    yield from rule.propose([one for one in findings if not any(one is other for other in mended)], project)


def _own_fix(rule: "Rule", finding: Finding, project: Project) -> Change | Refused:
    """The finding's own fix, as `fix` would make it."""
    assert rule.mend is not None and finding.fix is not None
    at = Spot(finding.place.path, finding.place.line, finding.place.function)
    try:
        edits = rule.mend(finding, project.text(finding.place.path))
        if rule.must_hold is not None:
            rule.must_hold(finding, project)
    except CannotEdit as error:
        return Refused(finding.fix.title, (finding,), at, "does-not-apply", str(error))
    function = str(finding.facts.get("function") or finding.place.function)
    return Change(
        finding.fix.title,
        (finding,),
        at,
        {finding.place.path: edits},
        risk=rule.may_break,
        changes_draws=rule.family == "random-numbers",
        touched=(function,),
    )


def _ruled_out(rule: str, refused: Refused, findings: tuple[int, ...]) -> RuledOut:
    return RuledOut(refused.title, (rule,), refused.at, Reason(refused.code, refused.text), findings)


def _proposal(rule: str, change: Change, project: Project, findings: tuple[int, ...]) -> Proposal:
    """Raises CannotEdit where the changed files would not parse."""
    texts: dict[str, bytes] = {}
    diff = b""
    for path, edits in sorted(change.edits.items()):
        before = project.text(path)
        after = edited(before, edits)
        if after.data != before.data:
            texts[path] = after.data
            diff += unified_diff(path, before.data, after.data)
    if not texts and not change.setting:
        raise CannotEdit("the change leaves every file as it is")
    return Proposal(
        id="",
        title=change.title,
        rules=(rule,),
        findings=findings,
        at=change.at,
        kind="setting" if change.setting else "edit",
        edits={path: tuple((one.start, one.end, one.new) for one in edits) for path, edits in change.edits.items()},
        texts=texts,
        diff=diff.decode(errors="replace"),
        setting=change.setting,
        expected=change.expected,
        risk=change.risk,
        changes_signature=change.changes_signature,
        changes_draws=change.changes_draws,
        group=change.group,
        touched=change.touched,
    )


def edited(before: "SourceText", edits: Iterable[Edit]) -> "SourceText":
    """The text with the edits. Raises CannotEdit where they overlap or the result does not parse."""
    after = before.edited(edits)
    try:
        ast.parse(after.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotEdit(f"the changed {before.path} would not parse") from error
    return after


def composed(proposals: Iterable[Proposal], text: "Callable[[str], SourceText]") -> dict[str, bytes]:
    """The files with all these proposals' edits together. Raises CannotEdit where two overlap."""
    edits: dict[str, list[Edit]] = {}
    together = list(proposals)
    within = {id_ for one in together for id_ in one.includes}
    for one in together:
        if one.id in within:
            continue
        for path, some in one.edits.items():
            edits.setdefault(path, []).extend(Edit(*edit) for edit in some)
    return {path: edited(text(path), some).data for path, some in edits.items()}


def _distinct(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Two rules may ask for the same change: it is tried once, for both."""
    table: dict[object, Proposal] = {}
    for one in proposals:
        key = (tuple(sorted(one.texts.items())), repr(one.setting))
        known = table.get(key)
        if known is None:
            table[key] = one
        else:
            table[key] = replace(
                known,
                rules=tuple(dict.fromkeys((*known.rules, *one.rules))),
                findings=tuple(sorted({*known.findings, *one.findings})),
                expected=known.expected or one.expected,
            )
    return list(table.values())
