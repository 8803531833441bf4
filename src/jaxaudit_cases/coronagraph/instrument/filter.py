"""The filter: which light is let through."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from jaxaudit_cases.coronagraph.checks import must_be, number


class Filter(eqx.Module):
    """A band around a wavelength, of constant transmission."""

    wavelength_nm: Array = eqx.field(converter=number)
    width_nm: Array = eqx.field(converter=number)
    transmission: Array = eqx.field(converter=number, default=1.0)

    def __check_init__(self) -> None:
        must_be("wavelength_nm", self.wavelength_nm, "a positive number of nanometres", lambda it: it > 0)
        must_be("width_nm", self.width_nm, "a positive number of nanometres", lambda it: it > 0)
        must_be("transmission", self.transmission, "between 0 and 1", lambda it: (it >= 0) & (it <= 1))

    def channels(self, count: int) -> tuple[Array, Array]:
        """`count` wavelengths that divide the band evenly, and the width of each: for a spectrograph, or a wide band."""
        width = self.width_nm / count
        at = self.wavelength_nm + (jnp.arange(count, dtype=width.dtype) - (count - 1) / 2) * width
        return at, jnp.broadcast_to(width, (count,))
