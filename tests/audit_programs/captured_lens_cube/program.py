"""Images of a star behind a lens whose kernels are tabulated, one for each wavelength."""

import jax
import jax.numpy as jnp
import numpy as np


class Lens:
    def __init__(self, count, size):
        rng = np.random.default_rng(0)
        self.kernels = jnp.asarray(rng.normal(size=(count, size, size)), jnp.float32)


def main():
    lens = Lens(64, 128)

    @jax.jit
    def image(spectrum):
        return jnp.einsum("k,kij->ij", spectrum, lens.kernels)

    spectrum = jnp.linspace(0.5, 1.5, 64)
    total = image(spectrum)
    print(f"flux {float(jnp.abs(total).sum()):.4e}")


main()
