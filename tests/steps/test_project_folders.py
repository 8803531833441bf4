from pathlib import Path

import pytest

from fake_engine import Project
from jaxaudit.steps.config import Config
from jaxaudit.steps.interpreter import users_python
from jaxaudit.steps.project_folders import project_folders, project_names, project_root


@pytest.fixture
def installed(project: Project) -> Path:
    """A project that is installed in an environment beside it, as tox does it."""
    project.write("pyproject.toml", '[project]\nname = "orbits"\n')
    project.write("src/orbits/__init__.py", "")
    project.write("plots/__init__.py", "")
    project.write("data/values.csv", "")
    for name in ("orbits", "jax", "shared"):
        project.write(f"env/lib/python3.12/site-packages/{name}/__init__.py", "")
    return project.root


def test_the_packages_of_the_nearest_project(installed: Path) -> None:
    below = installed / "src" / "orbits"
    assert project_root(below) == installed
    assert project_names(Config(project=("shared",)), below) == ("shared", "plots", "orbits")


def test_where_they_are_installed(installed: Path) -> None:
    packages = installed / "env" / "lib" / "python3.12" / "site-packages"
    config = Config(project=("shared", "src"), root=installed)
    found = project_folders(config, installed, str(installed / "env" / "bin" / "python"))
    assert found == (str(installed / "src"), str(packages / "shared"), str(packages / "orbits"))


def test_no_project_is_fine(tmp_path: Path) -> None:
    assert project_folders(Config(root=tmp_path), tmp_path, "/nowhere/bin/python") == ()


def test_the_environment_beside_the_nearest_project(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = installed / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    monkeypatch.chdir(installed / "data")
    chosen = users_python("", Config(root=installed / "data"), {})
    assert (chosen.path, chosen.because) == (str(python), f".venv in {installed}")
