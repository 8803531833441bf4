"""The study's packages: made once for each size, and kept in the user's cache folder."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from jaxaudit_cases.choices import SIZES, cube_bytes
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.make import EDITION, Recipe, make_package

Told = Callable[[str, float], None]
"""Hears what is being done, and which part of it is done, 0 to 1."""

CUBE_STEP = "images of point sources"
BESIDE = 1.1
"""What a package takes on disk, in cubes: the library and the factors as well."""


def silent(what: str, part: float) -> None:
    """Says nothing."""


def default_cache(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where packages are kept unless you say otherwise: in the system's place for caches."""
    if environ.get("JAXAUDIT_CACHE_DIR"):
        return Path(environ["JAXAUDIT_CACHE_DIR"]) / "coronagraph"
    home = Path(environ.get("HOME") or Path.home())
    if environ.get("XDG_CACHE_HOME"):
        caches = Path(environ["XDG_CACHE_HOME"])
    else:
        caches = home / "Library" / "Caches" if platform == "darwin" else home / ".cache"
    return caches / "jaxaudit" / "coronagraph"


def recipe_of_size(size: str) -> Recipe:
    """Raises BadInput for a size that there is not."""
    if size not in SIZES:
        raise BadInput(f"size is {size!r}: wanted one of {', '.join(SIZES)}")
    return Recipe(pixels=SIZES[size])


def package_of(recipe: Recipe, cache: Path, told: Told = silent) -> Path:
    """The folder of a package, made where it isn't there yet; what was begun and ended is gone on with.

    Effect: writes into the cache folder. Raises BadInput, before any work, where the disk has no room for it.
    """
    folder = cache / f"{recipe.pixels}px-{EDITION}"
    if not folder.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"cache is {cache}, which can't be made ({error.strerror}): wanted a folder") from None
        must_have_room(folder, recipe)
    return make_package(folder, recipe, lambda what, done, steps: told(what, part_done(what, done, steps)))


def package_bytes(recipe: Recipe) -> int:
    """What it takes on disk, roughly."""
    return int(cube_bytes(recipe.pixels) * BESIDE) + 20_000_000


def must_have_room(folder: Path, recipe: Recipe) -> None:
    """Raises BadInput, which says what is needed and what is there."""
    begun = sum(file.stat().st_blocks * 512 for file in folder.with_name(folder.name + ".part").glob("*"))
    needed, free = package_bytes(recipe) - begun, shutil.disk_usage(folder.parent).free
    if free < needed:
        raise BadInput(
            f"cache is {folder.parent}, where {free / 1e9:.2f} GB are free: the package needs {needed / 1e9:.2f} GB"
        )


def part_done(what: str, done: int, steps: int) -> float:
    """Rows of nodes are propagated up to the diagonal: each takes longer than the one before."""
    return done * (done + 1) / (steps * (steps + 1)) if what == CUBE_STEP else done / steps
