"""Runs samples under a given Python, many in one process where that is safe, and tells what each showed."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jaxaudit

RUNNER = Path(jaxaudit.__file__).parents[1] / "jaxaudit_probe" / "sample_runner.py"
TOGETHER = 40
SECONDS = 120
_ALONE = re.compile(
    r"environ|putenv|config\.|XLA_FLAGS|enable_x64|distributed|\bsys\b|\bos\b|\bsignal\b|fork|JAX_[A-Z]"
)
"""What changes the process for those that come after: such a sample gets a process of its own."""
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


@dataclass(frozen=True, slots=True)
class Request:
    """One program, and what must be true after it ran."""

    id: str
    code: str
    shows: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What one program showed. `holds` is None where there was nothing to ask, or a package is `missing`."""

    id: str
    holds: bool | None
    error: str = ""
    raised: str = ""
    warned: str = ""
    printed: str = ""
    missing: str = ""
    compiled: Sequence[str] = field(default_factory=tuple)
    traced: Sequence[str] = field(default_factory=tuple)

    def __str__(self) -> str:
        """All that helps to see why a claim is false, one thing a line."""
        parts = {name: getattr(self, name) for name in ("missing", "error", "raised", "warned", "printed")}
        names = {"compiled": " ".join(self.compiled), "traced": " ".join(self.traced)}
        return "\n".join(f"{name}: {value}" for name, value in {**parts, **names}.items() if value)


@dataclass(frozen=True, slots=True)
class Runs:
    """The Python and JAX that ran, and what each program showed. `missing` is the reason where no JAX is there."""

    python: str
    jax: str | None
    missing: str
    shown: Mapping[str, Shown]


def run_samples(
    python: str | Path,
    requests: Iterable[Request],
    environment: Mapping[str, str] | None = None,
    *,
    seconds: float = SECONDS,
    together: int = TOGETHER,
) -> Runs:
    """Effect: starts processes of that Python. Raises OSError where it cannot be started."""
    environment = dict(os.environ if environment is None else environment)
    environment.pop("PYTHONPATH", None)
    about: dict[str, Any] = {}
    shown: dict[str, Shown] = {}
    for group in _groups(list(requests), together):
        rest = list(group)
        while rest:
            head, answers, ending = _process(str(python), rest, environment, seconds)
            about = head or about
            if not head:
                return Runs(str(python), None, f"{python} could not run samples: {ending}", shown)
            if not head["jax"]:
                return Runs(head["python"], None, head["missing"], shown)
            shown |= {answer["id"]: _shown(answer) for answer in answers}
            rest = rest[len(answers) :]
            if rest:
                shown[rest[0].id] = _died(rest[0], ending)
                rest = rest[1:]
    return Runs(about.get("python", ""), about.get("jax"), "", shown)


def _groups(requests: Sequence[Request], together: int) -> Iterator[Sequence[Request]]:
    calm = [one for one in requests if not _ALONE.search(one.code)]
    for start in range(0, len(calm), together):
        yield calm[start : start + together]
    for one in requests:
        if _ALONE.search(one.code):
            yield [one]


def _process(
    python: str, requests: Sequence[Request], environment: Mapping[str, str], seconds: float
) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    """What it is, the answers that came, and how it ended."""
    with tempfile.TemporaryDirectory() as folder:
        stderr = Path(folder) / "stderr"
        asked = [{"id": one.id, "code": one.code, "shows": one.shows, "stderr": str(stderr)} for one in requests]
        lines = "".join(json.dumps(one) + "\n" for one in asked)
        out, ending = _talk([python, "-B", str(RUNNER)], lines, environment, seconds)
        if stderr.exists():
            ending = f"{_ends(stderr.read_text('utf-8', errors='replace'))}\n{ending}"
    answers = [json.loads(line) for line in out.splitlines() if line.endswith(b"}")]
    return (answers[0] if answers else {}), answers[1:], ending.strip()


def _ends(text: str, size: int = 4000) -> str:
    """The first and the last of a long text: what an aborting process says first is the reason."""
    return text if len(text) <= 2 * size else f"{text[:size]}\n...\n{text[-size:]}"


def _talk(command: list[str], lines: str, environment: Mapping[str, str], seconds: float) -> tuple[bytes, str]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as process:
        try:
            out, err = process.communicate(lines.encode(), timeout=seconds)
            return out, f"{_ends(err.decode(errors='replace'))}\nexit code {process.returncode}"
        except subprocess.TimeoutExpired:
            process.kill()
            return process.communicate()[0], f"no answer in {seconds:.0f} s"


def _shown(answer: Mapping[str, Any]) -> Shown:
    missing = _MISSING.search(answer["raised"])
    return Shown(
        answer["id"],
        None if missing else answer["holds"],
        answer["error"],
        answer["raised"],
        answer["warned"],
        answer["printed"],
        f"{missing[1]} is not installed" if missing else "",
        answer["compiled"],
        answer["traced"],
    )


def _died(request: Request, ending: str) -> Shown:
    """A program that took its process with it: what it said last is what it raised."""
    words = {"raised": ending, "warned": ending, "printed": ""}
    try:
        holds = bool(eval(request.shows, {"__builtins__": {}}, words)) if request.shows else None
    except Exception as error:
        return Shown(request.id, False, f"{type(error).__name__}: {error}", ending)
    return Shown(request.id, holds, raised=ending)
