"""The star behind a vortex coronagraph: what its finite disc and a slightly bent wavefront let through."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.pupil import half_axis, quarter_disc, whole
from jaxaudit_cases.coronagraph.package.vortex import Propagator, VortexDesign, focal_levels, spiral

RINGS, ANGLES = 3, 4
"""Points of a stellar disc's quarter: radii by Gauss's rule in their squares, angles evenly; the rest is mirrored."""


@dataclass(frozen=True)
class StarLight:
    """What reaches the image of a star on the axis.

    `diameters_lod` are the discs for which a map is made (lambda/D, increasing); `wavefront_error_nm` is the rms of a
    fixed random wavefront (drawn from `seed`), which makes speckles; `floor` is scattered light, a fraction of the
    star's light in each pixel, so that no pixel is without any.
    """

    diameters_lod: tuple[float, ...] = (0.0, 0.01, 0.02, 0.05, 0.1)
    wavefront_error_nm: float = 0.02
    floor: float = 2e-13
    seed: int = 6

    def __post_init__(self) -> None:
        sizes = np.asarray(self.diameters_lod, np.float64)
        if not (len(sizes) and np.all(np.isfinite(sizes)) and sizes[0] >= 0 and np.all(np.diff(sizes) > 0)):
            raise BadInput(f"diameters_lod is {self.diameters_lod}: wanted increasing diameters in lambda/D, 0 or more")
        if not 0 <= self.wavefront_error_nm <= 10:
            raise BadInput(f"wavefront_error_nm is {self.wavefront_error_nm}: wanted 0 to 10 nm rms")
        if not 0 < self.floor < 1:
            raise BadInput(f"floor is {self.floor}: wanted a fraction of the star's light in each pixel, above 0")


def stellar_maps(
    design: VortexDesign, pixels: int, pixel_scale_lod: float, star: StarLight, wavelength_nm: float
) -> NDArray[np.float32]:
    """Fractions of the star's light in each pixel, by stellar diameter [d, y, x].

    The disc's light, the speckles' and the scattered light are added as intensities. What a charge-6 mask lets through
    of a disc below 0.1 lambda/D is uncertain by a few 1e-10 of the star's light in all, for the pupil is sampled.
    """
    exact = Propagator(design, pixels, pixel_scale_lod, np.float64)
    bent = wavefront(design.samples, star.seed) * (2 * np.pi * star.wavefront_error_nm / wavelength_nm)
    speckles = np.abs(image_field(1j * bent * clear(design.samples), design, pixels, pixel_scale_lod)) ** 2
    still = speckles + star.floor
    return np.stack([still + disc_image(exact, size) for size in star.diameters_lod]).astype(np.float32)


def disc_image(propagator: Propagator, diameter_lod: float) -> NDArray[np.float64]:
    """The mean image of a uniform disc's points.

    A point on the axis leaves nothing behind a perfect mask; the field that the sampled pupil leaves of it is taken off
    all fields.
    """
    dark = propagator.field(0.0, 0.0) if propagator.design.charge else 0
    total = np.zeros((propagator.pixels, propagator.pixels))
    node, weight = np.polynomial.legendre.leggauss(RINGS)
    for angle in (np.arange(ANGLES) + 0.5) * (np.pi / 2 / ANGLES):
        for radius, part in zip(np.sqrt((node + 1) / 2) * diameter_lod / 2, weight / 2 / ANGLES):
            field = propagator.field(radius * np.cos(angle), radius * np.sin(angle)) - dark
            total += part * np.sum(field**2, axis=0)
    return (total + total[::-1] + total[:, ::-1] + total[::-1, ::-1]) / 4


def clear(samples: int) -> NDArray[np.float64]:
    """The clear aperture [samples, samples]."""
    return whole(quarter_disc(samples))


def wavefront(samples: int, seed: int) -> NDArray[np.float64]:
    """A random wavefront of rms 1 over the aperture, its power falling as frequency to the -2.5 [samples, samples]."""
    noise = np.fft.rfft2(np.random.default_rng(seed).standard_normal((2 * samples, 2 * samples)))
    frequency = np.hypot(np.fft.fftfreq(2 * samples)[:, None], np.fft.rfftfreq(2 * samples)[None, :])
    frequency[0, 0] = np.inf
    screen = np.fft.irfft2(noise * frequency**-1.25)[:samples, :samples]
    inside = clear(samples)
    screen -= np.average(screen, weights=inside)
    return screen / np.sqrt(np.average(screen**2, weights=inside))


def image_field(
    pupil: NDArray[np.complexfloating[Any, Any]], design: VortexDesign, pixels: int, pixel_scale_lod: float
) -> NDArray[np.complex128]:
    """The field in the image of any field in the pupil [samples, samples], plainly computed.

    Its squared magnitude is a fraction of the light that the clear aperture lets in.
    """
    half = half_axis(design.samples)
    u = np.concatenate([-half[::-1], half])
    lyot = np.zeros((design.samples, design.samples), np.complex128)
    for level in focal_levels(design.samples):
        to_focus = np.exp(-2j * np.pi * level.points_lod[:, None] * u[None, :])
        cosine, sine = spiral(level.points_lod, design.charge)
        focus = (to_focus @ pupil @ to_focus.T) * level.weight * (cosine + 1j * sine)
        lyot += to_focus.conj().T @ focus @ to_focus.conj()
    centred = (np.arange(pixels) - (pixels - 1) / 2) * pixel_scale_lod
    to_image = np.exp(-2j * np.pi * centred[:, None] * u[None, :])
    stopped = lyot * whole(quarter_disc(design.samples, design.lyot))
    sample = 1 / design.samples**2
    return to_image @ stopped @ to_image.T * (sample**1.5 * pixel_scale_lod / np.sqrt(np.sum(clear(design.samples))))
