"""What a case is doing: one line that is rewritten on a terminal, a few lines elsewhere."""

from collections.abc import Callable
from typing import TextIO

from jaxaudit.report.text_width import cropped, width

PAUSE = 0.2
SPARSE = 20.0
"""Seconds between two lines of one step where lines can't be rewritten."""
LONG = 2.0
"""Seconds of work from which on an estimate is worth its words."""


class CaseProgress:
    """Effect: writes to the stream. `told` hears of a step and how far it is, `tick` that it goes on, `clear` ends it."""

    def __init__(
        self, stream: TextIO, columns: int, clock: Callable[[], float], *, rewrites: bool, quiet: bool = False
    ) -> None:
        self._stream, self._columns, self._clock = stream, columns, clock
        self._rewrites, self._quiet = rewrites, quiet
        self._what = ""
        self._began = self._next = 0.0
        self._from = self._part = 0.0
        self._shown = 0

    def told(self, what: str, part: float) -> None:
        """`part` of the step is done, 0 to 1."""
        now = self._clock()
        if what != self._what:
            self._what, self._began, self._from = what, now, part
            self._next = now if self._rewrites or part == 0 else now + LONG
        self._part = part
        self.tick()

    def tick(self) -> None:
        """Says it again, where it is time."""
        now = self._clock()
        if self._quiet or not self._what or now < self._next:
            return
        self._next = now + (PAUSE if self._rewrites else SPARSE)
        line = cropped(f"jaxaudit: {self._what}{self._end(now)}", self._columns - 1)
        if self._rewrites:
            self._stream.write("\r" + line + " " * (self._shown - width(line)))
            self._shown = width(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def _end(self, now: float) -> str:
        """`, 40 %, about 12 s left`, or the seconds that went by."""
        spent, done = now - self._began, self._part - self._from
        if self._part <= 0:
            return f", {spent:.0f} s" if spent >= 1 else ""
        said = f", {self._part:.0%}"
        if done > 0 and spent >= LONG and self._part < 1:
            said += f", about {spent * (1 - self._part) / done:.0f} s left"
        return said

    def clear(self) -> None:
        """Effect: takes the line away."""
        if self._shown:
            self._stream.write("\r" + " " * self._shown + "\r")
            self._stream.flush()
            self._shown = 0
