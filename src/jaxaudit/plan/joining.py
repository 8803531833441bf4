"""What source and run say of the same fault: confirmed, cleared, only seen in the source, or only in the run."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jaxaudit.model import Finding
from jaxaudit.model.evidence import Evidence
from jaxaudit.model.proposal import Reason, RuledOut
from jaxaudit.model.spot import Spot

if TYPE_CHECKING:
    from jaxaudit.rules.rule import Rule

Status = Literal["confirmed", "cleared", "static", "run"]
COUNTED = frozenset(("compile_count", "constants", "argument_values"))
"""What a rule may need from a run that, where the function ran and nothing was seen, clears the suspicion."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Every finding once, with what the other side says of it."""

    findings: tuple[Finding, ...]
    status: tuple[Status, ...]
    cleared: tuple[RuledOut, ...]


def joined(
    static: Iterable[Finding], run: Sequence[Finding], evidence: Evidence, rules: "Mapping[str, Rule]"
) -> Joined:
    """A static finding that the run saw too stands for both; one that the run could have seen and did not is cleared."""
    findings: list[Finding] = []
    status: list[Status] = []
    cleared: list[RuledOut] = []
    met: set[int] = set()
    for one in static:
        same = [index for index, other in enumerate(run) if same_fault(one, other)]
        met.update(same)
        said: Status = "confirmed" if same else "static"
        if not same and (why := _cleared(one, run, evidence, rules[one.rule])):
            said = "cleared"
            at = Spot(one.place.path, one.place.line, one.place.function)
            cleared.append(RuledOut(f"{one.title}: `{one.place.function}`", (one.rule,), at, why, (len(findings),)))
        findings.append(one)
        status.append(said)
    for index, other in enumerate(run):
        findings.append(other)
        status.append("confirmed" if index in met else "run")
    return Joined(tuple(findings), tuple(status), tuple(cleared))


def same_fault(one: Finding, other: Finding) -> bool:
    """Whether two findings, of source and run, speak of one thing."""
    if one.rule != other.rule or one.place.path != other.place.path:
        return False
    mine, theirs = _parameters(one), _parameters(other)
    if mine and theirs and mine.isdisjoint(theirs):
        return False  # two arguments of one function, each a fault of its own
    overlap = one.place.line <= other.place.end_line and other.place.line <= one.place.end_line
    return overlap or bool(_names(one) & _names(other))


def _parameters(one: Finding) -> set[str]:
    """The arguments that it speaks of, where it speaks of some."""
    listed = one.facts.get("parameters") or one.facts.get("arguments") or ()
    every = [one.facts.get("parameter"), *(listed if isinstance(listed, list | tuple) else ())]
    return {re.split(r"[.\[]", str(name))[0] for name in every if name}


def _names(one: Finding) -> set[str]:
    """The function at fault; the one around it where the finding names no other."""
    function = str(one.facts.get("function") or one.place.function)
    return {function.rpartition(".")[2]} - {"", "<module>", "<lambda>"}


def _cleared(one: Finding, run: Sequence[Finding], evidence: Evidence, rule: "Rule") -> Reason | None:
    """The sentence that clears it: its function ran under JAX, and what the rule fears did not happen."""
    if rule.observe is None or not COUNTED.intersection(rule.needs):
        return None
    names = _names(one)
    seen = [f for f in evidence.functions if f.site.user and f.site.name.rpartition(".")[2] in names and f.compiles]
    if not seen or any(other.place.path == one.place.path and names & _names(other) for other in run):
        return None
    function = max(seen, key=lambda f: f.calls)
    if "compile_count" in rule.needs and function.compiles == 1 and function.calls > 1:
        return Reason(
            "no-gain", f"`{function.site.name}` was compiled once for {function.calls} calls: the run clears it"
        )
    if "constants" in rule.needs and function.constants_bytes < 1024:
        return Reason("no-gain", f"`{function.site.name}` holds no constants worth a word: the run clears it")
    return None
