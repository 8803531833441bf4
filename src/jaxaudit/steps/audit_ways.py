"""The ways in which an audited program is run: as words behind the interpreter, and what is wrong where it could not be."""

import ast
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from jaxaudit.model.mistake import Mistake, nearest
from jaxaudit.steps.config import Config, Ways, name_of
from jaxaudit.steps.interpreter import Interpreter
from jaxaudit.verify.running import Ran, Way
from jaxaudit.verify.workcopy import GIB

BUDGET = 600.0
ENTRY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
CALL = "import functools, importlib; functools.reduce(getattr, {names!r}, importlib.import_module({module!r}))()"
CALLED = "<string>"
"""The file that Python names for a program that stands on its command line."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    words: tuple[str, ...] = ()
    """The program and its arguments; with an entry, the arguments."""
    module: bool = False
    entry: str = ""
    """`module:function`, called without arguments."""
    python: str = ""
    test: str = ""
    also: tuple[str, ...] = ()
    budget: float = BUDGET
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    effects: bool = False
    read_only: tuple[str, ...] = ()
    copy_limit: int = GIB
    dry_run: bool = False
    calls: int = 0
    """How often functions are called in a prefix; 0 where only a program that runs too long is tried on one."""
    stdin: bytes = b""
    environ: Mapping[str, str] = field(default_factory=dict)


def completed(wanted: Wanted, config: Config) -> Wanted:
    """With what `[tool.jaxaudit.audit]` says of the program, of other ways to run it and of its tests; options win.

    The table speaks from the folder of its file. Raises `Mistake` for a program that is not there.
    """
    here = config.root.resolve() == Path.cwd().resolve()
    table = config.audit if here else Ways()
    named = "there is no program {!r}"
    if not wanted.words and not wanted.entry:
        if not here and config.file is not None and (config.audit.words or config.audit.entry):
            raise Mistake(
                f"which program? {name_of(config.file)} names one, as it is run from {config.root}: `jaxaudit audit` does that "
                "there"
            )
        wanted = replace(wanted, words=table.words, module=bool(table.module), entry=table.entry)
        named += ", which [tool.jaxaudit.audit] names"
    if wanted.entry:
        _must_be_an_entry(wanted.entry)
    elif wanted.words and not wanted.module and not Path(wanted.words[0]).exists():
        raise Mistake(named.format(wanted.words[0]))
    own = shlex.join(wanted.words)
    others = [words for words in dict.fromkeys((*table.also, *wanted.also)) if words != own]
    return replace(
        wanted, also=tuple(others), test=wanted.test or table.test, calls=wanted.calls or table.calls
    )  # fmt: skip


def _must_be_an_entry(entry: str) -> None:
    """Raises `Mistake` where that is no entry, or its module's file has no such name."""
    if not ENTRY.fullmatch(entry):
        raise Mistake(f"--entry {entry!r} is not of the form module:function")
    module, _, function = entry.partition(":")
    path = module.replace(".", "/")
    files = [Path(folder, f"{path}{end}") for folder in ("", "src") for end in (".py", "/__init__.py")]
    file = next((one for one in files if one.is_file()), None)
    if file is None:
        return  # an installed module: Python will say what it knows of it
    try:
        names = _names_of(ast.parse(file.read_bytes()))
    except (SyntaxError, ValueError):
        return
    first = function.partition(".")[0]
    if "*" not in names and first not in names:
        raise Mistake(f"--entry: {file} has no {first!r}{nearest(first, names)}")


def _names_of(tree: ast.Module) -> set[str]:
    """Every name that the module binds, anywhere."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name):
            names.add(node.id)
    return names


def main_way(wanted: Wanted) -> Way:
    """The program, or the entry, as the command line names it."""
    if wanted.entry:
        return entry_way(wanted.entry, wanted.words, wanted.stdin)
    words = (*(["-m"] if wanted.module else []), *wanted.words)
    return Way(words, wanted.stdin, shlex.join(words))


def entry_way(entry: str, words: tuple[str, ...] = (), stdin: bytes = b"") -> Way:
    module, _, function = entry.partition(":")
    call = CALL.format(module=module, names=function.split("."))
    return Way(("-c", call, *words), stdin, shlex.join((entry, *words)))


def also(words: str) -> Way:
    """`sensitivity.py --fast`, `pytest tests`, `simulate:main`: what stands behind the interpreter."""
    split = shlex.split(words)
    if not split:
        raise Mistake("--also names no program")
    if ENTRY.fullmatch(split[0]) and not Path(split[0]).exists():
        _must_be_an_entry(split[0])
        return entry_way(split[0], tuple(split[1:]))
    if split[0].endswith(".py") and not Path(split[0]).exists():
        raise Mistake(f"--also: there is no program {split[0]!r}")
    if split[0] in ("python", "python3"):
        split = split[1:]
    elif not split[0].endswith(".py") and split[0] != "-m" and not Path(split[0]).exists():
        split = ["-m", *split]
    return Way(tuple(split), name=words)


def under_python(tests: Way | None) -> Way | None:
    """`pytest -q`, `python -m pytest -q`: as words behind the interpreter."""
    if tests is None or not tests.words:
        return None
    first, *rest = tests.words
    if os.path.basename(first).startswith("python"):
        return replace(tests, words=tuple(rest))
    return replace(tests, words=(first, *rest) if first.endswith(".py") else ("-m", first, *rest))


def must_have_run(ran: Ran, program: str, interpreter: Interpreter) -> None:
    """Raises `Mistake` where there is nothing to go on with."""
    if ran.outside is not None:
        verb = "write" if ran.outside.what == "write" else "connect to"
        at = f" ({os.path.basename(ran.outside.path)}:{ran.outside.line})" if ran.outside.line else ""
        raise Mistake(
            f"{program} was stopped before it could {verb} {ran.outside.place}{at}, which lies outside of the copy that "
            "it ran in; --allow-effects lets it, in every trial"
        )
    failure = ran.evidence.environment.failure
    if failure is not None and failure.at is not None and failure.at.path == CALLED:
        raise Mistake(f"{program} can't be called: {failure}")
    if ran.hung and not ran.evidence.compiles:
        raise Mistake(f"{program} did not end within the budget; --budget gives it more time")
    if not ran.evidence.processes or not ran.evidence.environment.jax:
        last = ran.stderr.strip().splitlines()[-1:] or ["it never imported JAX"]
        raise Mistake(f"{program} could not be observed under {interpreter.path} ({interpreter.because}): {last[0]}")
