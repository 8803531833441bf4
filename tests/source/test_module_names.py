"""A file's name is the one under which it is imported."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from jaxaudit.source.module_names import longer_names, module_name


def make(root: Path, names: Iterable[str]) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        ([], "script.py", ("script", False)),
        (["pkg/__init__.py"], "pkg/a.py", ("pkg.a", False)),
        (["pkg/__init__.py"], "pkg/__init__.py", ("pkg", True)),
        (["pkg/__init__.py", "pkg/sub/__init__.py"], "pkg/sub/a.py", ("pkg.sub.a", False)),
        (["pkg/__init__.py"], "pkg/__main__.py", ("pkg.__main__", False)),
        (["pkg/__init__.py"], "pkg/plain/a.py", ("a", False)),
        (["pyproject.toml", "src/pkg/__init__.py"], "src/pkg/a.py", ("pkg.a", False)),
        (["pyproject.toml"], "src/a.py", ("a", False)),
        (["pyproject.toml", "src/space/pkg/__init__.py"], "src/space/pkg/a.py", ("space.pkg.a", False)),
        (["pyproject.toml", "src/space/pkg/__init__.py"], "src/space/pkg/__init__.py", ("space.pkg", True)),
        (["src/space/pkg/__init__.py"], "src/space/pkg/a.py", ("pkg.a", False)),
        (["pyproject.toml"], "examples/a-b.py", ("a-b", False)),
    ],
)
def test_from_the_outermost_package(tmp_path: Path, files: list[str], path: str, expected: tuple[str, bool]) -> None:
    make(tmp_path, [*files, path])
    assert module_name(str(tmp_path / path)) == expected


def test_from_the_longest_root(tmp_path: Path) -> None:
    make(tmp_path, ["lib/space/pkg/__init__.py", "lib/space/pkg/a.py"])
    path = str(tmp_path / "lib/space/pkg/a.py")
    assert module_name(path, [str(tmp_path / "lib")]).name == "space.pkg.a"
    assert module_name(path, [str(tmp_path), str(tmp_path / "lib")]).name == "space.pkg.a"
    assert module_name(path, [str(tmp_path / "other")]).name == "pkg.a"


def test_other_names_lead_up_to_the_project(tmp_path: Path) -> None:
    make(tmp_path, ["pyproject.toml", "scripts/models/net.py", "scripts/odd-name/b.py", "train.py"])
    assert longer_names(str(tmp_path / "scripts/models/net.py")) == ("models.net", "scripts.models.net")
    assert longer_names(str(tmp_path / "scripts/odd-name/b.py")) == ()
    assert longer_names(str(tmp_path / "train.py")) == ()


def test_a_folder_named_like_a_library_inside_a_package_is_not_that_library(tmp_path):
    inner = tmp_path / "net" / "vendored" / "jax"
    inner.mkdir(parents=True)
    (tmp_path / "net" / "__init__.py").touch()
    (inner / "__init__.py").touch()
    assert module_name(str(inner / "__init__.py")).name == "net.vendored.jax"
    assert module_name(str(tmp_path / "net" / "__init__.py")).name == "net"
