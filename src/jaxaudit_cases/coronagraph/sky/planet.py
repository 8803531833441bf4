"""Planets: where they stand beside the star, and how much of its light they send us."""

from __future__ import annotations

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.checks import must_be, number
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.grid import must_be_grid, must_have_shape, must_lie_on, one, spectral
from jaxaudit_cases.coronagraph.sky.orbit import Orbit
from jaxaudit_cases.coronagraph.sky.scattering import lambert_phase
from jaxaudit_cases.coronagraph.sky.star import Star, number_or_none
from jaxaudit_cases.coronagraph.sky.units import EARTH_MASS_MSUN, EARTH_RADIUS_AU


class AbstractPlanets(eqx.Module):
    """The k planets of a star."""

    @abc.abstractmethod
    def offsets_arcsec(self, time_d: Any, star: Star) -> Array:
        """(x, y) from the star [k, 2]."""

    @abc.abstractmethod
    def contrast(self, wavelength_nm: Any, time_d: Any, star: Star) -> Array:
        """Their flux as part of the star's [k]."""

    @abc.abstractmethod
    def check(self, wavelength_nm: Any, time_d: Any) -> None:
        """Raises BadInput where the wavelength or the time is known to lie outside a planet's table."""


class Planets(AbstractPlanets):
    """Planets on Keplerian orbits that reflect as Lambert spheres do.

    `albedo` is the geometric albedo: [k], or [k, w] with `wavelengths_nm` [w], straight lines between. `mass_mearth`
    counts only where it speeds the orbit up.
    """

    radius_rearth: Array = eqx.field(converter=number)
    orbit: Orbit
    albedo: Array = eqx.field(converter=number)
    wavelengths_nm: Array | None = eqx.field(converter=number_or_none, default=None)
    mass_mearth: Array | None = eqx.field(converter=number_or_none, default=None)

    def __check_init__(self) -> None:
        shape = self.orbit.semi_major_axis_au.shape
        must_have_shape("radius_rearth", self.radius_rearth, shape, "as the orbit's fields")
        must_be("radius_rearth", self.radius_rearth, "finite and not below 0", lambda it: (it >= 0) & np.isfinite(it))
        must_be_spectra("albedo", self.albedo, shape, self.wavelengths_nm)
        if self.mass_mearth is not None:
            must_have_shape("mass_mearth", self.mass_mearth, shape, "as the orbit's fields")
            must_be("mass_mearth", self.mass_mearth, "finite and not below 0", lambda it: (it >= 0) & np.isfinite(it))

    def position_au(self, time_d: Any, star: Star) -> Array:
        """(x, y, z) from the star [k, 3], z towards us."""
        return self.orbit.position(time_d, together(star, self.mass_mearth))

    def offsets_arcsec(self, time_d: Any, star: Star) -> Array:
        """(x, y) from the star [k, 2]."""
        return self.position_au(time_d, star)[..., :2] / star.distance_pc

    def contrast(self, wavelength_nm: Any, time_d: Any, star: Star) -> Array:
        """Their flux as part of the star's [k]: albedo x phase x (radius / distance)2."""
        self.check(wavelength_nm, time_d)
        x, y, z = jnp.moveaxis(self.position_au(time_d, star), -1, 0)
        facing = (EARTH_RADIUS_AU * self.radius_rearth) ** 2 / (x**2 + y**2 + z**2)
        return spectral(self.albedo, self.wavelengths_nm, wavelength_nm) * lambert_phase(x, y, z) * facing

    def check(self, wavelength_nm: Any, time_d: Any) -> None:
        """Raises BadInput where the wavelength is known to lie outside the albedo's table."""
        must_lie_on_spectra(self.wavelengths_nm, wavelength_nm)


class FixedPlanets(AbstractPlanets):
    """Points of light that stay where they are: what a fit looks for. `contrast_to_star` is [k], or [k, w] by wavelength."""

    positions_arcsec: Array = eqx.field(converter=number)
    contrast_to_star: Array = eqx.field(converter=number)
    wavelengths_nm: Array | None = eqx.field(converter=number_or_none, default=None)

    def __check_init__(self) -> None:
        shape = self.positions_arcsec.shape
        if len(shape) != 2 or shape[1] != 2:
            raise BadInput(f"positions_arcsec has the shape {shape}: it must be [k, 2], (x, y) of each planet")
        must_be("positions_arcsec", self.positions_arcsec, "a finite number of arcseconds", np.isfinite)
        must_be_spectra("contrast_to_star", self.contrast_to_star, shape[:1], self.wavelengths_nm)

    def offsets_arcsec(self, time_d: Any, star: Star) -> Array:
        """(x, y) from the star [k, 2]."""
        return self.positions_arcsec

    def contrast(self, wavelength_nm: Any, time_d: Any, star: Star) -> Array:
        """Their flux as part of the star's [k]."""
        return spectral(self.contrast_to_star, self.wavelengths_nm, wavelength_nm)

    def check(self, wavelength_nm: Any, time_d: Any) -> None:
        """Raises BadInput where the wavelength is known to lie outside the contrast's table."""
        must_lie_on_spectra(self.wavelengths_nm, wavelength_nm)


def together(star: Star, mass_mearth: Array | None) -> Array:
    """The mass of the star, with each planet's where it is known."""
    return star.mass_msun if mass_mearth is None else star.mass_msun + EARTH_MASS_MSUN * mass_mearth


def must_be_spectra(name: str, values: Array, shape: tuple[int, ...], wavelengths_nm: Array | None) -> None:
    """Raises BadInput unless there is a number, or a spectrum, for each planet; finite and not below 0."""
    if wavelengths_nm is None:
        must_have_shape(name, values, shape, "one number for each planet (a spectrum needs wavelengths_nm)")
    else:
        must_be_grid("wavelengths_nm", wavelengths_nm)
        must_have_shape(name, values, (*shape, *wavelengths_nm.shape), "a spectrum over wavelengths_nm for each planet")
    must_be(name, values, "finite and not below 0", lambda it: (it >= 0) & np.isfinite(it))


def must_lie_on_spectra(wavelengths_nm: Array | None, wavelength_nm: Any) -> None:
    """Raises BadInput where a wavelength is known to lie outside the table, if there is one."""
    if wavelengths_nm is not None:
        must_lie_on("wavelength_nm", one("wavelength_nm", wavelength_nm, wavelengths_nm), wavelengths_nm, "nm")
