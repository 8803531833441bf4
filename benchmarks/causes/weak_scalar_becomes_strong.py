# says: rate|weak f32[]|f32[]
# jax: rate|weak_type=false|weak_type=true

import jax
import jax.numpy as jnp


@jax.jit
def decay(x, rate):
    return x * rate, rate * jnp.float32(0.9)


rate = 0.1
for _ in range(2):
    x, rate = decay(jnp.ones(3), rate)
