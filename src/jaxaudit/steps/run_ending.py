"""How a program ended, and why nothing was seen of it where that is so: a sentence each."""

import re
import signal
import subprocess

from jaxaudit.steps.launch import Ended
from jaxaudit.steps.record_place import SUFFIX

QUIET = (b"start", b"error", b"end", b"note")
"""Lines that a process leaves which never imported JAX."""
OLDEST = (3, 10)
_KIND = re.compile(rb'\{"k": "(\w+)"')


def ending(ended: Ended) -> str:
    """The sentence for a program that failed; empty for one that did not."""
    if ended.code > 0:
        return f"the program failed with exit code {ended.code}"
    if ended.code < 0:
        more = ": the machine may have run out of memory" if -ended.code == signal.SIGKILL else ""
        return f"the program was ended by {signal_name(-ended.code)}{more}"
    return ""


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def why_nothing(ended: Ended) -> str:
    """The sentence for a run in which no JAX was seen; empty where some was."""
    kinds = _kinds(ended)
    if kinds.difference(QUIET) or b"note" in kinds:
        return ""
    python = f"{ended.interpreter.path} ({ended.interpreter.because})"
    version, has_jax = _asked(ended.interpreter.path)
    if version < OLDEST:
        return (
            f"{python} is Python {version[0]}.{version[1]}; programs are observed on {OLDEST[0]}.{OLDEST[1]} and newer"
        )
    if not kinds and any(ended.record.glob(f"*{SUFFIX}")):
        return "the record could not be written, so nothing was observed"
    if not ended.record.is_dir():
        return (
            f"the program removed the folder of its record, {str(ended.record)!r}, so nothing can be told of it; "
            "--record DIR puts it elsewhere"
        )
    if not kinds:
        return (
            f"{python} ran the program without the probe, so nothing was observed: Python loads no sitecustomize when "
            "it is started with -I, -E or -S, or by a program of its own"
        )
    if not has_jax:
        return f"JAX is not installed in {python}; --python names another one"
    if ended.code:
        return "that was before it imported JAX, so nothing was observed"
    return "the program never imported JAX, so nothing was observed"


def _kinds(ended: Ended) -> set[bytes]:
    """The kinds of lines in the record, up to the first that says something of JAX."""
    kinds: set[bytes] = set()
    for file in sorted(ended.record.glob(f"*{SUFFIX}")):
        with file.open("rb") as lines:
            for line in lines:
                found = _KIND.match(line)
                if found and found[1] not in kinds:
                    kinds.add(found[1])
                    if found[1] not in QUIET:
                        return kinds
    return kinds


def _asked(python: str) -> tuple[tuple[int, int], bool]:
    """The version of that Python, and whether it would find JAX. Effect: starts it. What can't be told is well."""
    asked = "import sys, importlib.util as u; print(sys.version_info[0], sys.version_info[1], u.find_spec('jax') is not None)"
    try:
        done = subprocess.run([python, "-c", asked], capture_output=True, timeout=60, check=False)
        major, minor, found = done.stdout.split()
        return (int(major), int(minor)), found == b"True"
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return OLDEST, True
