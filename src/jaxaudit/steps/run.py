"""`run`, from the record of a run to a document: read, judge, suppress, name, write down."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxaudit import __version__
from jaxaudit.model import Finding
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps import document, suppress
from jaxaudit.steps.check import Options, chosen_rules, wanted
from jaxaudit.steps.config import Config, read_config
from jaxaudit.steps.fingerprint import fingerprinted
from jaxaudit.steps.project_folders import project_names
from jaxaudit.steps.run_entries import (
    compile_entry,
    constant_entry,
    eager_entry,
    function_entry,
    key_entry,
    loop_entry,
    process_entry,
    sync_entry,
    uncalled_entry,
    unfinished_entry,
)
from jaxaudit.steps.run_failures import failures, in_words
from jaxaudit.steps.selection import Rules
from jaxaudit.steps.source_entries import source_entries
from jaxaudit.steps.summary_first import summary_first

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence

LONGEST_SOURCE = 4_000_000
NOTHING: Mapping[str, bytes] = {}


def observed(record: Path, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> dict[str, Any]:
    """The document of an observed run. Raises `Mistake` where the folder holds no record.

    What the program did after its record was cut (a kill, a full disk) is not in it; `notes` and `unread` say so.
    """
    from jaxaudit.evidence import read_record

    config = read_config(Path.cwd())
    evidence = read_record(record, project=project_names(config, Path.cwd()))
    if not evidence.processes:
        raise Mistake(f"{document.shown(str(record))} holds no record of a run")
    return document_of(evidence, config, document.shown(str(record)), select, ignore)


def document_of(
    evidence: "Evidence", config: Config, record: str = "", select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> dict[str, Any]:
    """What the rules see in the evidence, with all of it; `record` says where it lies, if anywhere."""
    from jaxaudit.rules import load_rules

    rules = load_rules()
    chosen = chosen_rules(Options(select=tuple(select), ignore=tuple(ignore)), config, rules)
    named, faults, allowed = run_findings(evidence, config, rules, chosen)
    lines = source_lines()
    made = {
        "schema": document.SCHEMA,
        "kind": "run",
        "environment": environment(evidence, config) | {"record": record},
        "summary": summary(evidence, named, allowed),
        "findings": [document.finding_entry(one, lines) for one in named],
        "known": [],
        "unread": document.unread_entries(evidence.unread),
        "faults": faults,
        **seen_entries(evidence),
        "sources": source_entries(named, lines),
        "rules": document.rule_entries((one.rule for one in named), rules),
    }
    return summary_first(made)


def run_findings(
    evidence: "Evidence", config: Config, rules: Rules, chosen: frozenset[str], overlay: Mapping[str, bytes] = NOTHING
) -> tuple[list[Finding], list[dict[str, str]], int]:
    """What the chosen rules find in a run, rules that failed, and how many findings a comment allows. `overlay` is what
    files held in that run in place of what is on disk.
    """
    found, faults = witnessed(evidence, rules, chosen)
    lines = source_lines(overlay)
    found = [in_words(one, lines) for one in found]
    found += [one for one in failures(evidence, rules, found, lines) if one.rule in chosen]
    placed_ = [placed(one, lines) for one in wanted(found, chosen, config, rules)]
    kept, allowed = without_allowed(placed_, rules, overlay)
    named = fingerprinted(kept, lambda path, line: line_at(lines(path), line), lambda path: from_root(path, config))
    return list(named), faults, allowed


def seen_entries(evidence: "Evidence") -> dict[str, Any]:
    """What a run showed: the part of its document that an audit's has too."""
    first = min((one.began for one in evidence.processes if one.began), default=0.0)
    later = {number: max(0.0, one.began - first) for number, one in enumerate(evidence.processes)}
    return {
        "processes": [process_entry(one) for one in evidence.processes],
        "notes": list(evidence.notes),
        "functions": [function_entry(one) for one in evidence.functions if one.traces or one.calls or one.compiles],
        "never_called": [uncalled_entry(one) for one in evidence.jitted if not one.called],
        "compiles": [compile_entry(one, later.get(one.process, 0.0)) for one in evidence.compiles],
        "eager": [eager_entry(one) for one in evidence.eager],
        "loops": [loop_entry(one) for one in evidence.loops],
        "unfinished": [unfinished_entry(one) for one in evidence.unfinished],
        "constants": [constant_entry(one) for one in evidence.constants],
        "syncs": [sync_entry(one) for one in evidence.syncs],
        "keys": [key_entry(one) for one in evidence.keys],
    }


