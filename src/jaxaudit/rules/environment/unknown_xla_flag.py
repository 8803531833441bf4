"""A flag that XLA does not know, or does not read: the process ends before it has begun."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix, Place
from jaxaudit.model.flag import HOLE, FlagJudge, JudgedFlag
from jaxaudit.rules.control_flow.array_work import values_of
from jaxaudit.rules.environment.flag_writes import VARIABLE, FlagWrite, constant_text, environment_writes
from jaxaudit.rules.environment.written_texts import literal_at, texts, whole
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import values as v
from jaxaudit.source.facts import text as shown
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import roots, single

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText

BARE = re.compile(r"xla_(?:gpu|cpu|llvm|dump|backend|disable|enable)_\w+")
WRONG = ("removed", "unknown", "malformed")
ENDS = "XLA ends the process when the backend starts"


def match(program: Program) -> Iterator[Finding]:
    judge = program.flags
    if judge is None:
        return
    seen: set[tuple[int, str]] = set()
    for write in environment_writes(program):
        if write.name == VARIABLE:
            for literal, flag in judged_flags(program, judge, write):
                if (id(literal), flag.name) not in seen:
                    seen.add((id(literal), flag.name))
                    yield told(program, literal, flag, guarded(write))
    for literal, flag in judged_names(program, judge):
        if flag.name not in {name for _, name in seen}:
            seen.add((id(literal), flag.name))
            yield told(program, literal, flag, "")
    for literal, flag in judged_options(program, judge):
        if (id(literal), flag.name) not in seen:
            seen.add((id(literal), flag.name))
            yield option_told(program, literal, flag)


def judged_flags(program: Program, judge: FlagJudge, write: FlagWrite) -> Iterator[tuple[v.Const, JudgedFlag]]:
    """The flags of XLA's in one write that it will not take, each with the literal that holds its name."""
    for text in texts(program, write.value):
        for flag in judge.words(whole(text)):
            literal = literal_at(text, flag.start)
            if flag.verdict in WRONG and flag.name.startswith("xla") and literal is not None:
                yield literal, flag


def judged_names(program: Program, judge: FlagJudge) -> Iterator[tuple[v.Const, JudgedFlag]]:
    """Bare names (`"xla_gpu_x": True`) in tables and lists of a file that puts dashes before names of which nothing is known,
    and writes the variable."""
    modules = {write.function.module for write in environment_writes(program) if write.name == VARIABLE and write.own}
    for module in modules:
        functions = [one for number in range(len(module.units)) for one in program.functions_of_unit(module, number)]
        values = [value for function in functions for value in values_of(function.flow)]
        if any(isinstance(value, v.Text) and puts_dashes(program, value) for value in values):
            for literal in bare_names(values):
                flag = judge.words(f"--{literal.value}={HOLE}")[0]
                if flag.verdict in ("removed", "unknown"):
                    yield literal, flag


def puts_dashes(program: Program, value: v.Text) -> bool:
    """`f"--{name}={value}"`."""
    first, second = (*value.pieces[:2], None, None)[:2]
    dashes = isinstance(first, v.Const) and str(first.value).endswith("--")
    return dashes and second is not None and constant_text(program, second) is None


def bare_names(values: list[v.Value]) -> Iterator[v.Const]:
    for value in values:
        parts: tuple[v.Value | None, ...] = ()
        if isinstance(value, v.Mapping):
            parts = tuple(key for key, _ in value.pairs)
        elif isinstance(value, v.Sequence):
            parts = tuple(value.items)
        for part in parts:
            if isinstance(part, v.Const) and part.flow is not None and BARE.fullmatch(str(part.value)):
                yield part


def judged_options(program: Program, judge: FlagJudge) -> Iterator[tuple[v.Const, JudgedFlag]]:
    """The same for `compiler_options={...}` of `jit` and of `lowered.compile`."""
    for function in program.graph.linked_functions:
        if function.module.context:
            continue
        for call in function.flow.calls:
            given = call.keyword("compiler_options") if call.kwargs else None
            if given is None:
                continue
            for table in roots(program, given):
                for key, value in table.pairs if isinstance(table, v.Mapping) else ():
                    if isinstance(key, v.Const) and str(key.value).startswith("xla_") and key.flow is not None:
                        known = single(program, value)
                        flag = judge.option(key.value, known.value if isinstance(known, v.Const) else None)
                        if flag.verdict in WRONG:
                            yield key, flag


def told(program: Program, literal: v.Const, flag: JudgedFlag, guard: str) -> Finding:
    return RULE.found(
        place_of(program, literal, flag.name),
        f"{what_is_wrong(flag)} (judged by {flag.source})",
        min(confidence(flag), 0.5 if guard else 1.0),
        facts=facts_of(flag) | ({"guard": guard} if guard else {}),
        help=what_to_do(flag),
        fix=Fix("safe", f"remove --{flag.name}") if not flag.fault and f"--{flag.name}" in literal.value else None,
    )


