# says: x|not committed|committed
# jax: x|committed

import jax
import jax.numpy as jnp


@jax.jit
def double(x):
    return x * 2


double(jnp.ones(3))
double(jax.device_put(jnp.ones(3), jax.devices()[0]))
