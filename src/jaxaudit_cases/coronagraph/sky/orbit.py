"""Where planets are on their orbits."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.checks import must_be, number
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.barrier import formed_once
from jaxaudit_cases.coronagraph.sky.grid import must_have_shape, one
from jaxaudit_cases.coronagraph.sky.kepler import eccentric_anomaly, one_minus_e_cos
from jaxaudit_cases.coronagraph.sky.units import SUN_GM


class Orbit(eqx.Module):
    """Keplerian orbits of k planets, each field [k].

    x points to the right, y up, z to us. `node_rad` is where the planet crosses the plane of the sky on its way to us:
    counter-clockwise from x. `periapsis_rad` is counted from the node along the motion, `mean_anomaly_rad` is that at
    `epoch_d` (days since the scene's epoch). An inclination below 90 degrees is counter-clockwise motion as seen by us.
    """

    semi_major_axis_au: Array = eqx.field(converter=number)
    eccentricity: Array = eqx.field(converter=number)
    inclination_rad: Array = eqx.field(converter=number)
    node_rad: Array = eqx.field(converter=number)
    periapsis_rad: Array = eqx.field(converter=number)
    mean_anomaly_rad: Array = eqx.field(converter=number)
    epoch_d: Array = eqx.field(converter=number)

    def __check_init__(self) -> None:
        shape = self.semi_major_axis_au.shape
        if len(shape) != 1:
            raise BadInput(f"semi_major_axis_au has the shape {shape}: it must be [k], one number for each planet")
        names = ("eccentricity", "inclination_rad", "node_rad", "periapsis_rad", "mean_anomaly_rad", "epoch_d")
        for name in names:
            must_have_shape(name, getattr(self, name), shape, "as semi_major_axis_au")
            must_be(name, getattr(self, name), "a finite number", np.isfinite)
        must_be(
            "semi_major_axis_au", self.semi_major_axis_au, "positive and finite", lambda it: (it > 0) & np.isfinite(it)
        )
        must_be("eccentricity", self.eccentricity, "at least 0 and below 1", lambda it: (it >= 0) & (it < 1))

    def period_d(self, mass_msun: Array) -> Array:
        """The time of one revolution [k]."""
        axis = self.semi_major_axis_au
        return 2 * jnp.pi * axis * jnp.sqrt(axis / (SUN_GM * mass_msun))

    def anomaly_rad(self, time_d: Any, mass_msun: Array) -> Array:
        """The eccentric anomaly [k].

        The float type limits it: in float32, a planet's phase is uncertain by 4e-7 radians for each revolution since
        the epoch.
        """
        time = one("time_d", time_d, self.epoch_d)
        turns = (time - self.epoch_d) / self.period_d(mass_msun) + self.mean_anomaly_rad / (2 * jnp.pi)
        # Whole turns are taken off exactly.
        return eccentric_anomaly(2 * jnp.pi * (turns - jnp.round(turns)), self.eccentricity)

    def position(self, time_d: Any, mass_msun: Array) -> Array:
        """(x, y, z) from the star in au [k, 3]; `mass_msun` is that of the star and the planet together."""
        anomaly = self.anomaly_rad(time_d, mass_msun)
        e = self.eccentricity
        along = self.semi_major_axis_au * ((1 - e) - 2 * jnp.sin(anomaly / 2) ** 2)
        across = self.semi_major_axis_au * jnp.sqrt((1 - e) * (1 + e)) * jnp.sin(anomaly)
        cos_w, sin_w = jnp.cos(self.periapsis_rad), jnp.sin(self.periapsis_rad)
        cos_n, sin_n = jnp.cos(self.node_rad), jnp.sin(self.node_rad)
        # In the orbit's plane: `ahead` towards the node, `up` a quarter turn further.
        ahead, up = along * cos_w - across * sin_w, along * sin_w + across * cos_w
        seen = up * jnp.cos(self.inclination_rad)
        xyz = [ahead * cos_n - seen * sin_n, ahead * sin_n + seen * cos_n, up * jnp.sin(self.inclination_rad)]
        # Once for the contrast and the place on the sky: half the time that XLA takes to compile them.
        return formed_once(jnp.stack(xyz, axis=-1))

    def distance_au(self, time_d: Any, mass_msun: Array) -> Array:
        """The distance from the star [k]."""
        anomaly = self.anomaly_rad(time_d, mass_msun)
        return self.semi_major_axis_au * one_minus_e_cos(anomaly, self.eccentricity)
