"""The ways in which an audited program is run: as words behind the interpreter, and what is wrong where it could not be."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.interpreter import Interpreter
from jaxaudit.verify.running import Ran, Way


def way_of(words: Sequence[str], module: bool, stdin: bytes) -> Way:
    """The program as the command line names it."""
    return Way((*(["-m"] if module else []), *words), stdin, shlex.join(words))


def also(words: str) -> Way:
    """`sensitivity.py --fast`, `pytest tests`: what stands behind the interpreter."""
    split = shlex.split(words)
    if not split:
        raise Mistake("--also names no program")
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
    if ran.hung:
        raise Mistake(f"{program} did not end within the budget; --budget gives it more time")
    if not ran.evidence.processes or not ran.evidence.environment.jax:
        last = ran.stderr.strip().splitlines()[-1:] or ["it never imported JAX"]
        raise Mistake(f"{program} could not be observed under {interpreter.path} ({interpreter.because}): {last[0]}")
