"""Flux in photons: from janskys, from magnitudes, from a black body.

Flux is photons/s/m2/nm unless a name says otherwise; surface brightness is that per square arcsecond.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array

PLANCK = 6.62607015e-34
"""J s."""
LIGHT_SPEED = 299792458.0
"""m/s."""
BOLTZMANN = 1.380649e-23
"""J/K."""
ARCSEC = math.pi / 180 / 3600
"""Radians."""
ZERO_POINT_JY = 3631.0
"""The flux of magnitude 0 in the AB system, at every wavelength."""

# Products are formed here, where they are exact enough: half of the factors lie outside float32.
_PHOTONS = 1e-26 / PLANCK
_RADIANCE = 2 * PLANCK * LIGHT_SPEED * 1e27 * 1e26 * ARCSEC**2
_BEND_NM_K = PLANCK * LIGHT_SPEED / BOLTZMANN * 1e9


def photons_of_jy(flux_jy: Array, wavelength_nm: Array) -> Array:
    """Photons/s/m2/nm of a flux in janskys."""
    return flux_jy * (_PHOTONS / wavelength_nm)


def jy_of_magnitude(magnitude: Array) -> Array:
    """Janskys of an AB magnitude."""
    return ZERO_POINT_JY * 10 ** (-0.4 * magnitude)


def photons_of_magnitude(magnitude: Array, wavelength_nm: Array) -> Array:
    """Photons/s/m2/nm of an AB magnitude: 0.157909 for magnitude 22 at 550 nm."""
    return photons_of_jy(jy_of_magnitude(magnitude), wavelength_nm)


def blackbody_jy(wavelength_nm: Array, temperature_k: Array, diameter_arcsec: Array) -> Array:
    """Janskys of a disc that shines evenly as a black body of this temperature and apparent diameter."""
    bend = _BEND_NM_K / (wavelength_nm * temperature_k)
    # exp(-bend) cannot overflow, as exp(bend) does in the far ultraviolet of a cool star.
    per_arcsec2 = _RADIANCE / wavelength_nm**3 * jnp.exp(-bend) / -jnp.expm1(-bend)
    return per_arcsec2 * (math.pi / 4) * diameter_arcsec**2
