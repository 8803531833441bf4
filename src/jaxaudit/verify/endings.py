"""How runs end: as the unchanged one does, otherwise, or by dying, with which no change can be compared."""

import re
import signal
from contextlib import suppress

from jaxaudit.model import amounts
from jaxaudit.model.proposal import Reason
from jaxaudit.verify.running import Ran

DEADLY = frozenset(
    int(getattr(signal, name)) for name in ("SIGKILL", "SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGXCPU")
)
OF_A_SHELL = 128
"""A shell adds this to the number of the signal that ended what it ran."""
MEMORY = (
    "RESOURCE_EXHAUSTED",
    "out of memory",
    "MemoryError",
    "bad_alloc",
    "Unable to allocate",
    "Cannot allocate memory",
)

OF_JAX = ("jax.", "jaxlib.")
"""Modules whose exceptions say that JAX refused the program."""
REFUSED = (
    "Non-hashable static arguments",
    "static_argnames",
    "static_argnums",
    "donate_argnames",
    "is not a valid JAX type",
    "Unknown flag",
)
"""What JAX and XLA say with exceptions of Python's own, or as they end the process."""


def died(ran: Ran) -> str:
    """How, in words; "" for a program that ended by itself, an exception of its own included.

    Where JAX refused it (a traced value that Python needed, a flag that XLA does not know) it has died as well.
    """
    if ran.hung or ran.outside is not None or ran.code == 0:
        return ""
    failure = ran.evidence.environment.failure
    last = ran.stderr.strip().splitlines()[-1:] or [""]
    said = str(failure) if failure else last[0].strip()
    number = -ran.code if ran.code < 0 else ran.code - OF_A_SHELL
    if number in DEADLY:
        how = _name(number)
    elif any(word.lower() in said.lower() for word in MEMORY):
        how = said.rstrip(".")[:160]
    elif (failure is not None and failure.kind.startswith(OF_JAX)) or any(words in said for words in REFUSED):
        how = said.splitlines()[0].rstrip(".")[:160]
    else:
        return ""
    return f"{how}{_where(ran)}"


def _name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _where(ran: Ran) -> str:
    """`, while compiling step (train.py:12)`, as far as the record tells."""
    open_ = [one for one in ran.evidence.unfinished if one.site.user] or list(ran.evidence.unfinished)
    if not open_:
        return ""
    one = open_[-1]
    doing = {"trace": "tracing", "lower": "lowering", "compile": "compiling"}.get(one.stage, "at work on")
    held = f", with constants of {amounts.size(one.constants_bytes)}" if one.constants_bytes else ""
    return f", while {doing} {one.site.name} ({one.site.spot}){held}"


def dies_still(how: str, after: Ran) -> Reason | None:
    """Why a change of a program that dies does not let it end."""
    stopped = _stopped(after, True)
    if stopped is not None:
        return stopped
    again = died(after)
    if again:
        elsewhere = "as well" if again == how else f"otherwise: {again}"
        return Reason("crashes", f"the program dies ({how}); with this change it dies {elsewhere}")
    if after.code:
        text = f"the program dies ({how}); with this change it gets further and ends with exit code {after.code}: "
        return Reason("crashes", text + _last_words(after))
    return None


def unlike(before: Ran, after: Ran) -> Reason | None:
    """Why the changed program did not run as the unchanged one does."""
    stopped = _stopped(after, before.outside is None)
    if stopped is not None or after.code == before.code:
        return stopped
    said = f"the changed program ends with exit code {after.code} instead of {before.code}: {_last_words(after)}"
    failure = after.evidence.environment.failure
    text = f"{failure}" if failure else after.stderr
    if "Non-hashable static arguments" in text:
        code = "arrives-as-tracer" if "Tracer" in text else "unhashable"
        return Reason(code, said)
    return Reason("crashes", said)


def _stopped(after: Ran, alone: bool) -> Reason | None:
    """Why a changed program was not let to end."""
    if after.hung:
        return Reason("hangs", f"the changed program had not ended after {after.seconds:.0f} s")
    if after.astray:
        return Reason("does-not-apply", f"the program imported {after.astray[0]} instead of the changed copy")
    if after.outside is not None and alone:
        return Reason("crashes", f"the changed program wanted to {after.outside.what} {after.outside.place}")
    return None


def _last_words(ran: Ran) -> str:
    """What it died of: the exception, where the record has one, for JAX writes notes behind it; else the last line."""
    failure = ran.evidence.environment.failure
    if failure is not None:
        return str(failure).splitlines()[0].strip()[:200]
    last = next((line for line in reversed(ran.stderr.strip().splitlines()) if line.strip()), "")
    return last.strip()[:200]


_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.M)


def failed_tests(ran: Ran) -> frozenset[str]:
    """The tests that pytest's last lines name."""
    return frozenset(_FAILED.findall(ran.stdout))
