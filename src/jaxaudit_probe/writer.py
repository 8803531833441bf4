"""The record of one process: a file of JSON lines, each whole on the disk as soon as it is said.

Nothing is kept back in the process, so what was said survives any ending. A program may fork, close every file it finds,
be killed or fill the disk: none of that may cost it anything, and nothing here raises into it.

Like all that runs before the program does, this imports only what every Python has loaded or built in.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock, get_ident
from time import perf_counter, sleep, time, time_ns

from jaxaudit_probe.held_back import start_deaf
from jaxaudit_probe.line_text import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Line = tuple[str, str]

FORMAT = 1
SUFFIX = ".jsonl"
KEPT_FOR_CHILDREN = ("jax", "backend", "site")
"""What a forked child repeats in its own file: its later lines speak of it."""
WORK = ("site", "backend", "trace", "compile")
"""From the first of these on, totals are worth saving now and then."""
SOONEST, LATEST, SHARE = 2.0, 60.0, 0.02
"""Seconds between two savings of the totals: two at first, then a fiftieth of the run, a minute at most."""
REDACT, HIDDEN = "JAXAUDIT_REDACT", "..."
"""Where this is set, the arguments of the command line are not in the record."""
HIGH = 100
"""Our descriptor stands from here on: the program's own files get the numbers that they would get without us."""


