"""What a thread is tracing, lowering or compiling now, said when it begins: a process that dies has named it.

Outermost work only. Each begin has a number; the line that tells of the finished work repeats it, and where there is no
such line, or the work failed, a line of its own closes it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from itertools import count

from jaxaudit_probe.audience import Audience
from jaxaudit_probe.frames import Frame, Site

WORTH_A_WORD = 1.0
"""Seconds from which on work that has not ended is told of with the totals."""


class UnderWay:
    def __init__(self, writer: Audience) -> None:
        self.writer = writer
        self.numbers = count(1)
        self.open: dict[int, tuple[float, str, Site]] = {}
        writer.at_end(self.totals)
        writer.at_fork(self.forked)

    def begin(self, frame: Frame, stage: str, site: Site) -> None:
        """Effect: one line, before what may take long or never end."""
        frame.work = next(self.numbers)
        self.open[frame.work] = (time.perf_counter(), stage, site)
        at, cause = frame.at, frame.cause
        self.writer.put(
            "begin", work=frame.work, stage=stage, site=site.id, at=at._asdict() if at else None,
            cause=cause.record() if cause else None, constants_bytes=site.bytes_captured, thread=threading.get_ident(),
        )  # fmt: skip

    def end(self, frame: Frame, failed: bool = False) -> int:
        """The number of work that is told of as done; 0 where there is nothing to tell. Effect: failures are said here."""
        work = frame.work
        if not work or self.open.pop(work, None) is None:
            return 0
        if not failed:
            return work
        kind = sys.exc_info()[0]
        self.writer.put("done", work=work, failed=kind.__name__ if kind is not None else "")
        return 0

    def close(self, work: int) -> None:
        """Effect: one line, for work of which no other line tells that it ended."""
        self.writer.put("done", work=work, failed=None)

    def totals(self) -> None:
        """Effect: how long what has not ended took until now, which is the last word of a process that dies."""
        now = time.perf_counter()
        for work, (began, _, _) in list(self.open.items()):
            if now - began >= WORTH_A_WORD:
                self.writer.put("still", work=work, seconds=round(now - began, 3))

    def compiling(self) -> Iterator[tuple[Site, float]]:
        """What XLA works on now, and for how many seconds."""
        now = time.perf_counter()
        for began, stage, site in list(self.open.values()):
            if stage == "compile":
                yield site, now - began

    def forked(self) -> None:
        """In a forked child: what its parent has under way is not its own."""
        self.open.clear()
