"""Processes of their own, in which the package of this checkout is found whether it is installed or not."""

import os
import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).parents[1] / "src"


def python(*argv: str, cwd: Path | None = None, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Runs this Python with the arguments; `environ` adds to the environment."""
    env = {**os.environ, "PYTHONPATH": str(SRC), **environ}
    return subprocess.run([sys.executable, *argv], cwd=cwd, env=env, capture_output=True, text=True, check=False)
