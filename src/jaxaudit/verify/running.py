"""One run of a program in a copy of the working directory: what it said, wrote and cost, and what the probe saw."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from jaxaudit.evidence import read_record
from jaxaudit.evidence.outside import Outside, calls_counted, imported, stopped_by
from jaxaudit.evidence.results import Results, read_results
from jaxaudit.model.evidence import Environment, Evidence
from jaxaudit.verify.workcopy import GIB, make_copy, snapshot, written_since

LARGEST = 64 << 20
"""Bytes of one written file that are kept for comparing; of larger ones a digest is."""
TICK = 0.02
STOPPED = "stopped"
"""The file that a run which was stopped early leaves with its record."""
KEPT_VALUES = 64 << 20
"""Bytes of returned values that a process keeps in a run whose values are compared."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which the code is run: the words after the interpreter, and what stands on its standard input."""

    words: tuple[str, ...]
    stdin: bytes = b""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Prefix:
    """Where a run is stopped before the program ends: after so many seconds, at the end of a call; or once functions have
    been called so often, by the last part of their names.
    """

    after: float | None = None
    calls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run left."""

    code: int
    stdout: str
    stderr: str
    wrote: Mapping[str, bytes | None]
    """By path: the content; None where the file is gone, a digest where it is very large."""
    seconds: float
    cpu: float
    peak: int
    evidence: Evidence
    record: Path
    hung: bool = False
    interrupted: bool = False
    """The user ended it (Ctrl-C)."""
    outside: Outside | None = None
    astray: tuple[str, ...] = ()
    """Files that were imported from the working directory instead of the copy."""
    imported: tuple[str, ...] = ()
    """The project's files that the program used, by their path from the working directory."""
    results: Results = field(default_factory=dict)
    """What its functions returned, where the run was asked for it."""
    cut: bool = False
    """It was stopped where it should be, before the program ended."""
    calls: Mapping[str, int] = field(default_factory=dict)
    """How often functions were called, by the last part of their names; counted in runs with a `prefix`."""

    def forget_values(self) -> None:
        """Effect: the kept numbers are gone from the disk."""
        for file in self.record.glob("*.values"):
            file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where runs happen: the working directory that is copied, the Python, the environment, and a folder for it all."""

    root: Path
    python: str
    environ: Mapping[str, str]
    place: Path
    observing: Callable[[Mapping[str, str], Path], dict[str, str]]
    """Adds the probe to an environment, with its record in that folder."""
    project: tuple[str, ...] = ()
    effects: bool = False
    limit: int = GIB
    read_only: tuple[Path, ...] = ()
    tick: Callable[[], None] = field(default=lambda: None)
    """Called while a run is waited for."""


def run(
    ground: Ground,
    way: Way,
    texts: Mapping[str, bytes] | None = None,
    environ: Mapping[str, str] | None = None,
    timeout: float | None = None,
    values: bool = False,
    prefix: Prefix | None = None,
    keeps: bool = False,
) -> Ran:
    """Effect: copies the working directory, puts the changed files into the copy, runs the program there, and removes
    the copy. With `values`, what functions return is kept: such a run is not one to be timed. A `prefix` ends it early.
    With `keeps`, an interrupt ends the program, and what it did until then is given.
    """
    folder = Path(tempfile.mkdtemp(prefix="trial-", dir=ground.place))
    copy, record = folder / "copy" / ground.root.name, folder / "record"
    try:
        make_copy(ground.root, copy, ground.limit, ground.read_only)
        for path, data in (texts or {}).items():
            _replace(copy / path, data)
        record.mkdir()
        told = {"JAXAUDIT_VALUES": str(KEPT_VALUES)} if values else {}
        if prefix is not None:
            told["JAXAUDIT_PREFIX"] = json.dumps({"after": prefix.after, "calls": dict(prefix.calls)})
        return _run(ground, way, copy, record, {**(environ or {}), **told}, timeout, keeps)
    finally:
        kept = ground.place / "records" / folder.name
        if record.is_dir():
            kept.parent.mkdir(exist_ok=True)
            record.rename(kept)
        shutil.rmtree(folder, ignore_errors=True)


def _run(
    ground: Ground,
    way: Way,
    copy: Path,
    record: Path,
    environ: Mapping[str, str],
    timeout: float | None,
    keeps: bool,
) -> Ran:
    private = record.parent / "tmp"
    private.mkdir()
    told = ground.observing({**ground.environ, **environ}, record)
    told |= {
        "TMPDIR": str(private),
        "JAXAUDIT_TRIAL": os.pathsep.join([str(ground.root), str(copy), str(private)]),
        "PYTHONPATH": os.pathsep.join(_moved(one, ground.root, copy) for one in told["PYTHONPATH"].split(os.pathsep)),
        "PWD": str(copy),
    }
    if ground.effects:
        told["JAXAUDIT_EFFECTS"] = "1"
    if told.get("JAX_COMPILATION_CACHE_DIR") and "JAX_COMPILATION_CACHE_DIR" not in environ:
        told["JAX_COMPILATION_CACHE_DIR"] = str(private / "compilation-cache")
    before = snapshot(copy)
    words = [_moved(word, ground.root, copy) for word in way.words]
    mark = record / STOPPED
    done = _watched([ground.python, *words], copy, told, way.stdin, private, timeout, ground.tick, mark, keeps)
    wrote = {path: _content(copy / path) for path in written_since(copy, before)}
    kept = ground.place / "records" / record.parent.name
    modules = imported(record)
    return Ran(
        code=0 if mark.exists() else done.code,
        cut=mark.exists(),
        stdout=_at_home(done.stdout.decode("utf-8", "replace"), ground.root, copy, private),
        stderr=_at_home(done.stderr.decode("utf-8", "replace"), ground.root, copy, private),
        wrote=wrote,
        seconds=done.seconds,
        cpu=done.cpu,
        peak=done.peak,
        evidence=_told_at_home(read_record(record, copy, ground.project), ground.root, copy, private),
        record=kept,
        hung=done.hung and not mark.exists(),
        interrupted=done.interrupted,
        outside=stopped_by(record),
        astray=modules.astray,
        imported=tuple(sorted({os.path.relpath(path, copy) for path in modules.files})),
        results=read_results(record, copy, kept),
        calls=calls_counted(record),
    )


@dataclass(frozen=True, slots=True)
class _Done:
    code: int
    stdout: bytes
    stderr: bytes
    seconds: float
    cpu: float
    peak: int
    hung: bool
    interrupted: bool


def _watched(
    command: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    stdin: bytes,
    private: Path,
    timeout: float | None,
    tick: Callable[[], None],
    mark: Path,
    keeps: bool,
) -> _Done:
    """Effect: runs it as a group of its own, and ends the group with it, or when one of its processes made the mark."""
    given, out, err = private.parent / "stdin", private.parent / "stdout", private.parent / "stderr"
    given.write_bytes(stdin)
    began = time.monotonic()
    with given.open("rb") as source, out.open("wb") as stdout, err.open("wb") as stderr:
        child: subprocess.Popen[bytes] | None = None
        hung = interrupted = False
        try:
            with interrupted_afterwards():
                child = subprocess.Popen(
                    command, cwd=folder, env=dict(environ), stdin=source, stdout=stdout, stderr=stderr,
                    start_new_session=True,
                )  # fmt: skip
            while True:
                pid, status, usage = os.wait4(child.pid, os.WNOHANG)
                if pid:
                    break
                if timeout is not None and time.monotonic() - began > timeout:
                    hung = True
                    _end(child.pid)
                if mark.exists():
                    _end(child.pid)
                tick()
                time.sleep(TICK)
        except BaseException as error:
            if child is None:
                raise
            _end(child.pid)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = -signal.SIGKILL
            if not (keeps and isinstance(error, KeyboardInterrupt)):
                raise
            interrupted = True
        seconds = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        _end(child.pid)
    return _Done(
        child.returncode, out.read_bytes(), err.read_bytes(), seconds, usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * 1024, hung, interrupted,
    )  # fmt: skip


@contextmanager
def interrupted_afterwards() -> Iterator[None]:
    """An interrupt waits until a process that is being started is known to us: nobody else could end it."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        before(*came[0])


