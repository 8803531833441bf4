# says: by position|by name
# jax: offset|lengths do not match

import jax
import jax.numpy as jnp


@jax.jit
def shift(x, offset):
    return x + offset


shift(jnp.ones(3), 1.0)
shift(jnp.ones(3), offset=1.0)
