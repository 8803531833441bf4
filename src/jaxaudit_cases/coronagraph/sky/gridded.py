"""Planets whose brightness is tabulated by wavelength and phase, as scene makers deliver it."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.checks import is_known, must_be, number
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.grid import between, must_be_grid, must_have_shape, must_lie_on, one, segment
from jaxaudit_cases.coronagraph.sky.orbit import Orbit
from jaxaudit_cases.coronagraph.sky.planet import AbstractPlanets, together
from jaxaudit_cases.coronagraph.sky.scattering import bend_rad
from jaxaudit_cases.coronagraph.sky.star import Star, number_or_none


class GriddedPlanets(AbstractPlanets):
    """Planets on Keplerian orbits whose contrast is tabulated.

    `contrast_at_axis` [k, w, p] is the contrast that each planet would have at a distance of its semi-major axis, by
    wavelength and by `phases_rad` [k, p] (phase angle, 0 is full); elsewhere the starlight on it goes with the inverse
    square of its distance. Straight lines run between the nodes; beyond a planet's first and last phase its value is held,
    for an orbit shows no other phases than those that it was tabulated at.
    """

    orbit: Orbit
    wavelengths_nm: Array = eqx.field(converter=number)
    phases_rad: Array = eqx.field(converter=number)
    contrast_at_axis: Array = eqx.field(converter=number)
    mass_mearth: Array | None = eqx.field(converter=number_or_none, default=None)

    def __check_init__(self) -> None:
        shape = self.orbit.semi_major_axis_au.shape
        must_be_grid("wavelengths_nm", self.wavelengths_nm)
        phases = self.phases_rad.shape
        if phases[:1] != shape or len(phases) != 2 or phases[1] < 2:
            raise BadInput(
                f"phases_rad has the shape {phases}: it must be [{shape[0]}, p], at least two for each planet"
            )
        must_be("phases_rad", self.phases_rad, "a finite number", np.isfinite)
        if is_known(self.phases_rad):
            nodes = np.asarray(self.phases_rad)
            must_be("phases_rad[:, 1:]", nodes[:, 1:], "increasing", lambda it: it > nodes[:, :-1])
        table = (*shape, *self.wavelengths_nm.shape, phases[1])
        must_have_shape("contrast_at_axis", self.contrast_at_axis, table, "by planet, wavelength and phase")
        must_be(
            "contrast_at_axis", self.contrast_at_axis, "finite and not below 0", lambda it: (it >= 0) & np.isfinite(it)
        )
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
        """Their flux as part of the star's [k]."""
        self.check(wavelength_nm, time_d)
        low, part = segment(self.wavelengths_nm, one("wavelength_nm", wavelength_nm, self.wavelengths_nm))
        by_phase = self.contrast_at_axis[..., low, :] * (1 - part) + self.contrast_at_axis[..., low + 1, :] * part
        x, y, z = jnp.moveaxis(self.position_au(time_d, star), -1, 0)
        phase = jnp.pi - bend_rad(x, y, z)
        # A planet alone: somebody else's vmap runs over them.
        lookup = between if phase.ndim == 0 else jax.vmap(between)
        nearer = self.orbit.semi_major_axis_au**2 / (x**2 + y**2 + z**2)
        return lookup(self.phases_rad, by_phase, phase) * nearer

    def check(self, wavelength_nm: Any, time_d: Any) -> None:
        """Raises BadInput where the wavelength is known to lie outside the table."""
        wavelength = one("wavelength_nm", wavelength_nm, self.wavelengths_nm)
        must_lie_on("wavelength_nm", wavelength, self.wavelengths_nm, "nm")