def what_is_wrong(flag: JudgedFlag) -> str:
    given = f"`--{flag.name}`" if flag.value is None else f"`--{flag.name}={flag.value}`"
    if flag.fault == "one-dash":
        return f"`-{flag.name}` in {VARIABLE} has one dash, XLA wants two: {ENDS}"
    if flag.fault == "no-dash":
        return f"`{flag.name}` in {VARIABLE} has no dashes: XLA skips it, or takes it for a file of flags and aborts"
    if flag.fault == "typographic":
        return f"`{flag.name}` in {VARIABLE} stands behind a typographic dash, XLA wants two hyphens (`--`): {ENDS}"
    if flag.fault == "joined":
        return f"{given} in {VARIABLE} runs into the next flag, with no blank between them: XLA reads it as one value"
    if flag.fault:
        return f"{given} in {VARIABLE}: {a_kind(flag)} is wanted there, so {ENDS}"
    if flag.verdict == "removed":
        return f"`--{flag.name}` in {VARIABLE} was removed from XLA (gone since {flag.removed_in}): {ENDS}"
    near = f"; the nearest known name is `--{flag.nearest}`" if flag.nearest else ""
    return f"`--{flag.name}` in {VARIABLE} is unknown to XLA: {ENDS}{near}"


def a_kind(flag: JudgedFlag) -> str:
    return {"bool": "true or false", "int": "a whole number", "float": "a number"}[flag.kind]


def what_to_do(flag: JudgedFlag) -> str:
    if flag.fault == "joined":
        return "Put a blank at the end of each part of the text."
    if flag.fault in ("one-dash", "no-dash", "typographic"):
        return f"Write `--{flag.name}`."
    if flag.fault:
        return f"Give `--{flag.name}=` {a_kind(flag)}."
    return f"Write `--{flag.nearest}`, or remove it." if flag.nearest else "Remove the flag."


def confidence(flag: JudgedFlag) -> float:
    """What the installed library says is certain; a name that has gone lately may still be there on the user's."""
    if flag.installed or flag.fault in ("one-dash", "no-dash", "joined", "typographic"):
        return 0.95
    if flag.verdict == "removed":
        return 0.9 if flag.removed_in and re.fullmatch(r"20\d\d-\d\d", flag.removed_in) else 0.7
    return 0.85


def guarded(write: FlagWrite) -> str:
    """The test of a version under which the flag is written, which the author has thought about."""
    for branch, _ in write.path:
        test = getattr(branch.test, "expr", None)
        words = shown(test, 120) if test is not None else ""
        if "version" in words.lower() or (branch.kind == "try" and not write.own):
            return words or "try"
    return ""


def option_told(program: Program, literal: v.Const, flag: JudgedFlag) -> Finding:
    if flag.fault:
        wanted = "True or False" if flag.kind == "bool" else a_kind(flag)
        wrong = f"is given `{flag.value}`, where {wanted} is wanted"
    elif flag.verdict == "removed":
        wrong = f"was removed from XLA (gone since {flag.removed_in})"
    else:
        wrong = "is unknown to XLA" + (f"; the nearest known name is `{flag.nearest}`" if flag.nearest else "")
    return RULE.found(
        place_of(program, literal, flag.name),
        f"`{flag.name}` in compiler_options {wrong}: compiling raises an error (judged by {flag.source})",
        confidence(flag),
        facts=facts_of(flag) | {"in": "compiler_options"},
        help="Give it True or False." if flag.fault and flag.kind == "bool" else what_to_do(flag).replace("`--", "`"),
    )


def facts_of(flag: JudgedFlag) -> dict[str, object]:
    return {
        "flag": flag.name,
        "verdict": flag.verdict,
        "fault": flag.fault,
        "judged by": flag.source,
        "nearest": flag.nearest,
        "removed in": flag.removed_in,
    }


def place_of(program: Program, literal: v.Const, name: str) -> Place:
    """The flag itself, on its line of the literal that holds it."""
    assert literal.flow is not None
    whole = program.place(literal.flow, literal.expr)
    word = re.compile(rf"(?<![\w-])-*{re.escape(name)}(?!\w)")
    for number, line in enumerate(program.text_of(whole.path)[whole.line - 1 : whole.end_line], whole.line):
        found = word.search(line, whole.column - 1 if number == whole.line else 0)
        if found:
            return Place(whole.path, number, found.start() + 1, number, found.end() + 1, whole.function)
    return whole


