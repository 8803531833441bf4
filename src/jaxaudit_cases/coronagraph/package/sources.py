"""The sources that a library stands for: its own, and their mirror images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.read import LIBRARY, Package
from jaxaudit_cases.coronagraph.package.vortex import Array

ROOM_LOD = 1.5
"""A source nearer to the images' edge than this has lost part of its core: its image stands for no other place."""

ALIKE = 0.01
"""Mirror images may differ by this part of the library's highest peak, for a quadrant to stand for all."""


@dataclass(frozen=True, eq=False)
class Sources:
    """Places [source, (x, y)] in lambda/D, and for each the image that shows it, flipped along x or y or not."""

    places_lod: NDArray[np.float64]
    number: NDArray[np.intp]
    flip_x: NDArray[np.bool_]
    flip_y: NDArray[np.bool_]
    psfs: NDArray[np.float32]

    def image(self, source: int) -> Array:
        """The image [y, x] of one source."""
        rows = slice(None, None, -1 if self.flip_y[source] else 1)
        return self.psfs[self.number[source], rows, :: -1 if self.flip_x[source] else 1]

    def inside(self, half_field_lod: float) -> NDArray[np.bool_]:
        """Whose images hold the whole core [source]; all, if none does."""
        roomy = np.abs(self.places_lod).max(axis=1) <= half_field_lod - ROOM_LOD
        return roomy if roomy.any() else np.ones(len(roomy), dtype=bool)


def sources_of(package: Package) -> Sources:
    """A package's sources in all four quadrants (of a radial one: to both sides).

    Of sources at one place the first counts. BadInput, if mirrored sources of a full library aren't each other's image.
    """
    psfs = package.psfs()
    given = len(psfs)
    none = np.zeros(given, dtype=bool)
    flips = [(none, none)]
    if package.symmetry == "radial":
        flips += [(~none, ~none)]
    elif package.symmetry == "quarter":
        flips += [(~none, none), (none, ~none), (~none, ~none)]
    flip_x, flip_y = (np.concatenate([flip[axis] for flip in flips]) for axis in range(2))
    places = np.tile(package.offsets_lod, (len(flips), 1)) * np.stack([1.0 - 2 * flip_x, 1.0 - 2 * flip_y], axis=1)
    _, first = np.unique(np.round(places + 0.0, 6), axis=0, return_index=True)
    number = np.tile(np.arange(given), len(flips))
    found = Sources(places[first], number[first], flip_x[first], flip_y[first], psfs)
    if package.symmetry == "full":
        refuse_unlike(found)
    return found


def refuse_unlike(sources: Sources) -> None:
    """A cube of one quadrant can't stand for a library that isn't mirrored in the others."""
    at = {tuple(place): source for source, place in enumerate(np.round(sources.places_lod + 0.0, 6).tolist())}
    most = ALIKE * float(sources.psfs.max())
    for (x, y), source in at.items():
        for mirrored, flipped in (((-x + 0.0, y), np.fliplr), ((x, -y + 0.0), np.flipud)):
            other = at.get(mirrored)
            if other is not None:
                unlike = float(np.abs(flipped(sources.image(source)) - sources.image(other)).max())
                if unlike > most:
                    raise BadInput(
                        f"{LIBRARY} shows the sources at ({x:g}, {y:g}) and ({mirrored[0]:g}, {mirrored[1]:g}) lambda/D"
                        f" with images that aren't mirrored (unlike by {unlike:.2g}): wanted a coronagraph that is, for"
                        " a cube of one quadrant"
                    )
