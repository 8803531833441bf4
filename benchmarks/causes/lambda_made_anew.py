# says: new function object|lambda
# jax: lambda|re-defined

import jax
import jax.numpy as jnp

x = jnp.ones(3)
for _ in range(2):
    x = jax.jit(lambda v: v * 2)(x)
