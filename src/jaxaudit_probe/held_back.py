"""Signals held back: from a thread while it forks, and from our own threads for good.

A thread that just started takes a signal of its whole process before Python knows the thread: the main thread then sleeps on
in what the signal was to interrupt.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
from _thread import start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

OF_A_THREAD = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS")
"""What a thread brings upon itself."""


def hold_back(numbers: set[int]) -> set[int]:
    """Effect: they wait until `let_through`, in this thread and in those that it starts. What waited already."""
    before: set[int] = _signal.pthread_sigmask(_signal.SIG_BLOCK, numbers)
    return before


def let_through(before: set[int]) -> None:
    """Effect: what waited before `hold_back` waits, and nothing else."""
    _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


def start_deaf(work: Callable[..., None], *arguments: object) -> None:
    """Effect: a thread that Python neither lists nor waits for, and that takes no signal from the program's own."""
    before = hold_back(_signal.valid_signals() - {getattr(_signal, name, 0) for name in OF_A_THREAD})
    try:
        start_new_thread(work, arguments)
    finally:
        let_through(before)