def mend(finding: Finding, source: "SourceText") -> "tuple[Edit, ...]":
    """The flag out of its text; a text of a list that holds nothing else goes whole."""
    import ast

    from jaxaudit.edits import expression_at, parents_of, remove_element, remove_flag

    flag = f"--{finding.facts['flag']}"
    node = expression_at(source, finding.place)
    above = parents_of(source, node)[0]
    if (
        isinstance(above, ast.List)
        and isinstance(node, ast.Constant)
        and re.fullmatch(rf"{flag}(=\S*)?", str(node.value))
    ):
        return remove_element(source, above, above.elts.index(node))
    return remove_flag(source, finding.place, flag)


RULE = Rule(
    name="unknown-xla-flag",
    title="XLA does not know this flag",
    severity="error",
    dont="Carry flags from a tuning guide into XLA_FLAGS without a look at the XLA that is installed.",
    do="Remove the flag, or write the nearest name that this XLA knows.",
    why="XLA reads XLA_FLAGS once, when the backend starts, and ends the process at the first word it does not know or "
    "cannot read: there is no exception to catch. Between neighbouring releases 3 to 12 flags went (jaxlib 0.6.2 to "
    "0.12.0.1, 231 to 350 flags, each tried in a process of its own). A truth value is true, false, 1 or 0, in any case; "
    "in `compiler_options` it is True or False, and a wrong one raises an error.",
    allowed="Flags of a TPU plugin, which has a list of its own; flags under a test of the version.",
    may_break="Nothing: with the flag the process did not run.",
    sees=("source", "environment"),
    needs=(),
    examples=(
        Example(
            "a flag that is gone, in a string of several parts",
            dont=Sample(
                """import os
import subprocess
import sys

os.environ["XLA_FLAGS"] = (
    "--xla_gpu_enable_triton_softmax_fusion=true "  # fault
    "--xla_gpu_triton_gemm_any=True"
)
start = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], capture_output=True, text=True)
""",
                shows="'Unknown flag in XLA_FLAGS: --xla_gpu_enable_triton_softmax_fusion' in start.stderr",
            ),
            do=Sample(
                """import os
import subprocess
import sys

os.environ["XLA_FLAGS"] = (
    "--xla_gpu_triton_gemm_any=True"
)
start = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], capture_output=True, text=True)
""",
                shows="start.returncode == 0",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a misspelt flag in a list",
            dont=Sample(
                """import os
import subprocess
import sys

flags = [
    "--xla_force_host_platform_device_count=2",
    "--xla_cpu_enable_fastmath=false",  # fault
]
child = {**os.environ, "XLA_FLAGS": " ".join(flags)}
start = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], env=child, capture_output=True, text=True)
""",
                shows="'Unknown flag in XLA_FLAGS: --xla_cpu_enable_fastmath' in start.stderr",
            ),
            do=Sample(
                """import os
import subprocess
import sys

flags = [
    "--xla_force_host_platform_device_count=2",
]
child = {**os.environ, "XLA_FLAGS": " ".join(flags)}
start = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], env=child, capture_output=True, text=True)
""",
                shows="start.returncode == 0",
            ),
            fixed_by_us=True,
        ),
        Example(
            "two flags with no blank between them",
            dont=Sample(
                """import os
import subprocess
import sys

os.environ["XLA_FLAGS"] = (
    "--xla_cpu_enable_fast_math=false"  # fault
    "--xla_force_host_platform_device_count=2"
)
start = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], capture_output=True, text=True)
""",
                shows="'interpret value false--xla_force_host_platform_device_count=2' in start.stderr",
            ),
            do=Sample(
                """import os
import subprocess
import sys

os.environ["XLA_FLAGS"] = (
    "--xla_cpu_enable_fast_math=false "
    "--xla_force_host_platform_device_count=2"
)
start = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], capture_output=True, text=True)
""",
                shows="start.returncode == 0",
            ),
        ),
        Example(
            "a truth value as a shell writes it, in compiler_options",
            dont=Sample(
                """import jax


@jax.jit
def double(x):
    return 2 * x


try:
    double.lower(1.0).compile(compiler_options={"xla_cpu_enable_fast_math": "true"})  # fault
except jax.errors.JaxRuntimeError as error:
    print(error)
""",
                shows="'is not a valid bool value' in printed",
            ),
            do=Sample(
                """import jax


@jax.jit
def double(x):
    return 2 * x


double.lower(1.0).compile(compiler_options={"xla_cpu_enable_fast_math": True})
""",
                shows="not raised",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import os

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
os.environ["LIBTPU_INIT_ARGS"] = "--xla_tpu_enable_latency_hiding_scheduler=true"

import jax
""",
            shows="jax.device_count() == 2",
        ),
        Sample(
            """import os

os.environ["XLA_FLAGS"] = "--xla_cpu_enable_fast_math=FALSE --xla_dump_hlo_as_text"

import jax
""",
            shows="jax.device_count() == 1",
        ),
    ),
    match=match,
    mend=mend,
    matters_in_tests=True,
)
