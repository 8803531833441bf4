"""The same work in several processes, in order; what a lost process leaves is done here."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

CHUNK = 4
"""So many pieces go to a process at a time."""


def method() -> str:
    """Forking is cheap where it is safe: not beside the threads that JAX keeps."""
    return "fork" if sys.platform == "linux" and "jax" not in sys.modules else "spawn"


def in_processes(work: Callable[[T], R], items: Sequence[T], jobs: int) -> Iterator[R]:
    """The results in the order of the items. A process that dies (killed for its memory) costs time, not results."""
    done = 0
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context(method()), initializer=_leave_interrupts)
    try:
        for result in pool.map(work, items, chunksize=CHUNK):
            done += 1
            yield result
    except BrokenProcessPool:
        for item in items[done:]:
            yield work(item)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _leave_interrupts() -> None:
    """Ctrl-C goes to every process of the terminal: the first one says so and ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
