"""Begins the observation of a process: the record, the ends, and the hooks as soon as JAX is imported."""

from __future__ import annotations

import atexit
import os
import sys
from time import localtime, strftime

from jaxaudit_probe import exits, termination, trial, writer
from jaxaudit_probe.import_hook import after_import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

RECORD = "JAXAUDIT_RECORD"
HOME = ".jaxaudit"


def begin_as_told(environ: MutableMapping[str, str]) -> None:
    """Effect: begins, with the folder that the environment names; children get the same one."""
    folder = os.path.abspath(environ.get(RECORD) or default_record())
    environ[RECORD] = folder
    begin(folder)
    if environ.get(trial.TOLD):
        trial.begin(environ[trial.TOLD], folder, bool(environ.get(trial.EFFECTS)))


def begin(folder: str) -> writer.Writer:
    """Effect: observes this process from here on, whether or not JAX is imported already.

    Where the folder waits for it (`jaxaudit run` makes it), the first process has its file at once; all others, of which
    most never use JAX, when they have something to say.
    """
    known = writer.current()
    if known is not None:
        return known
    made = writer.begin(folder)
    if _is_empty(folder):
        made.open()
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        made.put("note", text="this Python runs without its global lock (free-threaded): it is not observed")
        return made
    os.register_at_fork(after_in_child=made.forked)
    atexit.register(exits.at_exit)
    after_import("jax", _install)
    return made


def default_record() -> str:
    """A name below `.jaxaudit/` in the working directory that no other process takes."""
    return os.path.join(os.getcwd(), HOME, "runs", f"{strftime('%Y%m%d-%H%M%S', localtime())}-{os.getpid()}")


def _is_empty(folder: str) -> bool:
    """Whether the folder is there and holds no record yet."""
    try:
        return not any(name.endswith(writer.SUFFIX) for name in os.listdir(folder))
    except OSError:
        return False


def _let_git_ignore(folder: str) -> None:
    """Effect: in a `.jaxaudit/` that is ours to make."""
    home = os.path.dirname(os.path.dirname(folder))
    if os.path.basename(home) == HOME:
        os.makedirs(home, exist_ok=True)
        ignore = os.path.join(home, ".gitignore")
        if not os.path.exists(ignore):
            with open(ignore, "w") as file:
                file.write("*\n")


def _install() -> None:
    """Effect: hooks in JAX. What fails is noted, and the program goes on."""
    known = writer.current()
    if known is None:
        return
    try:
        _let_git_ignore(known.folder)
        atexit.register(known.flush_totals)  # JAX's own function for the exit, which takes its arrays away, runs later
        exits.watch()
        termination.watch(known)
        from jaxaudit_probe import hooks

        hooks.install(known)
    except Exception as error:
        known.put("note", text=f"JAX could not be observed: {type(error).__name__}: {error}")
