"""Where the record of a run lies: a folder of its own, below `.jaxaudit/` unless asked otherwise."""

import os
import time
from pathlib import Path

from jaxaudit.model.mistake import Mistake

HOME = ".jaxaudit"
SUFFIX = ".jsonl"


def new_record(asked: str = "") -> Path:
    """Effect: makes the folder. Raises `Mistake` where it can't be written, or holds the record of another run."""
    folder = Path(asked).absolute() if asked else _in_working_directory()
    try:
        folder.mkdir(parents=True, exist_ok=bool(asked))
    except OSError as error:
        raise Mistake(
            f"the record can't be written to {str(folder)!r} ({error.strerror or error}); --record DIR puts it elsewhere"
        ) from None
    if any(folder.glob(f"*{SUFFIX}")):
        raise Mistake(f"--record: {asked!r} holds the record of another run already")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Mistake(f"--record: {asked!r} is not a folder in which files can be written")
    return folder


def _in_working_directory() -> Path:
    """The name of a folder that no other run takes. Effect: git ignores what lies beside it."""
    home = Path.cwd() / HOME
    try:
        home.mkdir(exist_ok=True)
        ignore = home / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", "utf-8")
    except OSError as error:
        raise Mistake(
            f"the record can't be written to {str(home)!r} ({error.strerror or error}); --record DIR puts it elsewhere"
        ) from None
    return home / "runs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
