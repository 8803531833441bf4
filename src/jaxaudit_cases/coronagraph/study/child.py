"""Work in a fresh Python process, answered in JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

TURN_S = 0.25
START = """\
import json, sys
from importlib import import_module
root, module, function, wanted, answer = sys.argv[1:]
sys.path.append(root)
made = getattr(import_module(module), function)(json.loads(wanted))
with open(answer, "w") as file:
    json.dump(made, file)
"""
ROOT = Path(__file__).parents[3]
"""Where this package can be imported from."""
SETTINGS = {"JAX_ENABLE_COMPILATION_CACHE": "false"}
"""A first call that finds its executable on disk is none."""


class Died(Exception):
    """The process ended without an answer; the text says how."""


def asked(
    module: str,
    function: str,
    wanted: Mapping[str, Any],
    environment: Mapping[str, str],
    tick: Callable[[], None],
    command: tuple[str, ...] = (sys.executable, "-P", "-c", START),
) -> dict[str, Any]:
    """What `module.function(wanted)` returns in a new process; `tick` is called while it works.

    Raises `Died` where nothing comes back. Whatever ends the waiting ends the process.
    """
    with tempfile.TemporaryDirectory(prefix="jaxaudit-case-") as folder:
        answer, said = Path(folder) / "answer.json", Path(folder) / "stderr"
        with said.open("wb") as stderr:
            process = subprocess.Popen(
                [*command, str(ROOT), module, function, json.dumps(wanted), str(answer)],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                env={**os.environ, **SETTINGS, **environment},
            )
            try:
                wait(process, tick)
            finally:
                process.kill()
                process.wait()
        if process.returncode or not answer.exists():
            raise Died(ending(process.returncode, said.read_text(errors="replace")))
        return dict(json.loads(answer.read_text()))


def wait(process: subprocess.Popen[bytes], tick: Callable[[], None]) -> None:
    """Until it ends."""
    while True:
        try:
            process.wait(TURN_S)
            return
        except subprocess.TimeoutExpired:
            tick()


def ending(code: int, said: str) -> str:
    """How a process ended that gave no answer: the signal, or its last words."""
    if code == -signal.SIGKILL:
        return "killed by SIGKILL, as the system does when memory runs out"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f"ended with code {code}: {lines[-1][:300] if lines else 'it said nothing'}"
