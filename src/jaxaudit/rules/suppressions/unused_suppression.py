"""A suppression comment that suppresses nothing."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.source.program import Program

ALLOWED_NAMES = re.compile(r"(?:(?<=allow )|(?<=allow-file ))[^#(]*?(?=\s*(?:--|\(|$))")


def match(program: "Program") -> Iterable[Finding]:
    """Nothing: which comments were needed is known only after every other rule has spoken, so `check` says it then."""
    return ()


def mend(finding: Finding, source: "SourceText") -> "tuple[Edit, ...]":
    """Leaves the names that are needed; where none is, the comment goes, and its line if it stood alone on it."""
    from jaxaudit.edits import Edit

    start, end = source.place_span(finding.place)
    needed = ", ".join(finding.facts["needed"])
    if needed:
        names = ALLOWED_NAMES.search(source.text, start, end)
        return (Edit(*names.span(), needed),) if names else ()
    line = source.line_text(finding.place.line)
    before, after = line[: finding.place.column - 1], line[finding.place.end_column - 1 :]
    if after.strip():
        return (Edit(start, end + len(after) - len(after.lstrip()), ""),)
    if before.strip():
        return (Edit(start - len(before) + len(before.rstrip()), end + len(after), ""),)
    next_line = source.line_starts[finding.place.line : finding.place.line + 1] or (len(source.text),)
    return (Edit(start - len(before), next_line[0], ""),)


RULE = Rule(
    name="unused-suppression",
    title="a suppression that suppresses nothing",
    severity="warning",
    dont="""\
step = jax.jit(update)  # jaxaudit: allow jit-in-loop -- the sweep is short
""",
    do="""\
step = jax.jit(update)
""",
    why="""\
A comment that allows a fault which is no longer there will hide the next one: whoever puts the line back into a loop
is not told. The same holds for a slip in the rule's name: the comment looks as if it helped, and the finding stays.
""",
    allowed="A suppression of a rule that was not looked for (`--ignore`, a rule that needs a run) is left alone.",
    may_break="Nothing: only a comment is removed.",
    sees=("source",),
    needs=(),
    examples=(
        Example(
            name="the loop is gone",
            fixed_by_us=True,
            dont=Sample(
                """\
import jax


def update(w):
    return w * 0.9


step = jax.jit(update)  # jaxaudit: allow jit-in-loop -- the sweep is short  # fault
print(step(1.0))
"""
            ),
            do=Sample(
                """\
import jax


def update(w):
    return w * 0.9


step = jax.jit(update)
print(step(1.0))
"""
            ),
        ),
    ),
    allowed_samples=(),
    match=match,
    mend=mend,
)
