"""The quarter cube of a package: the image of a source on each node of one quadrant."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.grid import CUBE_FILE, CubeFile, finished, mapped, nodes, stamp
from jaxaudit_cases.coronagraph.package.interpolate import interpolated_rows
from jaxaudit_cases.coronagraph.package.progress import Progress, silent
from jaxaudit_cases.coronagraph.package.read import LIBRARY, Package
from jaxaudit_cases.coronagraph.package.threads import one_thread

INTERPOLATED_FILE = "psf_cube_interpolated.npy"
EDITION = 1
"""Counts up when the same library gives another cube."""


def quarter_cube(package: Package, progress: Progress = silent, cache: Path | str | None = None) -> NDArray[np.float32]:
    """The cube [iy, ix, y, x] of a package, mapped from its file: node (iy, ix) is a source at (ix, iy) pixels from the star.

    It is the propagated one that the package holds; else the one that the public simulator left in `yippy_cache`; else
    it is interpolated from the library, once.
    Effect: writes an interpolated cube in `cache` (the package's folder, when None), row by row; ended work goes on.
    """
    whence = cube_file(package)
    return mapped(whence or interpolated(package, progress, Path(cache or package.folder)), package.pixels)


def cube_file(package: Package) -> Path | None:
    """The cube that lies in the package's folder, the propagated one before others; None, if there is none."""
    own = package.folder / CUBE_FILE
    if own.is_file():
        return own
    others = (package.folder / "yippy_cache").glob(f"psf_datacube_quarter_f32_{package.pixels}px_*.npy")
    return max(others, key=lambda path: path.stat().st_mtime_ns, default=None)


def interpolated(package: Package, progress: Progress, folder: Path) -> Path:
    """The file of the cube that is interpolated from the library.

    Effect: makes it, where it isn't there or the library has changed.
    """
    path = folder / INTERPOLATED_FILE
    source = [EDITION, stamp(package.folder / LIBRARY), package.pixel_scale_lod]
    if finished(path, package.pixels, source):
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with one_thread(), CubeFile(path, package.pixels, source) as file:
            for row, images in enumerate(interpolated_rows(package, file.rows), file.rows):
                file.write(row, images, transposed=False)
                progress("images between the library's sources", row + 1, nodes(package.pixels))
    except PermissionError:
        raise BadInput(f"cache is {folder}, where nothing can be written: wanted a folder for the cube") from None
    return path
