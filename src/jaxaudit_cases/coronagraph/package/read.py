"""Reads a yield input package: five FITS files that describe a coronagraph."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.header import length_m, number, refuse_angles

LIBRARY, OFFSETS = "offax_psf.fits", "offax_psf_offset_list.fits"
STARS, DIAMETERS = "stellar_intens.fits", "stellar_intens_diam_list.fits"
SKY = "sky_trans.fits"
FILES = (LIBRARY, OFFSETS, STARS, DIAMETERS, SKY)

Symmetry = Literal["radial", "quarter", "full"]

TOO_MUCH = 1.05
"""Fractions of light may pass 1 by what resampling did to them, not more."""


@dataclass(frozen=True, eq=False)
class Package:
    """A coronagraph as its files describe it. Images are [y, x], with the star at their geometric centre.

    Lengths of what the sky holds are in lambda/D. `stellar_maps` are fractions of the star's light in each pixel, by
    `stellar_diameters_lod`; `sky_transmission` is that of a uniform sky; `offsets_lod` [source, (x, y)] are where the
    off-axis library (`psfs()`) has its sources, which `symmetry` completes: "radial" (all on the x axis), "quarter"
    (one quadrant) or "full". `diameter_m`, `wavelength_nm` and the band are None where the header lacks them.
    """

    folder: Path
    design: str
    pixel_scale_lod: float
    obscuration: float
    diameter_m: float | None
    wavelength_nm: float | None
    band_nm: tuple[float, float] | None
    stellar_diameters_lod: NDArray[np.float64]
    stellar_maps: NDArray[np.float32]
    sky_transmission: NDArray[np.float32]
    offsets_lod: NDArray[np.float64]
    symmetry: Symmetry

    @property
    def pixels(self) -> int:
        """The images' width."""
        return self.sky_transmission.shape[0]

    def psfs(self) -> NDArray[np.float32]:
        """The off-axis library [source, y, x], fractions of the source's light in each pixel; read anew each time."""
        psfs = light(self.folder, LIBRARY, (len(self.offsets_lod), self.pixels, self.pixels))
        refuse_sums(LIBRARY, psfs)
        return psfs


def read_package(folder: Path | str) -> Package:
    """The package in `folder`; BadInput names the file and the keyword of what is wrong with it.

    The off-axis library, the one large file, is looked at only for its shape; `Package.psfs` reads it.
    """
    folder = Path(folder)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise BadInput(f"{folder} has no {', no '.join(missing)}: wanted a folder with {', '.join(FILES)}")
    header = header_of(folder, STARS)
    scale = pixel_scale(header)
    sky = sky_of(folder)
    refuse_other_centre(header, len(sky))
    diameters, maps = stars_of(folder, len(sky))
    offsets = offsets_of(folder, len(sky), scale)
    return Package(
        folder=folder,
        design=str(header.get("DESIGN", "")),
        pixel_scale_lod=scale,
        obscuration=obscuration_of(header),
        diameter_m=length_m(STARS, header, "D", "m", 0.01, 1000),
        wavelength_nm=wavelength_nm(header, "LAMBDA"),
        band_nm=band_of(header),
        stellar_diameters_lod=diameters,
        stellar_maps=maps,
        sky_transmission=sky,
        offsets_lod=offsets,
        symmetry=symmetry_of(offsets),
    )


def header_of(folder: Path, name: str) -> fits.Header:
    """The header of a file's first part."""
    try:
        return fits.getheader(folder / name)
    except OSError as error:
        raise unreadable(folder / name, error) from None


def array(folder: Path, name: str) -> NDArray[np.float64]:
    """The numbers of a file's first part, of the stored width and in this machine's order of bytes."""
    try:
        with fits.open(folder / name, memmap=True) as parts:
            data = parts[0].data
    except (OSError, TypeError) as error:
        raise unreadable(folder / name, error) from None
    if data is None or not np.issubdtype(data.dtype, np.number):
        raise BadInput(f"{folder / name} holds no numbers in its first part: wanted an array")
    return np.ascontiguousarray(data, data.dtype.newbyteorder("="))


def unreadable(file: Path, error: Exception) -> BadInput:
    """What to say of a file that astropy gives up on."""
    return BadInput(f"{file} can't be read as FITS ({error}): wanted a file of a yield input package")


