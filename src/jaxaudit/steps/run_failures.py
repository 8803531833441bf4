"""The exception that ended a run, as a finding of the rule that JAX's message belongs to."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from jaxaudit.model import Finding
from jaxaudit.model.evidence import Evidence, Failure
from jaxaudit.model.spot import Spot
from jaxaudit.steps.messages import meanings
from jaxaudit.steps.selection import Rules

TYPE = re.compile(r"<class '([\w.<>]+)'>")
LONGEST = 200
LONGEST_LINE = 100


def failures(
    evidence: Evidence, rules: Rules, found: Sequence[Finding], lines: Callable[[str], Sequence[str]] = lambda path: ()
) -> Iterator[Finding]:
    """One for each process that died of what a rule knows, unless the rule saw it otherwise already. `lines` gives the
    text of a file."""
    said: set[tuple[str, Spot]] = set()
    seen = {one.rule for one in found}
    for process in evidence.processes:
        failure = process.failure
        meant = meanings(f"{failure.kind}: {failure.text}") if failure and failure.at else ()
        if failure is None or failure.at is None or not meant:
            continue
        rule = next((name for name in meant[0].rules if name in rules), None)
        if rule is None or rule in seen or (rule, failure.at) in said:
            continue
        if any(told(one, meant[0].rules, failure) for one in found):
            continue  # by the other rule that the message can belong to, or by one that knows this error better
        said.add((rule, failure.at))
        named = culprit(evidence, failure)
        finding = rules[rule].seen(
            failure.at,
            f"{named}the program ended {where(failure.at, lines)} with {first_line(failure)}. {meant[0].cause}",
            confidence=0.9,
            facts={"error": failure.kind, "text": failure.text[:LONGEST]},
            help=meant[0].next,
            severity="error",
        )
        yield finding if finding.help else replace(finding, help=rules[rule].do)


def told(one: Finding, rules: Sequence[str], failure: Failure) -> bool:
    """Whether a rule has said of this line what the message says."""
    here = failure.at is not None and one.place[:2] == failure.at[:2]
    return here and (one.rule in rules or one.facts.get("error") == failure.kind)


PLACES = {
    "the program ended here": "the program ended at {}",
    "the call failed here": "the call failed at {}",
    "of this line or of what it calls": "of {} or of what it calls",
}
"""How rules, which read no source, speak of their line; the line as written says it to who has only the message."""


def in_words(finding: Finding, lines: Callable[[str], Sequence[str]]) -> Finding:
    phrase = next((one for one in PLACES if one in finding.message), None)
    text = line_of(finding.place.path, finding.place.line, lines) if phrase else ""
    return (
        replace(finding, message=finding.message.replace(phrase, PLACES[phrase].format(text)))
        if phrase and text
        else finding
    )


def where(at: Spot, lines: Callable[[str], Sequence[str]]) -> str:
    """The line as written, so that what it hands over has its names: "here" where it can't be read."""
    text = line_of(at.path, at.line, lines)
    return f"at {text}" if text else "here"


def line_of(path: str, line: int, lines: Callable[[str], Sequence[str]]) -> str:
    texts = lines(path)
    text = texts[line - 1].strip() if 0 < line <= len(texts) else ""
    return f"`{text[:LONGEST_LINE]}{'…' if len(text) > LONGEST_LINE else ''}`" if text else ""


def first_line(failure: Failure) -> str:
    text = (failure.text.splitlines() or [""])[0]
    shown = f"{failure.kind.rpartition('.')[2]}: {text}" if text else failure.kind
    return shown.removesuffix(" The error was:").rstrip(".") if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def culprit(evidence: Evidence, failure: Failure) -> str:
    """`` `config`: `` where a name of that line, or a static argument, is of the type that the message names."""
    found = TYPE.search(failure.text)
    if "in the same call" in failure.text:
        donors = [one.site for one in evidence.functions if one.site.donated and (one.calls or one.traces)]
        words = [f"`{site.name}` (donates `{'`, `'.join(site.donated)}`)" for site in donors[:3]]
        return f"{' or '.join(words)} is handed one array twice: " if words else ""
    if found is None:
        return read_after_donation(evidence, failure) if failure.names else ""
    kind = found[1].rpartition(".")[2]
    arguments = {
        f"the static argument `{argument.name}` of `{function.site.name}`"
        for function in evidence.functions
        for argument in function.arguments
        if argument.role == "static" and (kind in argument.kinds or (argument.tracer and kind.endswith("Tracer")))
    }
    names = arguments if len(arguments) == 1 else {f"`{name}`" for name in failure.names}
    return f"{', '.join(sorted(names))}: " if names else ""


def read_after_donation(evidence: Evidence, failure: Failure) -> str:
    """`` `state`, donated to `step`: `` where only one function of the run donates."""
    donors = {function.site.name for function in evidence.functions if function.site.donated}
    to = f", donated to `{donors.pop()}`" if len(donors) == 1 else ""
    return f"{', '.join(f'`{name}`' for name in failure.names)}{to}: "
