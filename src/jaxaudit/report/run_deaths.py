"""What a process was compiling when it ended, a sentence each."""

import signal
from collections.abc import Iterator

from jaxaudit.model import amounts
from jaxaudit.model.evidence import FIRSTS
from jaxaudit.report.counts import Document, Entry
from jaxaudit.report.places import line_of

DOING = {"trace": "tracing", "lower": "lowering", "compile": "compiling"}


def deaths(document: Document) -> Iterator[str]:
    """`Died (SIGKILL) while compiling step (train.py:12), 41 s in; constants 4.36 GB`, for each process that was."""
    many = document["summary"]["processes"] > 1
    for one in document.get("unfinished", ()):
        process = f"Process {document['processes'][one['process']]['pid']}: " if many else ""
        yield f"{process}{_how(one)} while {DOING[one['stage']]} {_what(one)}"


def _how(one: Entry) -> str:
    ended = one["ended"] or ""
    if one["error"] == "KeyboardInterrupt":
        return "Interrupted"
    if one["error"]:
        return f"Failed with {one['error']}"
    if ended.startswith("signal "):
        return f"Died ({signal_name(ended.removeprefix('signal '))})"
    return "Ended by os._exit" if ended else "The record ends"


def signal_name(number: str | int) -> str:
    try:
        return signal.Signals(int(number)).name
    except ValueError:
        return f"signal {number}"


def _what(one: Entry) -> str:
    place = f" ({line_of(one)})" if one["path"] and not one["library"] else f" of {one['library']}"
    at = one["at"]
    called = f", called at {line_of(at)}" if at and line_of(at) != line_of(one) else ""
    held = f"; constants {amounts.size(one['constants_bytes'])}" if one["constants_bytes"] else ""
    why = f"; again, because {one['cause']['text']}" if one["cause"]["kind"] not in FIRSTS else ""
    return f"{one['function']}{place}{called}, {amounts.seconds(one['seconds'])} in{held}{why}."
