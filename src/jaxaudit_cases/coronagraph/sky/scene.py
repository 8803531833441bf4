"""All that is up there, and when its clock starts."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxaudit_cases.coronagraph.checks import is_known
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.disk import AbstractDisk
from jaxaudit_cases.coronagraph.sky.planet import AbstractPlanets
from jaxaudit_cases.coronagraph.sky.star import Star
from jaxaudit_cases.coronagraph.sky.zodi import Zodi

J2000_JD = 2451545.0
FAR_D = 1e5
"""Days from the epoch at which float32 resolves 11 minutes."""


class Scene(eqx.Module):
    """A star, its planets and disk, and the zodiacal light in front; each of the last three may be None.

    Every `time_d` is in days since `epoch_jd`, for a Julian date does not fit into float32. `days` makes one of the other.
    """

    star: Star
    planets: AbstractPlanets | None = None
    disk: AbstractDisk | None = None
    zodi: Zodi | None = None
    epoch_jd: float = eqx.field(static=True, default=J2000_JD, converter=float)

    def __check_init__(self) -> None:
        if not math.isfinite(self.epoch_jd):
            raise BadInput(f"epoch_jd is {self.epoch_jd}: it must be a finite Julian date")

    def days(self, jd: Any, name: str = "start_time_jd") -> Any:
        """Days since the scene's epoch of a Julian date: a Python number, or a float64 array."""
        dtype = getattr(jd, "dtype", None)
        if dtype is not None and jnp.issubdtype(dtype, jnp.floating) and np.dtype(dtype).itemsize < 8:
            digits = int(jnp.finfo(dtype).nmant)  # type: ignore[no-untyped-call]
            step = 2.0 ** (math.floor(math.log2(abs(self.epoch_jd) + 1)) - digits)
            raise BadInput(f"{name} is {dtype}: it resolves {step:g} days; give a Python float, or float64")
        days = jd - self.epoch_jd
        if not isinstance(jd, jax.core.Tracer) and not np.all(np.isfinite(np.asarray(days))):
            raise BadInput(f"{name} is {jd}: it must be a finite Julian date")
        return float(days) if isinstance(days, np.generic) else days

    def check(self, wavelength_nm: Any, time_d: Any) -> None:
        """Raises BadInput where the wavelength or the time is known to lie outside a table of the scene.

        Or where the time is so far from the epoch that float32 blurs it: a Julian date in place of days, most likely.
        """
        narrow = jnp.result_type(float).itemsize < 8
        if narrow and is_known(time_d) and np.ndim(time_d) == 0 and abs(float(time_d)) > FAR_D:
            step = float(np.spacing(np.float32(abs(float(time_d)))))
            raise BadInput(
                f"time_d is {float(time_d):.10g}: in float32 that resolves {step:g} days; it must be days since the scene's "
                f"epoch_jd, {self.epoch_jd:.10g} (scene.days makes them of a Julian date)"
            )
        self.star.check(wavelength_nm, time_d)
        if self.planets is not None:
            self.planets.check(wavelength_nm, time_d)
        if self.disk is not None:
            self.disk.check(wavelength_nm)
        if self.zodi is not None:
            self.zodi.check(wavelength_nm)
