"""A parameter sweep that compiles its step again for each value."""

import jax
import jax.numpy as jnp


def settle(gain, x, steps=20):
    for _ in range(steps):
        step = jax.jit(lambda x: x - gain * jnp.sin(x))
        x = step(x)
    return x


print(settle(0.1, jnp.linspace(0.0, 1.0, 512)))
