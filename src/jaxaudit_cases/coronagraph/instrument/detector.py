"""The detector: photons in, electrons out, with the noise that comes along."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from jaxaudit_cases.coronagraph.checks import must_be, number
from jaxaudit_cases.coronagraph.instrument.poisson import counts_at, normal_at


class Detector(eqx.Module):
    """A square array of pixels that count photons.

    `dark_rate` is electrons per pixel and second, `clock_charge` electrons per pixel and frame, `read_noise` electrons
    (standard deviation) per pixel and frame. An exposure is read out in frames of `frame_s` seconds, the last of which
    may be shorter.
    """

    pixels: int = eqx.field(static=True)
    pixel_arcsec: Array = eqx.field(converter=number)
    quantum_efficiency: Array = eqx.field(converter=number, default=1.0)
    dark_rate: Array = eqx.field(converter=number, default=0.0)
    clock_charge: Array = eqx.field(converter=number, default=0.0)
    read_noise: Array = eqx.field(converter=number, default=0.0)
    frame_s: Array = eqx.field(converter=number, default=1000.0)

    def __check_init__(self) -> None:
        must_be("pixels", self.pixels, "at least 1", lambda it: it >= 1)
        must_be("pixel_arcsec", self.pixel_arcsec, "a positive number of arcseconds", lambda it: it > 0)
        must_be("quantum_efficiency", self.quantum_efficiency, "between 0 and 1", lambda it: (it >= 0) & (it <= 1))
        for name in ("dark_rate", "clock_charge", "read_noise"):
            must_be(name, getattr(self, name), "a number of electrons, not below 0", lambda it: it >= 0)
        must_be("frame_s", self.frame_s, "a positive number of seconds", lambda it: it > 0)

    def frames(self, exposure_s: Array) -> Array:
        """How often an exposure is read out."""
        return jnp.ceil(exposure_s / self.frame_s)

    def expected_electrons(self, rate: Array, exposure_s: Array) -> Array:
        """The mean of the readout, for a rate in photons per second and pixel."""
        exposure_s = number(exposure_s)
        offset = self.dark_rate * exposure_s + self.clock_charge * self.frames(exposure_s)
        return self.quantum_efficiency * rate * exposure_s + offset

    def noise_variance(self, rate: Array, exposure_s: Array) -> Array:
        """The variance of the readout in each pixel, electrons squared: of the counts, and of reading them."""
        exposure_s = number(exposure_s)
        return self.expected_electrons(rate, exposure_s) + self.frames(exposure_s) * self.read_noise**2

    def readout_source_electrons(self, rate: Array, exposure_s: Array, key: Array) -> Array:
        """Electrons in each pixel after an exposure: light, dark current, clock-induced charge and read noise.

        One Poisson draw holds the first three, which is exact: thinned by the quantum efficiency, light stays Poisson,
        and sums of Poisson counts are Poisson. A negative or NaN rate or exposure raises BadInput where the values are
        known; within a traced function it gives NaN.
        """
        must_be("rate", rate, "a number of photons per second, not below 0", lambda it: it >= 0)
        must_be("exposure_s", exposure_s, "a number of seconds, not below 0", lambda it: it >= 0)
        exposure_s = number(exposure_s)
        # One call: the generator is compiled once, which is what a first call waits for longest here.
        for_counts, for_reading = jax.random.uniform(key, (2, *rate.shape), rate.dtype)
        counts = counts_at(for_counts, self.expected_electrons(rate, exposure_s))
        return counts + self.read_noise * jnp.sqrt(self.frames(exposure_s)) * normal_at(for_reading)
