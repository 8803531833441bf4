"""The coronagraph whose point spread functions are one big cube."""

from __future__ import annotations

import equinox as eqx
import jax
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from jaxaudit_cases.coronagraph.checks import number
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.imaging.nodes import unfolded
from jaxaudit_cases.coronagraph.instrument.coronagraph import AbstractCoronagraph
from jaxaudit_cases.coronagraph.instrument.star_maps import StarMaps


class CubeCoronagraph(AbstractCoronagraph):
    """Point spread functions as they come: `psf_cube` [half + 1, half + 1, n, n], of one quadrant of source positions.

    `psf_cube[iy, ix]` is the image of a point source ix map pixels to the right of the star and iy above it, as
    fractions of its photons; the other quadrants are its mirror images. At 256 pixels the cube has 4.36 GB: hand the
    coronagraph to a jitted function as an argument.
    """

    psf_cube: Array
    star_maps: StarMaps
    sky_transmission: Array = eqx.field(converter=number)
    pixel_lod: Array = eqx.field(converter=number)

    def __check_init__(self) -> None:
        shape, pixels = getattr(self.psf_cube, "shape", None), self.pixels
        wanted = (pixels // 2 + 1, pixels // 2 + 1, pixels, pixels)
        if shape is not None and shape != wanted:
            raise BadInput(f"psf_cube has the shape {shape}: with maps of {pixels} pixels it must be {wanted}")

    def image(self, quadrants: Array, sampling: Array) -> Array:
        """By one product with the whole cube, in the cube's own precision."""
        nodes, pixels = quadrants.shape[1] * quadrants.shape[2], self.pixels
        weights = quadrants.reshape(4, nodes).astype(self.psf_cube.dtype)
        flat = weights @ self.psf_cube.reshape(nodes, pixels * pixels)
        return sampling @ unfolded(flat.reshape(4, pixels, pixels)).astype(sampling.dtype) @ sampling.T


def on_device(cube: ArrayLike) -> Array:
    """A cube as JAX holds it, in float32 unless it is float64 and JAX may hold that.

    One that is memory-mapped is read in place where the backend can (on CPU it does): it is never held twice.
    """
    values = np.asarray(cube)
    return jax.device_put(
        values if values.dtype == jax.dtypes.canonicalize_dtype(values.dtype) else values.astype(np.float32)
    )
