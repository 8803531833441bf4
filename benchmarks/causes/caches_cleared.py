# says: clear_caches

import jax
import jax.numpy as jnp


@jax.jit
def double(x):
    return x * 2


double(jnp.ones(3))
jax.clear_caches()
double(jnp.ones(3))
