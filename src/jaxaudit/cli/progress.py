"""A line that says how far a long run is; only on a terminal, and only when it takes long."""

import sys
from collections.abc import Callable
from time import monotonic

PATIENCE = 1.0
PAUSE = 0.1


class Progress:
    """Called with (done, total). Effect: rewrites one line of standard error; `clear` removes it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._next = clock() + PATIENCE
        self._shown = 0

    def __call__(self, done: int, total: int) -> None:
        now = self._clock()
        if now < self._next:
            return
        self._next = now + PAUSE
        text = f"jaxaudit: read {done} of {total} files"
        sys.stderr.write(f"\r{text:{self._shown}}")
        sys.stderr.flush()
        self._shown = len(text)

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write(f"\r{'':{self._shown}}\r")
            sys.stderr.flush()
            self._shown = 0
