"""What an audit is doing, while it does it: one line that is rewritten on a terminal, a line for each step elsewhere."""

from collections.abc import Callable
from typing import TextIO

from jaxaudit.report.audit_words import minutes
from jaxaudit.report.text_width import cropped, printable, width
from jaxaudit.steps.pace import Pace

PAUSE = 0.2
LONG = 1.0
"""Seconds from which on an estimate is worth its words."""


class AuditProgress:
    """Effect: writes to the stream. `told` begins a step, `tick` may rewrite its line, `clear` removes it."""

    def __init__(
        self, stream: TextIO, columns: int, clock: Callable[[], float], *, rewrites: bool, quiet: bool = False
    ) -> None:
        self._stream, self._columns, self._clock = stream, columns, clock
        self._rewrites, self._quiet = rewrites and not quiet, quiet
        self._next = 0.0
        self._began = clock()
        self._shown = 0

    def told(self, pace: Pace) -> None:
        self._began = self._clock()
        self._next = 0.0
        if self._rewrites:
            self.tick(pace)
        if self._rewrites or self._quiet:
            return
        step, whole = pace.step(self._began), pace.all(self._began)
        said = f" (about {minutes(step)}" if step >= LONG else ""
        said += f"; all within {minutes(whole)})" if said and whole > step else ")" if said else ""
        self._stream.write(f"jaxaudit: {printable(pace.what)}{said}\n")
        self._stream.flush()

    def tick(self, pace: Pace) -> None:
        now = self._clock()
        if not self._rewrites or now < self._next:
            return
        self._next = now + PAUSE
        end = self._end(pace, now)
        line = cropped(cropped(pace.what, max(30, self._columns - 1 - width(end))) + end, self._columns - 1)
        self._stream.write("\r" + line + " " * (self._shown - width(line)))
        self._stream.flush()
        self._shown = width(line)

    def _end(self, pace: Pace, now: float) -> str:
        """`  pair 2 of 3, 40 s left; all within 4 min 10 s`."""
        spent = now - self._began
        if not pace.run_s:
            return f"  {minutes(spent)}"
        pairs = f"pair {min(pace.pairs + 1, pace.look)} of {pace.look}, " if pace.look else ""
        left = max(0.0, pace.step(now) - (0.0 if pace.look else spent))
        whole = pace.all(now)
        more = f"; all within {minutes(whole)}" if pace.trials_left and whole >= LONG else ""
        return f"  {pairs}{f'about {minutes(left)} left' if left >= LONG else minutes(spent)}{more}"

    def clear(self) -> None:
        if self._shown:
            self._stream.write("\r" + " " * self._shown + "\r")
            self._stream.flush()
            self._shown = 0
