"""SIGTERM where the program does not handle it: the record is completed, and the process dies of it as it would have.

A handler of Python's runs when the main thread is next between two steps of Python, which is at once, unless that thread
is inside a compile of minutes. So a thread of ours hears of the signal too (`faulthandler` tells it from inside the C
handler), and ends the process where the main thread can't.

Both from when JAX first works in a process, and not before: until then the signal does what it does without us. One that
comes while a child is forked waits for that. Python would forget it in the child, and it would end the parent, by the pipe
that both then have.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import faulthandler
import os
from _thread import get_ident
from time import sleep

from jaxaudit_probe import writer
from jaxaudit_probe.held_back import hold_back, let_through, start_deaf

SIGTERM = int(_signal.SIGTERM)
PATIENCE = 0.3
"""Seconds that the main thread has to end the process by itself."""


class _Default(int):
    """A handler that looks like `SIG_DFL` to whoever asks, and does what that does once the record is complete."""

    def __call__(self, number: int, frame: object) -> None:
        _complete()
        _signal.signal(number, _signal.SIG_DFL)
        os.kill(os.getpid(), number)


def watch(known: writer.Writer) -> None:
    """Effect: from the first work on. Nothing where the program has a handler of its own, or JAX first works in a thread."""
    ear = _Ear()
    known.at_work(ear.listen)
    known.at_fork(ear.close)
    known.at_fork(_leave)
    known.at_end(ear.check)
    wait = _Wait()
    os.register_at_fork(before=wait.begin, after_in_parent=wait.end, after_in_child=wait.end)


def _catch() -> bool:
    """Effect: the signal is ours, if it is nobody else's. Whether it is."""
    if _signal.getsignal(SIGTERM) != _signal.SIG_DFL or _is_caught():
        return False
    try:
        _signal.signal(SIGTERM, _Default(_signal.SIG_DFL))
    except ValueError:
        return False  # only the main thread may set a handler: what is lost by that are totals of the last seconds
    return True


def _leave() -> None:
    """Effect: the signal is nobody's."""
    if isinstance(_signal.getsignal(SIGTERM), _Default):
        try:
            _signal.signal(SIGTERM, _signal.SIG_DFL)
        except ValueError:
            return  # forked behind Python's back, in a thread that it does not take for the main one


class _Wait:
    """Holds the signal back in a thread that forks."""

    def __init__(self) -> None:
        self._before: dict[int, set[int]] = {}
        """By thread: what it held back itself."""

    def begin(self) -> None:
        self._before[get_ident()] = hold_back({SIGTERM})

    def end(self) -> None:
        before = self._before.pop(get_ident(), None)
        if before is not None:
            let_through(before)


def _is_caught() -> bool:
    """Whether native code handles it, of which Python knows nothing (the preemption notice of `jax.distributed`)."""
    try:
        with open("/proc/self/status", "rb") as status:
            caught = next((line for line in status if line.startswith(b"SigCgt:")), b"SigCgt: 0")
    except OSError:
        return False
    return bool(int(caught.split()[1], 16) >> (SIGTERM - 1) & 1)


def _complete() -> None:
    known = writer.current()
    if known is not None:
        known.finish(f"signal {SIGTERM}")


class _Ear:
    """A pipe into which the C handler speaks, and the thread that hears it."""

    def __init__(self) -> None:
        self.hear = self.tell = -1
        self.pipe: tuple[int, int] = (0, 0)

    def listen(self) -> None:
        """Effect: a thread of ours hears the signal too."""
        if not _catch():
            return
        self.hear, self.tell = (writer.raised(end) for end in os.pipe())
        os.set_blocking(self.tell, False)
        self.pipe = _identity(self.tell)
        start_deaf(self._wait, self.hear, os.getpid())
        # Not the stacks of all threads: one that runs meanwhile changes its own, and reading it would crash the process.
        faulthandler.register(SIGTERM, file=self.tell, all_threads=False, chain=True)

    def check(self) -> None:
        """Effect: where the program closed our pipe, the signal is Python's alone again."""
        if self.tell >= 0 and _identity(self.tell) != self.pipe:
            faulthandler.unregister(SIGTERM)
            self.hear = self.tell = -1

    def close(self) -> None:
        """Effect: a forked child does not speak into its parent's pipe."""
        self.check()
        if self.tell >= 0:
            faulthandler.unregister(SIGTERM)
            os.close(self.hear)
            os.close(self.tell)
            self.hear = self.tell = -1

    def _wait(self, hear: int, process: int) -> None:
        try:
            heard = os.read(hear, 1 << 16)
        except OSError:
            return
        sleep(PATIENCE)
        if not heard or os.getpid() != process or not isinstance(_signal.getsignal(SIGTERM), _Default):
            return
        _complete()
        faulthandler.unregister(SIGTERM)
        import ctypes

        ctypes.CDLL(None).signal(SIGTERM, 0)  # Python would allow this in the main thread only
        os.kill(process, SIGTERM)


def _identity(descriptor: int) -> tuple[int, int]:
    try:
        seen = os.fstat(descriptor)
    except OSError:
        return (0, 0)
    return seen.st_dev, seen.st_ino
