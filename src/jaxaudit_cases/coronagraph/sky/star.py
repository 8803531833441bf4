"""The star: how bright, how large, how far, how heavy."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.checks import must_be, number
from jaxaudit_cases.coronagraph.sky.grid import between, must_be_grid, must_be_one, must_have_shape, must_lie_on, one
from jaxaudit_cases.coronagraph.sky.light import blackbody_jy, photons_of_jy
from jaxaudit_cases.coronagraph.sky.units import SUN_RADIUS_AU


def number_or_none(value: Any) -> Array | None:
    """An optional field's converter."""
    return None if value is None else number(value)


class Star(eqx.Module):
    """A star whose flux is known at these wavelengths [w], and at these times [t] where it varies.

    `flux_jy` is [w], or [w, t] with `times_d` (days since the scene's epoch). Between the nodes it runs along straight
    lines in janskys, so that it never gets negative; outside them nothing is known: BadInput where the wavelength and
    time are known, and the outermost value where JAX traces them.
    """

    wavelengths_nm: Array = eqx.field(converter=number)
    flux_jy: Array = eqx.field(converter=number)
    diameter_arcsec: Array = eqx.field(converter=number, default=0.0)
    distance_pc: Array = eqx.field(converter=number, default=10.0)
    mass_msun: Array = eqx.field(converter=number, default=1.0)
    times_d: Array | None = eqx.field(converter=number_or_none, default=None)

    def __check_init__(self) -> None:
        must_be_grid("wavelengths_nm", self.wavelengths_nm)
        must_be("wavelengths_nm", self.wavelengths_nm, "a positive number of nanometres", lambda it: it > 0)
        shape = self.wavelengths_nm.shape
        if self.times_d is not None:
            must_be_grid("times_d", self.times_d)
            shape += self.times_d.shape
        why = "one value for each wavelength" + (" and time" if len(shape) == 2 else "")
        must_have_shape("flux_jy", self.flux_jy, shape, why)
        must_be("flux_jy", self.flux_jy, "a flux, finite and not below 0", lambda it: (it >= 0) & np.isfinite(it))
        must_be(
            "diameter_arcsec", self.diameter_arcsec, "finite and not below 0", lambda it: (it >= 0) & np.isfinite(it)
        )
        must_be("distance_pc", self.distance_pc, "a positive number of parsecs", lambda it: (it > 0) & np.isfinite(it))
        must_be("mass_msun", self.mass_msun, "a positive number of solar masses", lambda it: (it > 0) & np.isfinite(it))
        for name in ("diameter_arcsec", "distance_pc", "mass_msun"):
            must_be_one(name, getattr(self, name))

    @classmethod
    def blackbody(
        cls,
        temperature_k: Any,
        radius_rsun: Any = 1.0,
        distance_pc: Any = 10.0,
        mass_msun: Any = 1.0,
        wavelengths_nm: Any = None,
    ) -> Star:
        """A star that shines as a black body; tabulated every 5 nm from 200 to 2500 nm unless you say where."""
        temperature, radius, distance = number(temperature_k), number(radius_rsun), number(distance_pc)
        must_be("temperature_k", temperature, "a positive number of kelvins", lambda it: (it > 0) & np.isfinite(it))
        must_be("radius_rsun", radius, "a positive number of solar radii", lambda it: (it > 0) & np.isfinite(it))
        must_be("distance_pc", distance, "a positive number of parsecs", lambda it: (it > 0) & np.isfinite(it))
        grid = number(np.arange(200.0, 2501.0, 5.0) if wavelengths_nm is None else wavelengths_nm)
        jy, diameter = _blackbody(grid, temperature, radius, distance)
        return cls(grid, jy, diameter, distance, mass_msun)

    def flux(self, wavelength_nm: Any, time_d: Any = 0.0) -> Array:
        """Photons/s/m2/nm at this wavelength and time."""
        self.check(wavelength_nm, time_d)
        wavelength = one("wavelength_nm", wavelength_nm, self.wavelengths_nm)
        jy = between(self.wavelengths_nm, self.flux_jy, wavelength)
        if self.times_d is not None:
            jy = between(self.times_d, jy, one("time_d", time_d, self.times_d))
        return photons_of_jy(jy, wavelength)

    def check(self, wavelength_nm: Any, time_d: Any) -> None:
        """Raises BadInput where the wavelength or the time is known to lie outside the star's table."""
        wavelength = one("wavelength_nm", wavelength_nm, self.wavelengths_nm)
        must_lie_on("wavelength_nm", wavelength, self.wavelengths_nm, "nm")
        if self.times_d is not None:
            time = one("time_d", time_d, self.times_d)
            must_lie_on("time_d", time, self.times_d, "days after the scene's epoch")


@jax.jit
def _blackbody(grid_nm: Array, temperature_k: Array, radius_rsun: Array, distance_pc: Array) -> tuple[Array, Array]:
    """Janskys at each wavelength, and the diameter in arcseconds."""
    diameter = 2 * SUN_RADIUS_AU * radius_rsun / distance_pc
    return blackbody_jy(grid_nm, temperature_k, diameter), diameter
