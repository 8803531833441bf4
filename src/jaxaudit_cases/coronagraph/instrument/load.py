"""Coronagraphs from yield input packages."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from jaxaudit_cases.coronagraph.checks import number
from jaxaudit_cases.coronagraph.instrument.cube import CubeCoronagraph, on_device
from jaxaudit_cases.coronagraph.instrument.factored import FactoredCoronagraph
from jaxaudit_cases.coronagraph.instrument.star_maps import StarMaps
from jaxaudit_cases.coronagraph.package.cube import quarter_cube
from jaxaudit_cases.coronagraph.package.factor import Factors, factor
from jaxaudit_cases.coronagraph.package.read import Package, read_package

TOLERANCE = 3e-5
"""What the factors leave out of the cube, by the root of its squares: some 3e-5 of an image's peak."""


def load_cube(folder: Path | str) -> CubeCoronagraph:
    """The coronagraph of a package, with the whole cube of its point spread functions, memory-mapped."""
    package = read_package(folder)
    return CubeCoronagraph(
        psf_cube=on_device(quarter_cube(package)),
        star_maps=StarMaps.of(package.stellar_diameters_lod, package.stellar_maps),
        sky_transmission=number(package.sky_transmission),
        pixel_lod=number(package.pixel_scale_lod),
    )


def load_factored(
    folder: Path | str, tolerance: float = TOLERANCE, told: Callable[[float], None] | None = None
) -> FactoredCoronagraph:
    """The coronagraph of a package by the factors of its cube, which are kept beside it for the next time.

    Finding them reads the cube and takes a minute of a processor's time for each gigabyte; `told` hears which part is done.
    """
    package = read_package(folder)
    return FactoredCoronagraph.of(
        factors_of(package, tolerance, told),
        StarMaps.of(package.stellar_diameters_lod, package.stellar_maps),
        package.sky_transmission,
        package.pixel_scale_lod,
    )


def factors_of(package: Package, tolerance: float, told: Callable[[float], None] | None = None) -> Factors:
    """Effect: writes them beside the package, unless that cannot be written to."""
    cube = quarter_cube(package)
    file = package.folder / f"psf_factors_{tolerance:g}.npz"
    mark = _mark(cube)
    if file.exists():
        with np.load(file) as kept:
            if set(Factors._fields) <= set(kept.files) and np.array_equal(kept["mark"], mark):
                return Factors._make(kept[name] for name in Factors._fields)
    found = factor(cube, tolerance, told)
    part = file.with_suffix(f".{os.getpid()}.npz")
    try:
        np.savez(part, mark=mark, **found._asdict())
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
    return found


def _mark(cube: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Tells one cube from another without reading it whole: its shape, and sums along its diagonal of sources."""
    diagonal = [float(np.asarray(cube[node, node], np.float64).sum()) for node in range(cube.shape[0])]
    return np.array([*cube.shape, *diagonal])
