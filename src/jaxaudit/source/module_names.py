"""Under which name a file is imported."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg", ".git")


class ModuleName(NamedTuple):
    name: str
    is_package: bool


def module_name(path: str, roots: Sequence[str] = ()) -> ModuleName:
    """A file's dotted name: from its outermost package on, or from the longest of `roots`, or from a project's `src`.

    `roots` are folders on the import path; they are needed for namespace packages, which have no `__init__.py`.
    """
    folder, base, is_package = _split(path)
    above = [found for root in roots if (found := _folders_between(os.path.abspath(root), folder)) is not None]
    prefix = min(above, key=len) if above else _package_of(folder)
    if not above and (*prefix, base)[0] in LIBRARIES:
        prefix = (*_enclosing(folder, len(prefix)), *prefix)
    return ModuleName(_joined(prefix, base, is_package), is_package)


def longer_names(path: str) -> tuple[str, ...]:
    """The further names under which a file may be imported from the folders above it, up to its project's.

    Scripts that stand in a project's root import `models.net` where `models` has no `__init__.py`.
    """
    folder, base, is_package = _split(path)
    prefix = _package_of(folder)
    for _ in prefix:
        folder = os.path.dirname(folder)
    names = []
    while not _is_project(folder):
        folder, name = os.path.split(folder)
        if not name.isidentifier():
            return ()
        prefix = (name, *prefix)
        names.append(_joined(prefix, base, is_package))
    return tuple(names)


LIBRARIES = frozenset(
    {"jax", "jaxlib", "numpy", "scipy", "equinox", "flax", "optax", "haiku", "numpyro", "diffrax", "torch"}
)
"""A folder of such a name deep inside another package is not what `import jax` means."""


def _enclosing(folder: str, depth: int) -> tuple[str, ...]:
    """The package around a namespace folder that lies inside one; empty where there is none."""
    for _ in range(depth):
        folder = os.path.dirname(folder)
    names: tuple[str, ...] = ()
    while os.path.basename(folder).isidentifier() and not _is_project(folder):
        if os.path.isfile(os.path.join(folder, "__init__.py")):
            return (*_package_of(folder), *names)
        folder, name = os.path.split(folder)
        names = (name, *names)
    return ()


def _split(path: str) -> tuple[str, str, bool]:
    folder, file = os.path.split(os.path.abspath(path))
    base = os.path.splitext(file)[0]
    return folder, base, base == "__init__"


def _joined(prefix: tuple[str, ...], base: str, is_package: bool) -> str:
    return ".".join(prefix) if is_package and prefix else ".".join((*prefix, base))


@lru_cache(maxsize=65_536)
def _package_of(folder: str) -> tuple[str, ...]:
    """The dotted name of a folder as seen from the import path; empty when it lies on it."""
    parent, name = os.path.split(folder)
    if name and os.path.isfile(os.path.join(folder, "__init__.py")):
        return (*_package_of(parent), name)
    return _below_src(folder)


def _below_src(folder: str) -> tuple[str, ...]:
    """The folders between a project's `src` and this one: namespace packages."""
    names: tuple[str, ...] = ()
    while True:
        parent, name = os.path.split(folder)
        if name == "src" and _is_project(parent):
            return names
        if not name.isidentifier() or _is_project(folder):
            return ()
        names = (name, *names)
        folder = parent


@lru_cache(maxsize=65_536)
def _is_project(folder: str) -> bool:
    return os.path.dirname(folder) == folder or any(os.path.exists(os.path.join(folder, name)) for name in _PROJECT)


def _folders_between(root: str, folder: str) -> tuple[str, ...] | None:
    if folder == root:
        return ()
    start = root if root.endswith(os.sep) else root + os.sep
    if not folder.startswith(start):
        return None
    names = tuple(folder[len(start) :].split(os.sep))
    return names if all(name.isidentifier() for name in names) else None
