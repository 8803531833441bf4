"""A helper that defines and jits its kernel each time it is called."""

import jax
import jax.numpy as jnp


def smooth(signal, width):
    @jax.jit
    def kernel(x):
        weights = jnp.exp(-0.5 * (jnp.arange(-8, 9) / width) ** 2)
        return jnp.convolve(x, weights / weights.sum(), mode="same")

    return kernel(signal)


signal = jnp.sin(jnp.linspace(0.0, 20.0, 500))
for night in range(6):
    print(night, f"{float(smooth(signal + night, 2.5).max()):.5f}")
