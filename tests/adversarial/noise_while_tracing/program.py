"""Augments each batch; the noise comes from NumPy, so the function is jitted anew to get another."""

import jax
import jax.numpy as jnp
import numpy as np


def augment(batch, level):
    @jax.jit
    def noisy(x):
        return x + level * np.random.normal(size=x.shape).astype(np.float32)

    return noisy(batch)


def main():
    batch = jnp.zeros((64, 8))
    total = jnp.zeros((64, 8))
    for _ in range(12):
        total = total + augment(batch, 0.1)
    print(f"spread of the mean {'small' if float(total.std()) / 12 < 0.05 else 'large'}")


if __name__ == "__main__":
    main()
