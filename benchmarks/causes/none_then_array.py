# says: mask|None|f32[3]
# jax: none

import jax
import jax.numpy as jnp


@jax.jit
def masked(x, mask):
    return x if mask is None else x * mask


masked(jnp.ones(3), None)
masked(jnp.ones(3), jnp.ones(3))
