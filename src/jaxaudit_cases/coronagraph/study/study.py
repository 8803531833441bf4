"""The whole study: package, picture, rates, table; one document."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jaxaudit import __version__
from jaxaudit_cases.choices import VARIANTS, Variant, cube_bytes
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.grid import nodes
from jaxaudit_cases.coronagraph.package.make import Recipe
from jaxaudit_cases.coronagraph.study.child import Died, asked
from jaxaudit_cases.coronagraph.study.memory import available_bytes
from jaxaudit_cases.coronagraph.study.packages import Told, default_cache, package_of, silent
from jaxaudit_cases.coronagraph.study.table import Ask, Wanted, measured_row

LOOK = "jaxaudit_cases.coronagraph.study.look"
PACKAGES = ("jax", "jaxlib", "equinox", "numpy")


@dataclass(frozen=True)
class Study:
    """What is asked for. `size` is a name for what `recipe` makes; `image` is the file of the picture."""

    size: str
    recipe: Recipe
    image: Path
    variants: Sequence[str] = tuple(VARIANTS)
    form: str = "cube"
    frames: int = 20
    repeat: int = 1
    cache: Path | None = None

    @property
    def kept(self) -> Path:
        """The folder of its packages."""
        return self.cache or default_cache()


def studied(
    study: Study,
    told: Told = silent,
    tick: Callable[[], None] = lambda: None,
    available: Callable[[], int | None] = available_bytes,
    ask: Ask = asked,
) -> dict[str, Any]:
    """The document of a study; `told` hears of each step, `tick` is called while one lasts.

    Effect: makes the package, where it isn't there; writes the picture. Ended in the middle of the table, it returns
    what was measured until then.
    """
    folder = package_of(study.recipe, study.kept, told)
    chosen = [VARIANTS[name] for name in study.variants]
    if study.form == "factored" or any(variant.form == "factored" for variant in chosen):
        make_factors(folder, told)
    wanted = Wanted(folder, study.recipe.pixels, study.form, study.frames, study.repeat)
    told("picture and rates", 0.0)
    seen = looked(study, folder, tick, ask)
    document = {**head(study, folder), **seen, "rows": [], "interrupted": False}
    for count, variant in enumerate(chosen):
        told(f"row {count + 1} of {len(chosen)}: {variant.title}", 0.0)
        row = interruptible(lambda variant=variant: measured_row(wanted, variant, tick, available, ask), variant)  # type: ignore[misc]
        document["rows"].append(row)
        if row["status"] == "interrupted":
            document["interrupted"] = True
            break
    return {**document, "notes": notes(document, chosen)}


def interruptible(measure: Callable[[], dict[str, Any]], variant: Variant) -> dict[str, Any]:
    """What was measured before is worth as much as it was."""
    try:
        return measure()
    except KeyboardInterrupt:
        return {"variant": variant.name, "title": variant.title, "status": "interrupted", "why": "interrupted"}


def make_factors(folder: Path, told: Told) -> None:
    """Effect: keeps the cube's factors beside it, where they aren't there yet."""
    from jaxaudit_cases.coronagraph.instrument.load import TOLERANCE, factors_of
    from jaxaudit_cases.coronagraph.package.read import read_package

    factors_of(read_package(folder), TOLERANCE, lambda part: told("factors of the cube", part))


def looked(study: Study, folder: Path, tick: Callable[[], None], ask: Ask) -> dict[str, Any]:
    """The picture and the rates. Raises BadInput where they can't be had."""
    question = {"folder": str(folder), "form": study.form, "image": str(study.image.absolute())}
    try:
        return {**ask(LOOK, "looked", question, {}, tick), "image": str(study.image)}
    except Died as death:
        raise BadInput(f"the picture could not be made: its process {death}") from None


def head(study: Study, folder: Path) -> dict[str, Any]:
    """What it was, and on what."""
    return {
        "schema": "jaxaudit/1",
        "kind": "case",
        "case": "coronagraph",
        "size": study.size,
        "form": study.form,
        "pixels": study.recipe.pixels,
        "nodes": nodes(study.recipe.pixels),
        "cube_bytes": cube_bytes(study.recipe.pixels),
        "package": str(folder),
        "frames": study.frames,
        "repeat": study.repeat,
        "environment": environment(),
        "findings": [],
        "unread": [],
    }


def environment() -> dict[str, Any]:
    """The machine, its load and the versions."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "tool": __version__,
        "configuration": None,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": load,
        "available_bytes": available_bytes(),
        **{name: version_of(name) for name in PACKAGES},
    }


def version_of(name: str) -> str | None:
    """None where a package does not say."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def notes(document: dict[str, Any], chosen: Sequence[Variant]) -> list[str]:
    """What a reader of the table must know."""
    said = [f"{variant.title}: {variant.about}." for variant in chosen]
    load, cores = document["environment"]["load"], document["environment"]["cores"]
    if load is not None and cores and load > 0.75 * cores:
        said.append(
            f"The machine was busy: a load of {load:.1f} on {cores} cores when the study began. Wall seconds are longer for it;"
            " processor seconds are in the JSON."
        )
    return said
