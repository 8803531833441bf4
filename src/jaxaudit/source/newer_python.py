"""Facts of files whose syntax is newer than the running Python, made by a newer Python that is on the PATH.

One process of it reads all such files. It runs isolated, imports this package's reader and nothing of the user's, and
sends back packed plain values.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence

from jaxaudit.model.unread import Unread
from jaxaudit.source.parse import parse
from jaxaudit.source.syntax_reasons import needs_python

NEWEST = 20
"""Python 3.20 is the newest that is looked for."""
START_S = 5.0
"""So long an interpreter may take to say its version."""
READ_S = 20.0
"""So long it may take to read, and two seconds more for each megabyte."""

_WORKER = """\
import sys
if sys.version_info < (3, int(sys.argv[2])): sys.exit(3)
sys.path.append(sys.argv[1])
from jaxaudit.source.newer_python import serve
serve()
"""


def facts_by_newer_python(
    sources: Sequence[tuple[str, bytes]], *, environ: Mapping[str, str] = os.environ
) -> dict[str, bytes]:
    """Packed facts, by path, of those files that a newer Python can read; without one, nothing.

    Files that fail for another reason than new syntax are not tried.
    """
    wanted: list[tuple[str, bytes]] = []
    needed = 0
    for path, data in sources:
        unread = parse(data, path)
        version = needs_python(unread.reason) if isinstance(unread, Unread) else None
        if version is not None:
            wanted.append((path, data))
            needed = max(needed, version)
    if not wanted:
        return {}
    for interpreter in newer_interpreters(environ):
        found = _ask(interpreter, wanted)
        if found is not None:
            return found
    return {}


def newer_interpreters(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Interpreters on the PATH that are newer by their names, the newest first, each once; then pyenv's own.

    Entries of the PATH relative to the working directory are passed over: they would run what a checkout brought.
    """
    folders = [folder for folder in environ.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    pyenv = os.path.join(environ.get("PYENV_ROOT") or os.path.join(environ.get("HOME", "/"), ".pyenv"), "versions")
    seen = set()
    for minor in range(NEWEST, sys.version_info.minor, -1):
        name = f"python3.{minor}"
        for folder in [*folders, *_pyenv_folders(pyenv, minor)]:
            path = shutil.which(name, path=folder)
            if path and path not in seen:
                seen.add(path)
                yield path


def _pyenv_folders(versions: str, minor: int) -> list[str]:
    try:
        names = sorted(os.listdir(versions), reverse=True)
    except OSError:
        return []
    return [os.path.join(versions, name, "bin") for name in names if name.startswith(f"3.{minor}.")]


def _ask(interpreter: str, sources: Sequence[tuple[str, bytes]]) -> dict[str, bytes] | None:
    """What this interpreter reads, or None when it is no newer Python that works (a shim that fails, say)."""
    import pickle
    import subprocess

    from jaxaudit.source.facts import unpack

    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    command = [interpreter, "-I", "-S", "-B", "-c", _WORKER]
    arguments = [package, str(sys.version_info.minor + 1)]
    limit = READ_S + 2 * sum(len(data) for _, data in sources) / 1e6
    try:
        probe = subprocess.run([interpreter, "-I", "-S", "-c", ""], capture_output=True, timeout=START_S, check=False)
        if probe.returncode != 0:
            return None
        done = subprocess.run(
            [*command, *arguments],
            input=pickle.dumps(list(sources), 5),
            capture_output=True,
            timeout=limit,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    found = unpack(done.stdout) if done.returncode == 0 else None
    if not isinstance(found, dict):
        return None
    return {path: row for path, row in found.items() if isinstance(path, str) and isinstance(row, bytes)}


def serve() -> None:
    """Effect: reads sources from standard input and writes their packed facts to standard output.

    Runs in the newer interpreter, on what this module's other half sent.
    """
    import gc
    import pickle

    from jaxaudit.source.lower import lower, pack

    gc.disable()
    rows: dict[str, bytes] = {}
    for path, data in pickle.load(sys.stdin.buffer):
        tree = parse(data, path)
        if isinstance(tree, Unread):
            continue
        try:
            rows[path] = pack(lower(tree))
        except (RecursionError, MemoryError):
            continue
    sys.stdout.buffer.write(pack(rows))
