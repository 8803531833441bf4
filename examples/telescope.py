"""Frames of a star field through a telescope, whose cube of PSFs is copied into the compiled program."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Telescope(NamedTuple):
    psf_cube: jax.Array
    pupil: jax.Array


def build(positions: int = 256, pixels: int = 256) -> Telescope:
    y, x = jnp.mgrid[:pixels, :pixels] / pixels - 0.5
    shift = jnp.linspace(-0.3, 0.3, positions)[:, None, None]
    return Telescope(jnp.exp(-200 * ((x - shift) ** 2 + y**2)), x**2 + y**2 < 0.2)


def main() -> None:
    telescope = build()

    @jax.jit
    def frame(stars):
        return telescope.pupil * jnp.tensordot(stars, telescope.psf_cube, axes=1)

    for night in range(4):
        image = frame(jnp.cos(0.1 * night * jnp.arange(256)))
        print(f"night {night}: brightest pixel {image.max():.3f}")


if __name__ == "__main__":
    main()
