"""Small programs in processes of their own, observed and not."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

from processes import SRC

SITE = SRC / "jaxaudit_probe" / "site"
FAKE_JAX = Path(__file__).parent / "fake"


class Observed(NamedTuple):
    """How it ended, and what each process left: its lines."""

    done: "subprocess.CompletedProcess[str]"
    processes: list[list[dict[str, Any]]]

    @property
    def main(self) -> list[dict[str, Any]]:
        return self.processes[0]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The lines of a kind, of all processes."""
        return [line for lines in self.processes for line in lines if line["k"] == kind]

    @property
    def calls(self) -> list[int]:
        """How often each function was called, by process: totals may be said more than once, and the last one counts."""
        totals = [{line["site"]: line["calls"] for line in lines if line["k"] == "calls"} for lines in self.processes]
        return [count for counts in totals for count in counts.values()]

    @property
    def compiled(self) -> list[str]:
        return sorted(line["name"] for line in self.of("compile"))

    @property
    def ends(self) -> list[str]:
        return [line["how"] for line in self.of("end")]


def plainly(folder: Path, program: str, *argv: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    """Runs the program without us; `environ` adds to the environment."""
    return _run(folder, program, argv, {"PYTHONPATH": str(FAKE_JAX)}, **more)


def observed(folder: Path, program: str, *argv: str, **more: Any) -> Observed:
    """Runs the program with the probe, its record in `record`."""
    record = folder / "record"
    record.mkdir(exist_ok=True)
    added = {"PYTHONPATH": f"{SITE}{os.pathsep}{FAKE_JAX}", "JAXAUDIT": "run", "JAXAUDIT_RECORD": str(record)}
    done = _run(folder, program, argv, added, **more)
    return Observed(done, read(record))


def read(record: Path) -> list[list[dict[str, Any]]]:
    """The lines of each process, in the order in which the processes began."""
    files = sorted(record.glob("*.jsonl"), key=lambda file: int(file.stem.split("-")[1]))
    return [[json.loads(line) for line in file.read_text("utf-8").splitlines()] for file in files]


def _run(
    folder: Path,
    program: str,
    argv: tuple[str, ...],
    added: Mapping[str, str],
    environ: Mapping[str, str] | None = None,
    python: str = sys.executable,
    input: str | None = None,
) -> "subprocess.CompletedProcess[str]":
    file = folder / "program.py"
    file.write_text(dedent(program), "utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JAXAUDIT", "PYTHON"))}
    return subprocess.run(
        [python, file.name, *argv],
        cwd=folder,
        env={**env, **added, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        input=input,
    )
