# says: turns|5|6
# jax: val=5|val=6

import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnums=1)
def iterate(x, turns):
    for _ in range(turns):
        x = jnp.sin(x)
    return x


iterate(jnp.ones(3), 5)
iterate(jnp.ones(3), 6)
