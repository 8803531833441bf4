"""A planet's image from a library of point spread functions that a telescope holds as a function: a field that is no array.

    python cases/coronagraph/programs/library_in_static_field.py [PIXELS]

The telescope is an argument of the jitted function, and yet the library is compiled into it: what is not an array is
static under `eqx.filter_jit`, and the function closes over the library. `jaxaudit run` names what it holds.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from jaxaudit_cases.coronagraph import Recipe, make_package, read_package


class Telescope(eqx.Module):
    throughput: Array
    create_psf: Callable[[Array, Array], Array]
    """The image of a source at (x, y), in lambda/D, from the library's nearest neighbours."""


def psf_maker(offsets_lod: Array, psfs: Array) -> Callable[[Array, Array], Array]:
    def create_psf(x: Array, y: Array) -> Array:
        distance = jnp.hypot(offsets_lod[:, 0] - jnp.abs(x), offsets_lod[:, 1] - jnp.abs(y))
        near = jax.lax.top_k(-distance, 4)[1]
        weights = 1 / (distance[near] + 1e-6) ** 2
        image = jnp.tensordot(weights / weights.sum(), psfs[near], axes=1)
        image = jnp.where(x < 0, image[:, ::-1], image)
        return jnp.where(y < 0, image[::-1], image)

    return create_psf


@eqx.filter_jit
def planet_image(telescope: Telescope, x: Array, y: Array, photons: Array) -> Array:
    return telescope.create_psf(x, y) * photons * telescope.throughput


def main(pixels: int) -> None:
    package = read_package(make_package(Path("packages") / f"vortex-{pixels}", Recipe(pixels=pixels)))
    library = psf_maker(jnp.asarray(package.offsets_lod, jnp.float32), jnp.asarray(package.psfs()))
    telescope = Telescope(jnp.asarray(0.7), library)
    for angle in jnp.linspace(0.0, 6.0, 4):
        image = planet_image(telescope, 4 * jnp.cos(angle), 4 * jnp.sin(angle), jnp.asarray(1000.0))
        print(f"at {float(angle):.1f} rad: {float(image.sum()):.2f} of 1000 photons")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 64)
