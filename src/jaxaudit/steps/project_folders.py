"""What is the user's own code, wherever it is installed: the packages of the nearest pyproject.toml, and what its
`project` names.
"""

from collections.abc import Iterator
from pathlib import Path

from jaxaudit.steps.config import Config

INSTALLED = ("lib/python3*/site-packages", "lib/python3*/dist-packages", "lib64/python3*/site-packages")


def project_root(start: Path) -> Path | None:
    """The nearest folder upwards that has a pyproject.toml."""
    here = start.absolute()
    return next((folder for folder in (here, *here.parents) if (folder / "pyproject.toml").is_file()), None)


def project_names(config: Config, start: Path) -> tuple[str, ...]:
    """What `project` names, and the packages that stand in the project, in its root or below `src`."""
    root = project_root(start)
    inside = [package for folder in (root, root / "src") for package in _packages(folder)] if root else []
    return tuple(dict.fromkeys((*config.project, *inside)))


def project_folders(config: Config, start: Path, python: str) -> tuple[str, ...]:
    """The folders of these: those that `project` names by their path, and packages installed for that Python."""
    found = [config.root / path for path in config.project if (config.root / path).is_dir()]
    prefix = Path(python).parent.parent
    for name in project_names(config, start):
        for place in INSTALLED:
            found += [folder for folder in prefix.glob(f"{place}/{name}") if folder.is_dir()]
    return tuple(dict.fromkeys(map(str, found)))


def _packages(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from sorted(path.parent.name for path in folder.glob("*/__init__.py"))
