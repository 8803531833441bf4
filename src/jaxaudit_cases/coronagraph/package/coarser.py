"""A package of fewer and larger pixels, for machines that can't hold the whole one's cube."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.cube import cube_file
from jaxaudit_cases.coronagraph.package.grid import CUBE_FILE, CubeFile, mapped, nodes, stamp
from jaxaudit_cases.coronagraph.package.progress import Progress, silent
from jaxaudit_cases.coronagraph.package.read import DIAMETERS, LIBRARY, OFFSETS, SKY, STARS, header_of, read_package
from jaxaudit_cases.coronagraph.package.vortex import Array


def coarser_package(source: Path | str, folder: Path | str, times: int = 2, progress: Progress = silent) -> Path:
    """The package `source` with pixels `times` as wide, in the new folder `folder`.

    Light of the pixels that become one is summed, the sky's transmission averaged; a cube that `source` holds keeps
    every `times`-th node. Nodes more than 0.5 lambda/D apart no longer tell what sources between them look like.
    Effect: writes the five FITS files, and the cube.
    """
    package, folder = read_package(source), Path(folder)
    if times < 2 or package.pixels % times:
        raise BadInput(f"times is {times}: wanted 2 or more, and a divisor of the images' {package.pixels} pixels")
    if folder.exists():
        raise BadInput(f"folder is {folder}, which is there already: wanted a new folder")
    part = folder.with_name(folder.name + ".part")
    part.mkdir(parents=True, exist_ok=True)
    for name, values in {
        LIBRARY: summed(package.psfs(), times),
        OFFSETS: package.offsets_lod,
        STARS: summed(package.stellar_maps, times),
        DIAMETERS: package.stellar_diameters_lod,
        SKY: summed(package.sky_transmission, times) / np.float32(times**2),
    }.items():
        fits.PrimaryHDU(values, coarser_header(header_of(package.folder, name), times)).writeto(
            part / name, overwrite=True
        )
    whence = cube_file(package)
    if whence:
        coarser_cube(whence, part / CUBE_FILE, package.pixels, times, progress)
    part.rename(folder)
    return folder


def coarser_cube(source: Path, path: Path, pixels: int, times: int, progress: Progress) -> None:
    """Effect: writes every `times`-th node's image, coarser, in `path`."""
    cube, width = mapped(source, pixels), pixels // times
    with CubeFile(path, width, [str(source.resolve()), stamp(source), times]) as file:
        for row in range(file.rows, nodes(width)):
            file.write(row, summed(cube[row * times, : nodes(width) * times : times], times), transposed=False)
            progress("images of fewer pixels", row + 1, nodes(width))


def summed(images: Array, times: int) -> Array:
    """Sums over squares of `times` x `times` pixels [..., y, x]."""
    *many, rows, columns = images.shape
    return images.reshape(*many, rows // times, times, columns // times, times).sum(axis=(-3, -1))


def coarser_header(header: fits.Header, times: int) -> fits.Header:
    """The header with the pixel's width and the centre of the new images."""
    if "PIXSCALE" in header:
        header["PIXSCALE"] *= times
    for key in ("XCENTER", "YCENTER"):
        if key in header:
            header[key] = (header[key] + 0.5) / times - 0.5
    return header