def witnessed(evidence: "Evidence", rules: Rules, chosen: Iterable[str]) -> tuple[list[Finding], list[dict[str, str]]]:
    """What the chosen rules see in the run. A rule that fails is named with its error, and the others go on."""
    found: list[Finding] = []
    faults: list[dict[str, str]] = []
    for name in sorted(chosen):
        rule = rules[name]
        if rule.observe is None:
            continue
        try:
            found += rule.observe(rule, evidence)
        except Exception as error:
            if os.environ.get("JAXAUDIT_DEBUG"):
                raise
            faults.append({"rule": name, "text": f"{type(error).__name__}: {error}"})
    return found, faults


Lines = Callable[[str], Sequence[str]]


def source_lines(overlay: Mapping[str, bytes] = NOTHING) -> Lines:
    """The lines of a file as it is now, or in the overlay; none where it can't be read."""

    @cache
    def lines(path: str) -> Sequence[str]:
        try:
            data = _bytes_of(path, overlay, LONGEST_SOURCE)
            return data.decode("utf-8", "replace").splitlines()
        except (OSError, ValueError):
            return ()

    return lines


def _bytes_of(path: str, overlay: Mapping[str, bytes], most: int = -1) -> bytes:
    given = overlay.get(os.path.normpath(path))
    if given is not None:
        return given
    with open(path, "rb") as file:
        return file.read(most)


def line_at(lines: Sequence[str], number: int) -> str:
    return lines[number - 1] if 0 < number <= len(lines) else ""


def placed(finding: Finding, lines: Lines) -> Finding:
    """A run names lines: the columns are those of the code on them."""
    place = finding.place
    text = line_at(lines(place.path), place.line)
    column = len(text) - len(text.lstrip()) + 1
    end = max(column + 1, len(text.rstrip()) + 1)
    notes = tuple(
        replace(
            note, place=note.place._replace(end_column=max(2, len(line_at(lines(note.place.path), note.place.line))))
        )
        for note in finding.notes
    )
    return replace(finding, place=place._replace(column=column, end_column=end), notes=notes)


def without_allowed(
    found: list[Finding], rules: Rules, overlay: Mapping[str, bytes] = NOTHING
) -> tuple[list[Finding], int]:
    """The findings that no comment allows, and how many one does. Nothing is said of comments that allow nothing:
    a run sees only what ran."""
    marks: dict[str, list[suppress.Suppression]] = {}
    for path in {finding.place.path for finding in found}:
        try:
            said = suppress.suppressions(path, _bytes_of(path, overlay))
        except (OSError, ValueError):
            continue
        if said:
            marks[path] = said
    kept = suppress.apply(found, marks, rules)
    return kept, len(found) - len(kept)


def from_root(path: str, config: Config) -> str:
    """The path as seen from the folder of the configuration, with forward slashes."""
    return os.path.relpath(path, config.root).replace(os.sep, "/") if path else ""


def environment(evidence: "Evidence", config: Config) -> dict[str, Any]:
    """What the program ran on, and what governed the reading of it."""
    one = evidence.environment
    return {
        "tool": __version__,
        "python": one.python,
        "platform": sys.platform,
        "configuration": document.shown(str(config.file)) if config.file else None,
        "cores": os.cpu_count(),
        **{key: value for key, value in process_entry(one).items() if key not in ("pid", "python")},
    }


def summary(evidence: "Evidence", findings: Sequence[Finding], allowed: int) -> dict[str, Any]:
    compiles = evidence.compiles
    again = [seen for seen in compiles if seen.again]
    return document.summary(findings, {"suppressed": allowed, "unread": len(evidence.unread)}) | {
        "processes": len(evidence.processes),
        "seconds": round(max((one.seconds for one in evidence.processes), default=0.0), 3),
        "jitted": len(evidence.jitted),
        "compiles": len(compiles),
        "recompiles": len(again),
        "trace_s": round(sum(seen.trace_s for seen in compiles), 4),
        "lower_s": round(sum(seen.lower_s for seen in compiles), 4),
        "compile_s": round(sum(seen.compile_s for seen in compiles), 4),
        "recompile_s": round(sum(seen.seconds for seen in again), 4),
    }