class Writer:
    """Says what happened in this process. Tolerates being called from any thread and from signal handlers."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.silent = False
        self._at_end: list[Callable[[], None]] = []
        self._at_fork: list[Callable[[], None]] = []
        self._at_work: list[Callable[[], None]] = []
        self._kept: list[Line] = []
        self._fresh(os.getpid())

    def _fresh(self, process: int) -> None:
        self._process = process
        self._began = perf_counter()
        self._path = ""
        self._descriptor = -1
        self._file: tuple[int, int] = (0, 0)
        self._working = False
        self._ended = False
        self._said_last: set[Line] = set()
        self._said_now: set[Line] = set()
        self._saver = 0
        self._one_at_a_time = RLock()

    # -- what others call -----------------------------------------------------------------------------------------------

    def put(self, kind: str, **fields: Any) -> None:
        """Effect: one line at the end of this process's file."""
        try:
            line = (kind, _text_of(fields))
        except Exception as error:
            line = ("note", _text_of({"text": f"a line of {kind} was lost: {error!r}"}))
        if self._saver == get_ident() and self._was_said(line):
            return
        self._write(line)
        if kind in KEPT_FOR_CHILDREN:
            self._kept.append(line)
        if kind in WORK and not self._working:
            self._begin_work()

    def at_end(self, callback: Callable[[], None]) -> None:
        """The callback puts totals: now and then while the program runs, and once more when it ends."""
        self._at_end.append(callback)

    def at_fork(self, callback: Callable[[], None]) -> None:
        """The callback sets totals to nothing: it is called in a forked child, whose parent reports its own."""
        self._at_fork.append(callback)

    def at_work(self, callback: Callable[[], None]) -> None:
        """The callback is called when JAX first does something in a process, a forked child included."""
        self._at_work.append(callback)

    def flush_totals(self) -> None:
        """Effect: has the totals put. A line that says what it said the last time is left out."""
        if not self._one_at_a_time.acquire(timeout=1):
            return
        try:
            self._said_now, self._saver = set(), get_ident()
            for callback in list(self._at_end):
                try:
                    callback()
                except Exception as error:
                    self.put("note", text=f"some totals are missing: {error!r}")
            self._said_last = self._said_now
        finally:
            self._saver = 0
            self._one_at_a_time.release()

    def open(self) -> None:
        """Effect: the file is there, its first line in it."""
        self._write(None)

    def finish(self, how: str) -> None:
        """Effect: the totals, and how this process ends. Only the first ending counts; says nothing of a fork that was
        not used.
        """
        if self._ended and self._process == os.getpid():
            return
        self.flush_totals()
        if self._descriptor >= 0 and self._process == os.getpid():
            self.put("end", how=how, seconds=round(perf_counter() - self._began, 6))
        self._ended = True

    def resume(self) -> None:
        """The ending did not happen (`os.exec` of what is not there)."""
        self._ended = False

    def forked(self) -> None:
        """Effect: this is a child: it gets a file of its own when it first has something to say."""
        if self._process == os.getpid():
            return
        inherited = self._descriptor if self._is_ours() else -1
        self._fresh(os.getpid())
        if inherited >= 0:
            os.close(inherited)
        for callback in list(self._at_fork):
            try:
                callback()
            except Exception as error:
                self.put("note", text=f"totals of this child include its parent's: {error!r}")

    @property
    def is_child(self) -> bool:
        """Whether this process is a fork of the one that began."""
        return os.getpid() != _STARTED

    # -- the file -------------------------------------------------------------------------------------------------------

    def _write(self, line: Line | None) -> None:
        if self.silent:
            return
        try:
            if self._process != os.getpid():
                self.forked()
            if not self._is_ours():
                self._open_once()
            if line is not None:
                self._append(self._descriptor, line)
        except Exception as error:
            self._fall_silent(error)

    def _append(self, descriptor: int, line: Line) -> None:
        kind, fields = line
        data = f'{{"k": "{kind}", "t": {perf_counter() - self._began:.6f}{fields}}}\n'.encode()
        while data:
            data = data[os.write(descriptor, data) :]

    def _is_ours(self) -> bool:
        """Whether the descriptor still is our file: a program may close all, and open its own under that number."""
        if self._descriptor < 0:
            return False
        try:
            seen = os.fstat(self._descriptor)
        except OSError:
            return False
        return (seen.st_dev, seen.st_ino) == self._file

    def _open_once(self) -> None:
        """Effect: the file, for whichever thread comes first."""
        alone = self._one_at_a_time.acquire(timeout=1)
        try:
            if not self._is_ours():
                self._open()
        finally:
            if alone:
                self._one_at_a_time.release()

    def _open(self) -> None:
        again = bool(self._path)
        if not again:
            os.makedirs(self.folder, exist_ok=True)
            self._path = os.path.join(self.folder, f"{self._process}-{time_ns()}{SUFFIX}")
        descriptor = raised(os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        if not again:
            self._append(descriptor, ("start", _text_of(_start())))
            for line in self._kept:
                self._append(descriptor, line)
        seen = os.fstat(descriptor)
        self._file, self._descriptor = (seen.st_dev, seen.st_ino), descriptor

    def _fall_silent(self, error: Exception) -> None:
        """Effect: says once that the record ends here. The program goes on as if nothing were."""
        self.silent = True
        reason = getattr(error, "strerror", None) or repr(error)
        _tell(
            f"jaxaudit: the record can't be written ({reason}: {self._path or self.folder}); "
            "the program is not affected, and what was recorded until now is kept\n"
        )

    # -- totals ---------------------------------------------------------------------------------------------------------

    def _was_said(self, line: Line) -> bool:
        self._said_now.add(line)
        return line in self._said_last

    def _begin_work(self) -> None:
        """Effect: totals are saved from here on, by a thread of ours."""
        self._working = True
        try:
            for callback in self._at_work:
                callback()
            start_deaf(self._save_now_and_then, self._process)
        except Exception as error:
            self.put("note", text=f"totals are saved only at the end: {error!r}")

    def _save_now_and_then(self, process: int) -> None:
        while self._process == process and not self.silent:
            sleep(min(LATEST, max(SOONEST, SHARE * (perf_counter() - self._began))))
            if not self._ended:
                self.flush_totals()


def _text_of(fields: dict[str, Any]) -> str:
    return "".join([f", {json_text(name)}: {json_text(value)}" for name, value in fields.items()])


def _start() -> dict[str, Any]:
    hidden = len(sys.argv) - 1 if os.environ.get(REDACT) else 0
    shown = len(sys.orig_argv) - hidden
    return {
        "v": FORMAT,
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "argv": sys.argv[:1] + [HIDDEN] * hidden if hidden else sys.argv,
        "command": sys.orig_argv[:shown] + [HIDDEN] * hidden,
        "executable": sys.executable,
        "python": ".".join(map(str, sys.version_info[:3])),
        "cwd": _working_directory(),
        "time": time(),
        "forked": os.getpid() != _STARTED,
    }


def _tell(sentence: str) -> None:
    stream = sys.stderr
    try:
        if stream is not None:
            stream.write(sentence)
    except (OSError, ValueError):
        return  # closed, or on the same full disk: nobody can be told


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def raised(descriptor: int) -> int:
    """The same file under a high number; as it is where there is no room."""
    import fcntl

    try:
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HIGH)
    except OSError:
        return descriptor
    os.close(descriptor)
    return high


_STARTED = os.getpid()
_current: list[Writer] = []


def begin(folder: str) -> Writer:
    """The writer of this process, made if there is none yet."""
    if not _current:
        _current.append(Writer(folder))
    return _current[0]


def current() -> Writer | None:
    """The writer of this process; None where it is not observed."""
    return _current[0] if _current else None
