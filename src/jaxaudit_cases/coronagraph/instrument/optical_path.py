"""The telescope as a whole: mirror, coronagraph, filter, detector."""

from __future__ import annotations

import equinox as eqx
from jax import Array

from jaxaudit_cases.coronagraph.checks import must_be, number
from jaxaudit_cases.coronagraph.imaging.resample import sampling_matrix
from jaxaudit_cases.coronagraph.instrument.coronagraph import AbstractCoronagraph
from jaxaudit_cases.coronagraph.instrument.detector import Detector
from jaxaudit_cases.coronagraph.instrument.filter import Filter
from jaxaudit_cases.coronagraph.instrument.mirror import Primary
from jaxaudit_cases.coronagraph.instrument.speckles import Speckles


class OpticalPath(eqx.Module):
    """What light passes from the sky to the pixels.

    `throughput` is that of everything that is neither the coronagraph's mask (which the point spread functions hold)
    nor the filter nor the detector: mirrors, lenses, beam splitters. `speckles`, if any, are starlight that the optics scatter.
    """

    primary: Primary
    coronagraph: AbstractCoronagraph
    filter: Filter
    detector: Detector
    throughput: Array = eqx.field(converter=number, default=1.0)
    speckles: Speckles | None = None

    def __check_init__(self) -> None:
        must_be("throughput", self.throughput, "between 0 and 1", lambda it: (it >= 0) & (it <= 1))

    def pixel_arcsec(self, wavelength_nm: Array) -> Array:
        """The width of a map pixel (and the distance of two nodes) on the sky."""
        return self.coronagraph.pixel_lod * self.primary.lod_arcsec(wavelength_nm)

    def scale(self, wavelength_nm: Array) -> Array:
        """The width of a detector pixel in map pixels."""
        return self.detector.pixel_arcsec / self.pixel_arcsec(wavelength_nm)

    def sampling(self, wavelength_nm: Array) -> Array:
        """The matrix [detector, map] that samples maps at the detector's pixels, along one axis."""
        return sampling_matrix(self.detector.pixels, self.coronagraph.pixels, self.scale(wavelength_nm))

    def collected(self, bin_width_nm: Array) -> Array:
        """What makes photons/s/m2/nm to photons/s, before the coronagraph."""
        return bin_width_nm * self.primary.area_m2 * self.throughput * self.filter.transmission
