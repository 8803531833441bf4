"""Runs a program under the user's own Python, with the probe in it and nothing else changed."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jaxaudit
from jaxaudit.model.mistake import Mistake, nearest
from jaxaudit.steps.config import read_config
from jaxaudit.steps.interpreter import Interpreter, users_python
from jaxaudit.steps.project_folders import project_folders
from jaxaudit.steps.record_end import complete
from jaxaudit.steps.record_place import new_record

EXECUTABLES = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""How the files of Linux's and macOS's programs begin."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A program as its user calls it, and what they said about running it."""

    program: str
    arguments: Sequence[str] = ()
    module: bool = False
    python: str = ""
    record: str = ""
    redact: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that has run. `code` is its exit code, negative for the signal that ended it."""

    interpreter: Interpreter
    record: Path
    code: int
    seconds: float


def probe_folder() -> Path:
    """The folder that holds the probe's `sitecustomize` and nothing else: what goes on PYTHONPATH."""
    return Path(jaxaudit.__file__).absolute().parents[1] / "jaxaudit_probe" / "site"


def launch(wanted: Wanted) -> Ended:
    """Effect: runs the program to its end, on our own standard streams. Raises `Mistake` where it can't be started."""
    if sys.platform == "win32":
        raise Mistake("programs are observed on Linux and macOS only; `jaxaudit check` works here")
    from jaxaudit.steps.child import Child

    _must_be_there(wanted)
    config = read_config(Path.cwd())
    interpreter = users_python(wanted.python, config)
    record = new_record(wanted.record)
    command = [interpreter.path, *(["-m"] if wanted.module else []), wanted.program, *wanted.arguments]
    project = project_folders(config, Path.cwd(), interpreter.path)
    began = time.monotonic()
    try:
        child = Child(command, environment({**os.environ, **wanted.environ}, record, project, wanted.redact))
    except OSError as error:
        raise Mistake(f"{interpreter.path} ({interpreter.because}) can't be started: {error.strerror}") from None
    code = child.wait()
    seconds = time.monotonic() - began
    complete(record, child.pid, code, seconds)
    return Ended(interpreter, record, code, seconds)


def environment(
    given: Mapping[str, str], record: Path, project: Sequence[str] = (), redact: bool = False
) -> dict[str, str]:
    """The given environment with the probe in it; `project` are folders that are the user's wherever they lie."""
    site = str(probe_folder())
    paths = [path for path in given.get("PYTHONPATH", "").split(os.pathsep) if path != site]
    if paths == [""]:
        paths = []
    told = {"PYTHONPATH": os.pathsep.join([site, *paths]), "JAXAUDIT": "run", "JAXAUDIT_RECORD": str(record)}
    if redact:
        told["JAXAUDIT_REDACT"] = "1"
    if project:
        told["JAXAUDIT_PROJECT"] = os.pathsep.join(project)
    return {**given, **told}


def _must_be_there(wanted: Wanted) -> None:
    if wanted.module or wanted.program == "-":
        return
    if Path(wanted.program).exists():
        _must_be_python(wanted.program)
        return
    name = wanted.program
    if os.path.basename(name).startswith("python"):
        hint = "; name the program itself, as in `jaxaudit run train.py` (--python says which Python)"
    elif name.replace(".", "").isidentifier() and not name.endswith(".py"):
        hint = f"; a module is run with `jaxaudit run -m {name}`"
    else:
        folder = Path(name).parent
        beside = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        hint = nearest(Path(name).name, beside)
    raise Mistake(f"there is no program {name!r}{hint}")


def _must_be_python(name: str) -> None:
    """A sentence for what Python would only call a syntax error. Raises `Mistake`."""
    if name.endswith(".ipynb"):
        raise Mistake(
            f"{name!r} is a notebook: run it as a script (`jupyter nbconvert --to script {name}`), or put "
            "`with jaxaudit.observe() as seen:` around its cells"
        )
    if not Path(name).is_file():
        return
    with open(name, "rb") as file:
        head = file.read(200).partition(b"\n")[0]
    if head.startswith(EXECUTABLES):
        raise Mistake(f"{name!r} is an executable, not a Python program; --python says which Python runs the program")
    if head.startswith(b"#!") and b"python" not in head:
        raise Mistake(f"{name!r} is a script for {head[2:].strip().decode(errors='replace')}, not a Python program")
