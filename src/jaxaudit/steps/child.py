"""One child process that stands in our place: it gets our signals, and how it ends is how we end."""

import os
import resource
import signal
import sys
import time
from collections.abc import Mapping, Sequence

FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
GRACE = 0.5
"""Seconds that a child has to end by an interrupt that may have reached it too, before it is handed on."""


class Child:
    """A process with our standard streams, our process group and our signal settings."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Effect: starts it; from here on our signals wait for `wait`. Raises OSError where it can't be started."""
        self._code: int | None = None
        names = (name for name in FORWARDED if signal.getsignal(signal.Signals[name]) != signal.SIG_IGN)
        self._awaited: set[int] = {signal.SIGCHLD, *(signal.Signals[name] for name in names)}
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._awaited)
        # macOS keeps no signal for us that is ignored by default, unless there is a handler.
        self._handlers = {
            number: signal.signal(number, lambda *_: None) for number in (signal.SIGCHLD, signal.SIGWINCH)
        }
        try:
            self.pid = os.posix_spawn(command[0], list(command), dict(environ), setsigmask=self._mask)
        except BaseException:
            self._restore()
            raise

    def wait(self) -> int:
        """Effect: hands signals on until the child has ended. Its exit code, negative for the signal that ended it."""
        try:
            while self._ended() is None:
                number, of_terminal = _next_signal(self._awaited)
                if number != signal.SIGCHLD and not of_terminal:
                    self._hand_on(number)
        finally:
            self._restore()
        assert self._code is not None
        return self._code

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _ended(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def _hand_on(self, number: int) -> None:
        """Effect: sends it. An interrupt is often sent to the whole group: a second one would break up the first."""
        until = time.monotonic() + (GRACE if number == signal.SIGINT else 0)
        while time.monotonic() < until and self._ended() is None:
            time.sleep(0.02)
        if self._ended() is None:
            os.kill(self.pid, number)


def _next_signal(numbers: set[int]) -> tuple[int, bool]:
    """The next one, and whether a terminal sent it: such a one went to the child as well."""
    if hasattr(signal, "sigwaitinfo"):
        told = signal.sigwaitinfo(numbers)
        return told.si_signo, told.si_code > 0
    number = signal.sigwait(numbers)
    return number, _in_foreground()


def _in_foreground() -> bool:
    """Whether a terminal's keys reach us."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def end_like(code: int) -> int:
    """The exit code to end with. Effect: where a signal ended the child, the same one ends this process."""
    if code >= 0:
        return code
    sys.stdout.flush()
    sys.stderr.flush()
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # one core file will do
    if -code not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
    os.kill(os.getpid(), -code)
    return 128 - code
