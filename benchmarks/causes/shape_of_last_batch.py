# says: batch|f32[32,8]|f32[17,8]

import jax
import jax.numpy as jnp


@jax.jit
def step(params, batch):
    return params + batch.mean(0)


params = jnp.zeros(8)
for size in (32, 32, 17):
    params = step(params, jnp.ones((size, 8)))
