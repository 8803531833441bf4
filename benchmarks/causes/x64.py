# says: x64|False|True

import jax
import jax.numpy as jnp


@jax.jit
def double(x):
    return x * 2


x = jnp.ones(3, jnp.float32)
double(x)
jax.config.update("jax_enable_x64", True)
double(x)
