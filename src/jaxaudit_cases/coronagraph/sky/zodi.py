"""The zodiacal light of our own system, in front of everything.

Its dependence on where one looks and on the wavelength is that published by Leinert et al. (1998), Astronomy and
Astrophysics Supplement 127, 1, tables 17 and 19.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.checks import is_known, must_be, number
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky import leinert
from jaxaudit_cases.coronagraph.sky.grid import must_be_one, must_lie_on, one
from jaxaudit_cases.coronagraph.sky.light import photons_of_magnitude

ANTISUN_DEG = 135.0
"""The longitude from the sun at which, in the ecliptic, the light has the magnitude that was asked for."""


class Zodi(eqx.Module):
    """Zodiacal light of this AB magnitude per square arcsecond, at `reference_nm`, 135 degrees from the sun in the ecliptic.

    Elsewhere (`ecliptic_latitude_deg`, `solar_longitude_deg`: the ecliptic longitude less the sun's) it is brighter or
    fainter by table 17, linear between its nodes; at other wavelengths by table 19, linear in the logarithms of both.
    The table has nothing within some 15 degrees of the sun: BadInput where the place is known, and the nearest tabulated
    latitude's value where JAX traces it.
    """

    magnitude: Array = eqx.field(converter=number, default=22.0)
    ecliptic_latitude_deg: Array = eqx.field(converter=number, default=0.0)
    solar_longitude_deg: Array = eqx.field(converter=number, default=ANTISUN_DEG)
    reference_nm: Array = eqx.field(converter=number, default=550.0)

    def __check_init__(self) -> None:
        for name in ("magnitude", "ecliptic_latitude_deg", "solar_longitude_deg", "reference_nm"):
            must_be_one(name, getattr(self, name))
        must_be("magnitude", self.magnitude, "finite", np.isfinite)
        must_be("reference_nm", self.reference_nm, "between 200 and 140000 nm", leinert.has_colour)
        latitude, longitude = self.ecliptic_latitude_deg, self.solar_longitude_deg
        must_be("ecliptic_latitude_deg", latitude, "between -90 and 90", lambda it: np.abs(it) <= 90)
        must_be("solar_longitude_deg", longitude, "between -360 and 360", lambda it: np.abs(it) <= 360)
        if is_known(latitude) and is_known(longitude) and not np.all(leinert.is_tabulated(latitude, longitude)):
            raise BadInput(
                f"ecliptic_latitude_deg {np.asarray(latitude)} and solar_longitude_deg {np.asarray(longitude)} are too "
                "near to the sun: the published table has no brightness there"
            )

    def brightness(self, wavelength_nm: Any) -> Array:
        """Photons/s/m2/nm per square arcsecond."""
        self.check(wavelength_nm)
        wavelength = one("wavelength_nm", wavelength_nm, self.reference_nm)
        colour = leinert.colour(wavelength, self.reference_nm)
        # The table's colour is in energy, and a photon of longer wavelength has less.
        photons = photons_of_magnitude(self.magnitude, self.reference_nm) * colour * (wavelength / self.reference_nm)
        return photons * self.factor()

    def factor(self) -> Array:
        """How much brighter it is than 135 degrees from the sun in the ecliptic."""
        return leinert.brightness_s10(self.ecliptic_latitude_deg, self.solar_longitude_deg) / leinert.ANTISUN_S10

    def check(self, wavelength_nm: Any) -> None:
        """Raises BadInput where the wavelength is known to lie outside the published table."""
        wavelength = one("wavelength_nm", wavelength_nm, self.reference_nm)
        must_lie_on("wavelength_nm", wavelength, np.asarray(leinert.TABULATED_NM, wavelength.dtype), "nm")
