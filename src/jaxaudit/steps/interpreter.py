"""Which Python is the user's: the one that has their JAX."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.config import Config
from jaxaudit.steps.project_folders import project_root


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python, and the words that say why it was taken."""

    path: str
    because: str


def users_python(asked: str, config: Config, environ: Mapping[str, str] = os.environ) -> Interpreter:
    """The first that is there of: what was asked for, `python` of the configuration, the active environment, `.venv`
    beside the pyproject.toml, this one. Raises `Mistake` where one that was named does not exist.
    """
    for folder, word, because in _named(asked, config):
        found = _python_in(folder / word if os.sep in word or (folder / word).exists() else Path(word))
        if found is None:
            raise Mistake(f"{because} names {word!r}, where there is no Python")
        return Interpreter(found, because)
    for path, because in _around(config, environ):
        found = _python_in(path)
        if found:
            return Interpreter(found, because)
    return Interpreter(sys.executable, "jaxaudit's own")


def _named(asked: str, config: Config) -> Iterator[tuple[Path, str, str]]:
    if asked:
        yield Path(), asked, "--python"
    if config.python:
        yield config.root, config.python, f"python in {config.file}"


def _around(config: Config, environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if environ.get(name):
            yield Path(environ[name]), name
    for root in dict.fromkeys((project_root(Path.cwd()) or config.root, config.root)):
        yield root / ".venv", f".venv in {root}"


def _python_in(path: Path) -> str | None:
    """The interpreter: the file itself, the one in an environment's folder, or the one of that name on PATH."""
    from shutil import which

    candidates = (path, path / "bin" / "python", path / "Scripts" / "python.exe", path / "python.exe")
    file = next((one for one in candidates if one.is_file() and os.access(one, os.X_OK)), None)
    return str(file.absolute()) if file else which(str(path)) if len(path.parts) == 1 else None
