"""What the rules say of a program, kept with the cache so that the same bytes are judged once."""

import gc
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from jaxaudit.model import Finding, Fix, Note, Place, Unread
from jaxaudit.model.flag import FlagJudge
from jaxaudit.steps.flag_judge import flag_judge, jaxlib_version

if TYPE_CHECKING:
    from jaxaudit.rules.rule import Rule
    from jaxaudit.source.groups import FileRow
    from jaxaudit.source.program import Program
    from jaxaudit.source.reading import Sources

DEEP = 20_000
"""Python's recursion limit while values are followed; what nests deeper is reported as unread."""
COLLECT_AFTER = 1000
"""Followed functions of finished programs from which their memory is given back before the next one is linked."""
STACK = 512 << 20
"""Bytes of address space for that thread's stack; only what is used is taken."""


Result = TypeVar("Result")

_finished: list[int] = []
"""How many functions each finished program had followed whose memory was not given back yet."""


class Verdict(NamedTuple):
    """The findings of the chosen rules, rules that failed, every jitted function, and what stayed unread."""

    findings: list[Finding]
    faults: list[dict[str, str]]
    inventory: list[dict[str, Any]]
    unread: list[Unread]


def judged(
    sources: "Sources", rules: Mapping[str, "Rule"], chosen: Iterable[str], prefix: Path | None, cache: Path | None
) -> Verdict:
    """The verdict on these sources: the one from the last time when nothing that counts has changed since."""
    from jaxaudit.source import facts
    from jaxaudit.source.cache import tool_version
    from jaxaudit.source.lower import pack

    names = sorted(chosen)
    told = "\0".join([*names, jaxlib_version(prefix)]).encode()
    told += tool_version()
    key = blake2b(sources.digest + told, digest_size=16).digest()
    kept = sources.store.get_result(key)
    found = facts.unpack(kept) if kept is not None else None
    if found is not None:
        beside, verdict = found
        if sources.same_beside(beside):
            return from_plain(verdict)
    judge = flag_judge(prefix, cache)
    verdict = unhurried(lambda: fresh_verdict(sources, rules, names, judge, told))
    if not verdict.faults:
        sources.store.put_result(key, pack((dict(sources.beside), to_plain(verdict))))
    return verdict


def fresh_verdict(
    sources: "Sources", rules: Mapping[str, "Rule"], names: list[str], judge: FlagJudge | None = None, told: bytes = b""
) -> Verdict:
    """The verdicts on the groups, one after the other: those whose facts are the same as before are said again."""
    from jaxaudit.source import facts
    from jaxaudit.source.lower import pack

    out = Verdict([], [], [], [])
    for rows in sources.groups():
        key = blake2b(sources.digest_of(rows) + told, digest_size=16).digest()
        kept = sources.store.get_result(key)
        found = facts.unpack(kept) if kept is not None else None
        if found is not None and sources.still_are(found[0]):
            one = from_plain(found[1])
        else:
            one, consulted = of_group(sources, rows, rules, names, judge)
            if not one.faults:
                sources.store.put_result(key, pack((sources.keys_of(consulted), to_plain(one))))
        out.findings.extend(one.findings)
        out.faults.extend([fault for fault in one.faults if fault not in out.faults])
        out.inventory.extend(one.inventory)
        out.unread.extend(one.unread)
    return out


def of_group(
    sources: "Sources", rows: list["FileRow"], rules: Mapping[str, "Rule"], names: list[str], judge: FlagJudge | None
) -> tuple[Verdict, set[str]]:
    """Links one group of files and asks every rule about it. With the files whose very text was asked for."""
    if sum(_finished) > COLLECT_AFTER:
        gc.collect()
        _finished.clear()
    program = sources.linked(rows)
    program.flags = judge
    findings, faults = matched(program, rules, names)
    verdict = Verdict(
        [finding for finding in findings if not is_context(program, finding.place.path)],
        faults,
        program.inventory(),
        [unread for unread in program.unread if not is_context(program, unread.path)],
    )
    _finished.append(len(program.graph.linked_functions))
    consulted = program.consulted
    program.forget()
    return verdict, consulted


def unhurried(work: Callable[[], Result]) -> Result:
    """Runs work that recurses deeply on a stack of its own.

    Values are followed through imports by recursion; on the main thread's stack a long chain would end the process.
    """
    done: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    limit = sys.getrecursionlimit()
    stack = threading.stack_size(STACK)
    sys.setrecursionlimit(max(limit, DEEP))
    try:
        worker = threading.Thread(target=run, name="jaxaudit", daemon=True)
        worker.start()
        worker.join()
    finally:
        threading.stack_size(stack)
        sys.setrecursionlimit(limit)
    if failed:
        raise failed[0]
    return done[0]


def matched(
    program: "Program", rules: Mapping[str, "Rule"], chosen: Iterable[str]
) -> tuple[list[Finding], list[dict[str, str]]]:
    """What the chosen rules find. A rule that fails is named with its error, and the others go on."""
    found: list[Finding] = []
    faults: list[dict[str, str]] = []
    for name in sorted(chosen):
        try:
            found += rules[name].match(program)
        except Exception as error:
            if os.environ.get("JAXAUDIT_DEBUG"):
                raise
            faults.append({"rule": name, "text": f"{type(error).__name__}: {error}"})
    return found, faults


def is_context(program: "Program", path: str) -> bool:
    """Whether a file was read only for what it says about the ones that are checked."""
    module = program.by_path.get(path)
    return module is not None and module.context


def to_plain(verdict: Verdict) -> tuple[Any, ...]:
    rows = [_plain(finding) for finding in verdict.findings]
    return rows, verdict.faults, verdict.inventory, [tuple(unread) for unread in verdict.unread]


def from_plain(rows: tuple[Any, ...]) -> Verdict:
    findings, faults, inventory, unread = rows
    return Verdict([_finding(row) for row in findings], faults, inventory, [Unread(*row) for row in unread])


_NAMES = tuple([field.name for field in fields(Finding)])


def _plain(finding: Finding) -> dict[str, Any]:
    row = {name: getattr(finding, name) for name in _NAMES}
    row["place"] = tuple(finding.place)
    row["notes"] = [(tuple(note.place), note.text) for note in finding.notes]
    row["facts"] = dict(finding.facts)
    row["fix"] = None if finding.fix is None else (finding.fix.applicability, finding.fix.title, finding.fix.diff)
    return row


def _finding(row: dict[str, Any]) -> Finding:
    row["place"] = Place(*row["place"])
    row["notes"] = tuple([Note(Place(*place), text) for place, text in row["notes"]])
    row["fix"] = None if row["fix"] is None else Fix(*row["fix"])
    return Finding(**row)
