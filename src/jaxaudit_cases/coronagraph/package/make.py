"""Makes a yield input package of any size by propagating light through a vortex coronagraph."""

import dataclasses
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.grid import CUBE_FILE, CubeFile, nodes, write_whole
from jaxaudit_cases.coronagraph.package.progress import Progress, silent
from jaxaudit_cases.coronagraph.package.stellar import StarLight, stellar_maps
from jaxaudit_cases.coronagraph.package.threads import one_thread
from jaxaudit_cases.coronagraph.package.vortex import Propagator, VortexDesign

RECIPE_FILE = "recipe.json"
EDITION = 1
"""Counts up when the same recipe gives other numbers."""

LIBRARY_AXIS_LOD = (0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 15, 18, 21, 24, 27, 30, 33)
"""Where the sparse library has sources on each axis, up to one lambda/D beyond the field: dense where the mask works."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what is in a package: two equal recipes make the same files.

    `pixels` is the images' width and `pixel_scale_lod` a pixel's, in lambda/D. `diameter_m`, `wavelength_nm` and
    `bandwidth` (a part of the wavelength) go into the header; light is propagated at `wavelength_nm` alone. `cube` says
    whether the images of all nodes are kept, or only the sparse library.
    """

    pixels: int = 64
    pixel_scale_lod: float = 0.25
    design: VortexDesign = field(default_factory=VortexDesign)
    star: StarLight = field(default_factory=StarLight)
    diameter_m: float = 6.0
    wavelength_nm: float = 550.0
    bandwidth: float = 0.2
    cube: bool = True
    edition: int = EDITION

    def __post_init__(self) -> None:
        if self.pixels < 8:
            raise BadInput(f"pixels is {self.pixels}: wanted the images' width, 8 or more")
        for name in ("pixel_scale_lod", "diameter_m", "wavelength_nm"):
            if not 0 < getattr(self, name) < np.inf:
                raise BadInput(f"{name} is {getattr(self, name)}: wanted a finite number above 0")
        if not 0 <= self.bandwidth < 2:
            raise BadInput(f"bandwidth is {self.bandwidth}: wanted a part of the wavelength, 0 or more and below 2")
        width = self.pixels * self.pixel_scale_lod
        if width > self.design.samples / 2:
            raise BadInput(
                f"samples is {self.design.samples}: wanted at least twice the image's width, which is {width:g} lambda/D"
            )

    def as_json(self) -> str:
        """The recipe as the package keeps it."""
        return json.dumps(dataclasses.asdict(self), indent=1)


def make_package(folder: Path | str, recipe: Recipe | None = None, progress: Progress = silent) -> Path:
    """A package made to `recipe`, in `folder`; one that is there already, made to the same, is left as it is.

    Effect: writes the five FITS files, the recipe and, if the recipe says so, the cube. It works in a folder beside,
    named `<folder>.part`, renames that when all is whole, and goes on with one that it finds.
    Needs about 5 ms of a processor's time for each source on or above the diagonal (128 samples): 4 s for a cube of
    33 x 33 nodes.
    """
    recipe = recipe or Recipe()
    folder = Path(folder)
    if folder.exists():
        if recipe_of(folder) == recipe.as_json():
            return folder
        raise BadInput(
            f"folder is {folder}, which holds something else: wanted a new folder, or a package of this recipe"
        )
    part = folder.with_name(folder.name + ".part")
    if part.exists() and recipe_of(part) != recipe.as_json():
        if recipe_of(part) is None and any(part.iterdir()):
            raise BadInput(
                f"folder is {folder}, and {part} holds something else: wanted that name for work in progress"
            )
        shutil.rmtree(part)
    part.mkdir(parents=True, exist_ok=True)
    write_whole(part / RECIPE_FILE, recipe.as_json())
    with one_thread():
        fill(part, recipe, progress)
    part.rename(folder)
    return folder


def recipe_of(folder: Path) -> str | None:
    """The recipe that a folder was made to, if it says so."""
    file = folder / RECIPE_FILE
    return file.read_text() if file.is_file() else None


