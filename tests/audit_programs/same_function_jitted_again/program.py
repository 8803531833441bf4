"""`jit` of one function in a loop: it is compiled once, so there is nothing to win."""

import jax
import jax.numpy as jnp


def step(x):
    return x - 0.1 * jnp.sin(x)


x = jnp.linspace(0.0, 1.0, 100)
for _ in range(10):
    x = jax.jit(step)(x)
print(x.shape)
