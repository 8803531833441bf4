"""A finished audit as a JSON document: the run's, with proposals, outcomes and what was ruled out."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jaxaudit.fix.diff import unified_diff
from jaxaudit.model import Finding, Fix
from jaxaudit.model.outcome import Measured, Outcome
from jaxaudit.model.proposal import Expected, Proposal, RuledOut
from jaxaudit.model.spot import Spot
from jaxaudit.steps import document
from jaxaudit.steps.apply import digest
from jaxaudit.steps.audit import Audited
from jaxaudit.steps.run import environment, seen_entries, source_lines, summary
from jaxaudit.steps.source_entries import source_entries
from jaxaudit.steps.summary_first import summary_first


def audit_document(done: Audited) -> dict[str, Any]:
    """All that any report of the audit will ask for."""
    evidence = done.evidence
    lines = source_lines()
    findings = [_mended(one, index, done) for index, one in enumerate(done.joined.findings)]
    made = {
        "schema": document.SCHEMA,
        "kind": "audit",
        "summary": _summary(done),
        "environment": environment(evidence, done.config) | {"interpreter": done.interpreter.path},
        "findings": [
            document.finding_entry(one, lines) | {"status": status} for one, status in zip(findings, done.joined.status)
        ],
        "proposals": [proposal_entry(one) | {"edits": _edits(one)} for one in done.plan.proposals],
        "outcomes": [outcome_entry(one) for one in done.outcomes],
        "together": outcome_entry(done.combined) if done.combined else None,
        "ruled_out": [ruled_out_entry(one) for one in done.plan.ruled_out],
        "left": list(_left(done)),
        "unstable": done.unstable,
        "clocks": [
            {"metric": metric, "values": [round(value, 4) for value in values]}
            for metric, values in done.clocks.items()
            if values
        ],
        "wishes": {
            "captured_bytes": done.config.captured_bytes,
            "never_static": list(done.config.never_static),
            "keep_signatures": done.config.keep_signatures,
        },
        "known": [],
        "unread": document.unread_entries(done.unread),
        "faults": done.faults,
        **seen_entries(evidence),
        "sources": source_entries(findings, lines),
        "rules": document.rule_entries((one.rule for one in findings), done.rules),
    }
    return summary_first(made)


def patch(done: Audited) -> bytes:
    """All kept edits together, for `git apply -p1` in the working directory."""
    return b"".join(unified_diff(path, done.originals[path], text) for path, text in sorted(done.texts.items()))


def diff_of(one: Proposal) -> str:
    """Against the files on disk, with the changes that it includes."""
    if not one.includes:
        return one.diff
    parts = [unified_diff(path, Path(path).read_bytes(), text) for path, text in sorted(one.texts.items())]
    return b"".join(parts).decode(errors="replace")


def exports(done: Audited) -> str:
    """The kept settings as lines for a shell."""
    import shlex

    kept = [(name, value) for one in done.kept for name, value in one.setting.get("env", {}).items()]
    return "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in kept)


def _summary(done: Audited) -> dict[str, Any]:
    verdicts = [one.verdict for one in done.outcomes]
    held = [one.held for one in done.outcomes]
    return summary(done.evidence, list(done.joined.findings), 0) | {
        "program": done.program,
        "exit_code": done.ran.code,
        "run_s": round(done.ran.seconds, 3),
        "kept": verdicts.count("keep"),
        "dropped": verdicts.count("drop"),
        "undecided": verdicts.count("undecided"),
        "ruled_out": len(done.plan.ruled_out),
        "predictions_held": sum(one for one, _ in held),
        "predictions": sum(all_ for _, all_ in held),
        "runs": done.runs,
        "audit_s": round(done.seconds, 1),
        "interrupted": done.interrupted,
        "prefix": done.prefix,
    }


def _mended(finding: Finding, index: int, done: Audited) -> Finding:
    """With the diff of the change that was kept for it."""
    kept = next((one for one in done.kept if index in one.findings and one.diff), None)
    if kept is None:
        return finding
    return replace(finding, fix=Fix("proven", kept.title, diff_of(kept)))


def proposal_entry(one: Proposal) -> dict[str, Any]:
    first = one.expected[0] if one.expected else None
    return {
        "id": one.id,
        "title": one.title,
        "rules": list(one.rules),
        "findings": list(one.findings),
        "kind": one.kind,
        **_at(one.at),
        "diff": one.diff,
        "changes_signature": one.changes_signature,
        "changes_draws": one.changes_draws,
        "group": one.group,
        "includes": list(one.includes),
        "setting": document.plain(one.setting) or None,
        "predicted": None if first is None else _expected(first),
        "predictions": [_expected(each) for each in one.expected],
        "risk": one.risk,
        "files": sorted(one.texts),
    }


def _edits(one: Proposal) -> dict[str, Any]:
    """What `apply` makes, and of which file."""
    return {
        path: {"before": digest(Path(path).read_bytes()), "replace": [list(edit) for edit in edits]}
        for path, edits in one.edits.items()
    }


def _expected(one: Expected) -> dict[str, Any]:
    return {
        "metric": one.metric, "function": one.function, "from": one.was, "to": one.now, "low": one.low, "high": one.high,
    }  # fmt: skip


def outcome_entry(one: Outcome) -> dict[str, Any]:
    return {
        "proposal": one.proposal,
        "verdict": one.verdict,
        "reason": {"code": one.reason.code, "text": one.reason.text},
        "outputs": one.outputs,
        "difference": one.difference,
        "values": one.values,
        "tests": one.tests,
        "measured": [_measured(each) for each in one.measured],
        "predictions_held": list(one.held),
    }


def _measured(one: Measured) -> dict[str, Any]:
    return document.plain(
        {
            "metric": one.metric,
            "function": one.function,
            "before": round(one.before, 6),
            "after": round(one.after, 6),
            "ratio": round(one.ratio, 4),
            "low": round(one.low, 4),
            "high": round(one.high, 4),
            "pairs": one.pairs,
        }
    )


def ruled_out_entry(one: RuledOut) -> dict[str, Any]:
    return {
        "title": one.title,
        "rules": list(one.rules),
        **_at(one.at),
        "reason": {"code": one.reason.code, "text": one.reason.text},
        "findings": list(one.findings),
    }


def _at(at: Spot) -> dict[str, Any]:
    return {"path": document.shown(at.path), "line": at.line, "function": at.function}


def _left(done: Audited) -> Iterator[Mapping[str, Any]]:
    """The findings that no proposal and no reason answers: each is said once more, so that none is lost."""
    answered = {i for one in done.plan.proposals for i in one.findings}
    answered |= {i for one in done.plan.ruled_out for i in one.findings}
    for index, (finding, status) in enumerate(zip(done.joined.findings, done.joined.status)):
        twice = status == "confirmed" and finding.source != "run"  # the run's own finding says it with figures
        if index not in answered and finding.certain and not twice:
            yield {
                "finding": index,
                "rule": finding.rule,
                "path": document.shown(finding.place.path),
                "line": finding.place.line,
                "text": f"no change is written for this one yet: {finding.help}",
            }