def _end(group: int) -> None:
    """Effect: ends what is left of the group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _replace(path: Path, data: bytes) -> None:
    """Effect: a file of its own, in the place of a link to another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.write_bytes(data)


def _moved(word: str, root: Path, copy: Path) -> str:
    """An absolute path into the working directory leads into the copy, where that has it."""
    home = str(root)
    if word != home and not word.startswith(home + os.sep):
        return word
    there = str(copy) + word[len(home) :]
    return there if os.path.exists(there) or not os.path.exists(word) else word


def _told_at_home(evidence: Evidence, root: Path, copy: Path, private: Path) -> Evidence:
    """The same for what the exceptions said that ended its processes."""

    def moved(process: Environment) -> Environment:
        failure = process.failure
        if failure is None:
            return process
        return replace(process, failure=failure._replace(text=_at_home(failure.text, root, copy, private)))

    return replace(evidence, environment=moved(evidence.environment), processes=tuple(map(moved, evidence.processes)))


def _at_home(text: str, root: Path, copy: Path, private: Path) -> str:
    """The text with the copy's paths as they would be at home."""
    for here, there in ((str(private), tempfile.gettempdir()), (str(copy), str(root))):
        text = text.replace(os.path.realpath(here), there).replace(here, there)
    return text


def _content(path: Path) -> bytes | None:
    try:
        if path.is_symlink():
            return b"link to " + os.fsencode(os.readlink(path))
        if path.stat().st_size <= LARGEST:
            return path.read_bytes()
        import hashlib

        with path.open("rb") as file:
            return b"digest " + hashlib.file_digest(file, "blake2b").digest()
    except OSError:
        return None
