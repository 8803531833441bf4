"""In trials, a program is lowered when what is being computed has been: else that wait would count as compiling where the
program reads it as a constant, and as running where it is handed in.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from jaxaudit_probe import private, trial

if TYPE_CHECKING:
    from jaxaudit_probe.compiles import Observer

MOST = 4_000
"""Among more arrays nothing is looked for."""
LONGEST = 10.0
"""Seconds that are waited at most: a callback may wait for this very thread."""
PAUSE = 2e-4

now = time.perf_counter


def wait() -> None:
    """Effect: time passes until no array is under way."""
    until = now() + LONGEST
    for array in private.underway(MOST):
        while private.is_underway(array) and now() < until:
            time.sleep(PAUSE)


def install(observer: Observer) -> None:
    if os.environ.get(trial.TOLD):
        observer.on_lowering.append(wait)


def uninstall() -> None:
    """The hooks go with the observer."""