def fill(folder: Path, recipe: Recipe, progress: Progress) -> None:
    """Effect: writes all files of a package but the recipe."""
    propagator = Propagator(recipe.design, recipe.pixels, recipe.pixel_scale_lod)
    sky = sky_response(folder, recipe, propagator, progress)
    offsets, psfs = library(recipe, propagator, progress)
    stars = stellar_maps(recipe.design, recipe.pixels, recipe.pixel_scale_lod, recipe.star, recipe.wavelength_nm)
    header = header_of(recipe)
    for name, values in {
        "offax_psf": psfs,
        "offax_psf_offset_list": offsets,
        "stellar_intens": stars,
        "stellar_intens_diam_list": np.asarray(recipe.star.diameters_lod, np.float64),
        "sky_trans": sky,
    }.items():
        fits.PrimaryHDU(values, header).writeto(folder / f"{name}.fits", overwrite=True)


def header_of(recipe: Recipe) -> fits.Header:
    """What the files say of the coronagraph; a unit stands in brackets in the comment, where readers look for it."""
    design, half = recipe.design, recipe.bandwidth / 2
    centre = (recipe.pixels - 1) / 2
    wavelength_um = recipe.wavelength_nm / 1000
    return fits.Header(
        [
            ("DESIGN", f"vortex charge {design.charge}, Lyot {design.lyot:g}", "coronagraph"),
            ("D", recipe.diameter_m, "telescope diameter [m]"),
            ("PIXSCALE", recipe.pixel_scale_lod, "pixel width in lambda/D"),
            ("LAMBDA", wavelength_um, "central wavelength [um]"),
            ("MINLAM", wavelength_um * (1 - half), "shortest wavelength [um]"),
            ("MAXLAM", wavelength_um * (1 + half), "longest wavelength [um]"),
            ("XCENTER", centre, "star, in pixels counted from 0"),
            ("YCENTER", centre, "star, in pixels counted from 0"),
            ("OBSCURED", 0.0, "obscured fraction of the diameter"),
            ("WFE", recipe.star.wavefront_error_nm * 1000, "wavefront error, rms [pm]"),
        ]
    )


def sky_response(folder: Path, recipe: Recipe, propagator: Propagator, progress: Progress) -> NDArray[np.float32]:
    """What a uniform scene of ones on the field's nodes, all four quadrants, gives in each pixel [y, x].

    Effect: writes the cube, if the recipe wants one.
    """
    total = np.zeros((recipe.pixels, recipe.pixels))
    for row, images in rows(folder, recipe, propagator):
        weight = np.full(len(images), 1.0 if row else 0.5)
        weight[0] /= 2  # nodes on an axis are their own mirror image
        below = np.tensordot(weight[:-1], images[:-1], 1)
        total += below + below.T + weight[-1] * images[-1]
        progress("images of point sources", row + 1, nodes(recipe.pixels))
    return (total + total[::-1] + total[:, ::-1] + total[::-1, ::-1]).astype(np.float32)


def rows(folder: Path, recipe: Recipe, propagator: Propagator) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Each row of nodes up to the diagonal: behind a circular aperture, sources mirrored there give mirrored images."""
    axis = np.arange(nodes(recipe.pixels)) * recipe.pixel_scale_lod
    columns = propagator.columns(axis)
    if not recipe.cube:
        for row in range(len(axis)):
            yield row, propagator.images(columns[: row + 1], axis[row])
        return
    with CubeFile(folder / CUBE_FILE, recipe.pixels, recipe.as_json()) as file:
        for row in range(len(axis)):
            if row >= file.rows:
                file.write(row, propagator.images(columns[: row + 1], axis[row]), transposed=True)
            yield row, file.cube[row, : row + 1]


def library(
    recipe: Recipe, propagator: Propagator, progress: Progress
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """The sparse library: offsets [source, (x, y)] in lambda/D and images [source, y, x]."""
    reach = recipe.pixels / 2 * recipe.pixel_scale_lod + 1
    axis = np.array([place for place in LIBRARY_AXIS_LOD if place <= reach], np.float64)
    columns = propagator.columns(axis)
    offsets, psfs = [], []
    for count, y in enumerate(axis):
        offsets.append(np.column_stack([axis, np.full_like(axis, y)]))
        psfs.append(propagator.images(columns, y))
        progress("off-axis library", count + 1, len(axis))
    return np.concatenate(offsets), np.concatenate(psfs).astype(np.float32)