def light(folder: Path, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    """A file's fractions of light, of this shape (None: any length)."""
    values = array(folder, name)
    if not fits_shape(values.shape, shape):
        wanted = " x ".join("any" if length is None else str(length) for length in shape)
        raise BadInput(f"{name} has shape {values.shape}: wanted {wanted}, as {SKY} and the lists have it")
    if not np.all(np.isfinite(values)):
        where = tuple(int(index) for index in np.argwhere(~np.isfinite(values))[0])
        raise BadInput(f"{name} holds {values[where]} at {list(where)}: wanted finite fractions of light")
    return values.astype(np.float32, copy=False)


def fits_shape(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    """Has it that many lengths, and each as wanted?"""
    return len(shape) == len(wanted) and all(want in (None, have) for have, want in zip(shape, wanted))


def refuse_sums(name: str, images: NDArray[np.float32]) -> None:
    """No image may hold more than all of the light."""
    sums = images.sum(axis=(1, 2), dtype=np.float64)
    if sums.max() > TOO_MUCH or images.min() < -TOO_MUCH:
        raise BadInput(
            f"{name} holds an image that sums to {sums.max():.3g}: wanted each source's light as a part of 1, over all pixels"
        )


def sky_of(folder: Path) -> NDArray[np.float32]:
    """The transmission of a uniform sky [y, x]."""
    sky = light(folder, SKY, (None, None))
    if sky.shape[0] != sky.shape[1]:
        raise BadInput(f"{SKY} has shape {sky.shape}: wanted one square image")
    if sky.min() < 0 or sky.max() > TOO_MUCH:
        raise BadInput(f"{SKY} goes from {sky.min():.3g} to {sky.max():.3g}: wanted a transmission from 0 to 1")
    return sky


def stars_of(folder: Path, pixels: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """The stellar diameters, increasing, and the map for each."""
    sizes = array(folder, DIAMETERS).astype(np.float64).reshape(-1)
    if not (np.all(np.isfinite(sizes)) and sizes[0] >= 0 and np.all(np.diff(sizes) > 0)):
        raise BadInput(
            f"{DIAMETERS} holds {sizes.tolist()}: wanted increasing stellar diameters in lambda/D, 0 or more"
        )
    maps = light(folder, STARS, (len(sizes), pixels, pixels))
    if maps.min() < 0:
        raise BadInput(f"{STARS} holds {maps.min():.3g}: wanted fractions of the star's light, 0 or more")
    refuse_sums(STARS, maps)
    return sizes, maps


def offsets_of(folder: Path, pixels: int, scale_lod: float) -> NDArray[np.float64]:
    """Where the library's sources are [source, (x, y)]; a list of one number each is along x, a list [2, source] is turned."""
    offsets = array(folder, OFFSETS).astype(np.float64)
    if offsets.ndim == 1:
        offsets = np.column_stack([offsets, np.zeros_like(offsets)])
    if offsets.ndim == 2 and offsets.shape[0] == 2 != offsets.shape[1]:
        offsets = offsets.T
    if offsets.ndim != 2 or offsets.shape[1] != 2:
        raise BadInput(f"{OFFSETS} has shape {offsets.shape}: wanted [source, 2], x and y in lambda/D")
    if not np.all(np.isfinite(offsets)):
        raise BadInput(f"{OFFSETS} holds a number that is not finite: wanted x and y in lambda/D")
    reach, field = float(np.abs(offsets).max()), pixels * scale_lod
    if reach > 1.5 * field:
        raise BadInput(
            f"{OFFSETS} reaches out to {reach:g} in a field {field:g} lambda/D wide: wanted offsets in lambda/D"
        )
    header = header_of(folder, LIBRARY)
    shape = tuple(header.get(f"NAXIS{axis}") for axis in range(header["NAXIS"], 0, -1))
    if shape != (len(offsets), pixels, pixels):
        raise BadInput(
            f"{LIBRARY} has shape {shape}: wanted {(len(offsets), pixels, pixels)}, an image as wide as {SKY}'s for each"
            f" line of {OFFSETS}"
        )
    return offsets


def symmetry_of(offsets_lod: NDArray[np.float64]) -> Symmetry:
    """Which sources the library's stand for, by where they are."""
    if not offsets_lod[:, 1].any():
        return "radial"
    return "quarter" if offsets_lod.min() >= 0 else "full"


def pixel_scale(header: fits.Header) -> float:
    """A pixel's width in lambda/D."""
    scale = number(STARS, header, "PIXSCALE", "a pixel's width in lambda/D")
    refuse_angles(STARS, header, "PIXSCALE")
    if not 0 < scale <= 10:
        raise BadInput(f"PIXSCALE in {STARS} is {scale:g}: wanted a pixel's width in lambda/D, above 0 and at most 10")
    return scale


def obscuration_of(header: fits.Header) -> float:
    """The obscured part of the telescope's diameter."""
    obscured = number(STARS, header, "OBSCURED", "the obscured part of the telescope's diameter")
    if not 0 <= obscured < 1:
        raise BadInput(f"OBSCURED in {STARS} is {obscured:g}: wanted a part of the diameter, 0 or more and below 1")
    return obscured


def wavelength_nm(header: fits.Header, key: str) -> float | None:
    """A keyword's wavelength, from the ultraviolet to the far infrared."""
    metres = length_m(STARS, header, key, "um", 1e-8, 1e-4)
    return None if metres is None else metres * 1e9


def band_of(header: fits.Header) -> tuple[float, float] | None:
    """The shortest and the longest wavelength in nm."""
    shortest, longest = wavelength_nm(header, "MINLAM"), wavelength_nm(header, "MAXLAM")
    if shortest is None or longest is None:
        return None
    if shortest > longest:
        raise BadInput(f"MINLAM in {STARS} is {shortest:g} nm and MAXLAM {longest:g} nm: wanted the shorter one first")
    return shortest, longest


def refuse_other_centre(header: fits.Header, pixels: int) -> None:
    """The star is at the images' geometric centre; a header may count from 0, from 1 or from a pixel's corner."""
    for key in ("XCENTER", "YCENTER"):
        if key in header:
            centre = number(STARS, header, key, "the star's place in pixels")
            if abs(centre - pixels / 2) > 0.5:
                raise BadInput(f"{key} in {STARS} is {centre:g}: wanted the centre of images of {pixels} pixels")
