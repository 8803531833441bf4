import sys
from pathlib import Path

import pytest

from fake_engine import Project
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.config import Config
from jaxaudit.steps.interpreter import users_python


def environment(root: Path, name: str) -> Path:
    """A folder that looks like a virtual environment."""
    python = root / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return python


def test_the_order_in_which_they_are_asked(project: Project) -> None:
    asked, configured = environment(project.root, "asked"), environment(project.root, "configured")
    active, beside = environment(project.root, "active"), environment(project.root, ".venv")
    root = project.root
    everything = {"VIRTUAL_ENV": str(active.parents[1]), "CONDA_PREFIX": "/nowhere"}
    config = Config(root=root, file=root / "pyproject.toml", python="configured")
    assert users_python("asked", config, everything).path == str(asked)
    assert users_python("", config, everything).path == str(configured)
    assert users_python("", Config(root=root), everything).path == str(active)
    assert users_python("", Config(root=root), {}).path == str(beside)
    assert users_python("", Config(root=root / "asked"), {"CONDA_PREFIX": "/nowhere"}).path == sys.executable


def test_it_says_why(project: Project) -> None:
    active = environment(project.root, "active")
    assert (
        users_python("", Config(root=project.root), {"CONDA_PREFIX": str(active.parents[1])}).because == "CONDA_PREFIX"
    )


def test_a_file_or_a_name_will_do(project: Project) -> None:
    assert users_python(sys.executable, Config(root=project.root), {}).path == sys.executable
    assert users_python("python3", Config(root=project.root), {}).path.endswith("python3")


def test_one_that_is_named_must_be_there(project: Project) -> None:
    with pytest.raises(Mistake, match=r"^--python names 'nowhere', where there is no Python$"):
        users_python("nowhere", Config(root=project.root), {})
    config = Config(root=project.root, file=project.root / "pyproject.toml", python="env/bin/python")
    with pytest.raises(Mistake, match=r"^python in .*pyproject.toml names 'env/bin/python', where there is no Python$"):
        users_python("", config, {})
