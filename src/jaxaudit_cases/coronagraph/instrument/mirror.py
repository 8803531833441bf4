"""The primary mirror."""

from __future__ import annotations

import math

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from jaxaudit_cases.coronagraph.checks import must_be, number

ARCSEC = 180 * 3600 / math.pi
"""Arcseconds in a radian."""


class Primary(eqx.Module):
    """A mirror of this diameter (circumscribed), of whose disc a part is obscured or not there.

    `obscuration` is the linear fraction that a central obscuration hides; `fill` the part of the disc that is mirror.
    """

    diameter_m: Array = eqx.field(converter=number)
    obscuration: Array = eqx.field(converter=number, default=0.0)
    fill: Array = eqx.field(converter=number, default=1.0)

    def __check_init__(self) -> None:
        must_be("diameter_m", self.diameter_m, "a positive number of metres", lambda it: it > 0)
        must_be("obscuration", self.obscuration, "between 0 and 1", lambda it: (it >= 0) & (it < 1))
        must_be("fill", self.fill, "above 0 and at most 1", lambda it: (it > 0) & (it <= 1))

    @property
    def area_m2(self) -> Array:
        """What collects light, in square metres."""
        return jnp.pi / 4 * self.diameter_m**2 * (1 - self.obscuration**2) * self.fill

    def lod_arcsec(self, wavelength_nm: Array) -> Array:
        """One lambda/D in arcseconds."""
        return wavelength_nm * 1e-9 / self.diameter_m * ARCSEC
