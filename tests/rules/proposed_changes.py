"""What a rule proposes for a program that is really run, and that each change leaves what the program prints as it is."""

from collections.abc import Mapping
from pathlib import Path

from jaxaudit.model.evidence import Evidence
from jaxaudit.verify.tokens import distance, tokens
from rules.captures.hoisted_programs import SMALL, Tried, proposed, run

CLOSE = 1e-5


def of(folder: Path, rule: str, code: str | Mapping[str, str]) -> Tried:
    return proposed(folder, code, SMALL, rules=(rule,))


def done(folder: Path, tried: Tried) -> tuple[list[str], Evidence]:
    """The new lines of the only change, and what the changed program's run showed."""
    assert not tried.refused, tried.refused
    [change] = tried.changes
    after = tried.after(change)
    for path in change.edits:
        compile(after[path], path, "exec")
    printed, evidence = run(folder / "after", after)
    apart = distance(tokens(tried.printed), tokens(printed))
    assert apart.same_words and apart.relative <= CLOSE, (tried.printed, printed)
    return tried.lines(change), evidence


def compiles(evidence: Evidence, name: str) -> int:
    return sum(one.site.name.rpartition(".")[2] == name for one in evidence.compiles)
