"""A flag in XLA_FLAGS that XLA does not know: the process ends before it has begun."""

from collections.abc import Iterator

from jaxaudit.edits import Edit, SourceText, remove_flag
from jaxaudit.model import Finding, Fix, Place
from jaxaudit.model.flag import JudgedFlag
from jaxaudit.rules.environment.flag_writes import VARIABLE, environment_writes, literals
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import values as v
from jaxaudit.source.program import Program


def match(program: Program) -> Iterator[Finding]:
    if program.judge_flags is None:
        return
    seen: set[int] = set()
    for write in environment_writes(program):
        if write.name != VARIABLE:
            continue
        for literal in literals(program, write.value):
            if id(literal) in seen:
                continue
            seen.add(id(literal))
            for flag in program.judge_flags(literal.value):
                if flag.name.startswith("xla") and flag.verdict in ("removed", "unknown", "malformed"):
                    yield told(program, literal, flag)


def told(program: Program, literal: v.Const, flag: JudgedFlag) -> Finding:
    place = place_of(program, literal, flag)
    if flag.verdict == "malformed":
        how = how_it_is_written(flag)
        text = f"`{flag.name}` in {VARIABLE} is written with {how}: XLA wants `--{flag.name}` and ends the process"
    elif flag.verdict == "removed":
        when = f"removed from XLA ({flag.removed_in})"
        text = f"`--{flag.name}` in {VARIABLE} was {when}: the process aborts when the backend starts"
    else:
        near = f"; the nearest known name is `--{flag.nearest}`" if flag.nearest else ""
        text = f"`--{flag.name}` in {VARIABLE} is no flag of XLA's: the process aborts when the backend starts{near}"
    return RULE.found(
        place,
        text,
        0.95 if flag.installed or flag.verdict == "malformed" else 0.85 if flag.verdict == "unknown" else 0.7,
        facts={"flag": flag.name, "verdict": flag.verdict, "judged by": flag.source, "nearest": flag.nearest},
        help=f"Remove it (judged by {flag.source}).",
        fix=Fix("safe", f"remove --{flag.name}") if flag.verdict != "malformed" else None,
    )


def how_it_is_written(flag: JudgedFlag) -> str:
    return "one dash" if flag.fault == "one-dash" else "no dashes, which XLA takes for the name of a file of flags"


def place_of(program: Program, literal: v.Const, flag: JudgedFlag) -> Place:
    """The flag itself, on the line of the literal that holds it."""
    assert literal.flow is not None
    whole = program.place(literal.flow, literal.expr)
    for number, line in enumerate(program.lines(whole.path)[whole.line - 1 : whole.end_line], whole.line):
        at = line.find(flag.name, whole.column - 1 if number == whole.line else 0)
        if at >= 0:
            return Place(whole.path, number, at + 1, number, at + 1 + len(flag.name), whole.function)
    return whole


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    return remove_flag(source, finding.place, f"--{finding.facts['flag']}")


RULE = Rule(
    name="unknown-xla-flag",
    title="XLA does not know this flag",
    severity="error",
    dont="Carry flags from a tuning guide into XLA_FLAGS without a look at the XLA that is installed.",
    do="Remove the flag, or write the nearest name that this XLA knows.",
    why="XLA reads XLA_FLAGS once, when the backend starts, and ends the process at the first word it does not know: "
    "there is no exception to catch. Between neighbouring releases 3 to 12 flags went (jaxlib 0.6.2 to 0.12.0.1, 231 to 350 flags, "
    "each tried in a process of its own).",
    allowed="Flags of a TPU plugin, which has a list of its own; flags under a test of the version.",
    may_break="Nothing: the flag never took effect.",
    sees=("source", "environment"),
    needs=(),
    examples=(
        Example(
            "a flag that was never there",
            dont=Sample(
                """import os

os.environ["XLA_FLAGS"] = "--xla_cpu_enable_fast_math=false --xla_no_such_flag_anywhere=true"  # fault
print(os.environ["XLA_FLAGS"].count("--"))
""",
                shows="printed.strip() == '2'",
            ),
            do=Sample(
                """import os

os.environ["XLA_FLAGS"] = "--xla_cpu_enable_fast_math=false"
print(os.environ["XLA_FLAGS"].count("--"))
""",
                shows="printed.strip() == '1'",
            ),
            fixed_by_us=True,
        ),
    ),
    allowed_samples=(
        Sample(
            """import os

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
"""
        ),
    ),
    match=match,
    mend=mend,
    matters_in_tests=True,
)
