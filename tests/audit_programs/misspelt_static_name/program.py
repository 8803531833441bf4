"""A static argument is declared under a name that the function does not have."""

from functools import partial

import jax
import jax.numpy as jnp


@partial(jax.jit, static_argnames="num_step")
def march(x, num_steps):
    for _ in range(num_steps):
        x = x + 0.1 * jnp.cos(x)
    return x


print(march(jnp.zeros(3), num_steps=4))
