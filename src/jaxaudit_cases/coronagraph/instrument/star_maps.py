"""What a coronagraph lets through of the star, by the star's diameter."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from jaxaudit_cases.coronagraph.checks import must_be, number
from jaxaudit_cases.coronagraph.complaints import BadInput

DARKEST = 1e-3
"""Map pixels that are zero count as this part of the darkest pixel that is not: the spline goes through logarithms."""


class StarMaps(eqx.Module):
    """Maps of a star's light behind a coronagraph [d, n, n], as fractions of its photons per map pixel.

    Between diameters a cubic spline (not-a-knot) runs through the logarithms, so that nothing gets negative.
    """

    log_maps: Array
    diameters_lod: Array
    pieces: Array
    """The spline's coefficients [4, d - 1, d]: what each map gives to each piece, highest power first."""

    @classmethod
    def of(cls, diameters_lod: ArrayLike, maps: ArrayLike) -> StarMaps:
        """Of maps [d, n, n] at increasing diameters [d]."""
        diameters, values = np.asarray(diameters_lod, np.float64), np.asarray(maps, np.float64)
        if values.ndim != 3 or values.shape[0] != diameters.size:
            raise BadInput(f"stellar maps have the shape {values.shape}: {diameters.size} square maps were expected")
        must_be("diameters_lod", diameters[1:], "increasing", lambda it: it > diameters[:-1])
        must_be("stellar_maps", values, "a fraction of the star's light, not below 0", lambda it: it >= 0)
        lit = values[values > 0]
        if not lit.size:
            raise BadInput("stellar_maps is 0 everywhere: it must hold some light")
        logs = np.log(np.maximum(values, DARKEST * lit.min()))
        return cls(number(logs), number(diameters), number(_spline(diameters)))

    def __call__(self, diameter_lod: Array) -> Array:
        """The map [n, n] of a star of this diameter; beyond the largest, that of the largest."""
        inner = self.diameters_lod[1:-1]
        piece = jnp.sum(diameter_lod >= inner) if inner.size else 0
        held = jnp.clip(diameter_lod, self.diameters_lod[0], self.diameters_lod[-1])
        away = held - self.diameters_lod[piece]
        cubic, square, slope, level = self.pieces[:, piece]
        weights = ((cubic * away + square) * away + slope) * away + level
        return jnp.exp(jnp.tensordot(weights, self.log_maps, axes=1))


def _spline(diameters: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    from scipy.interpolate import CubicSpline  # JAX brings it

    if diameters.size == 1:
        only = np.zeros((4, 1, 1))
        only[3] = 1
        return only
    return np.asarray(CubicSpline(diameters, np.eye(diameters.size)).c)
