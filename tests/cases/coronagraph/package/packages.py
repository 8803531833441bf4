"""A tiny package's recipe, and packages on disk that differ from the tiny one as a test wants it."""

import shutil
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import ArrayLike

from jaxaudit_cases.coronagraph.package.grid import CUBE_FILE
from jaxaudit_cases.coronagraph.package.make import Recipe
from jaxaudit_cases.coronagraph.package.read import FILES, Package
from jaxaudit_cases.coronagraph.package.vortex import VortexDesign

TINY = Recipe(pixels=32, design=VortexDesign(samples=32))


def copy(package: Package, folder: Path) -> Path:
    """The package's five files in `folder`, without its cube."""
    folder.mkdir()
    for name in FILES:
        shutil.copy(package.folder / name, folder)
    return folder


def copy_with_cube(package: Package, folder: Path) -> Path:
    """The package's files and its cube in `folder`."""
    shutil.copy(package.folder / CUBE_FILE, copy(package, folder))
    return folder


def rewrite(folder: Path, name: str, values: ArrayLike) -> None:
    """Other numbers in a file, under the same header."""
    header = fits.getheader(folder / name)
    fits.PrimaryHDU(np.asarray(values), header).writeto(folder / name, overwrite=True)


def library(folder: Path, offsets: ArrayLike, psfs: ArrayLike) -> None:
    """Another library."""
    rewrite(folder, "offax_psf_offset_list.fits", np.asarray(offsets, np.float64))
    rewrite(folder, "offax_psf.fits", np.asarray(psfs, np.float32))
