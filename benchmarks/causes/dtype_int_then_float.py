# says: series|i32[8]|f32[8]

import jax
import jax.numpy as jnp


@jax.jit
def smooth(series):
    return jnp.cumsum(series * 0.5)


smooth(jnp.arange(8))
smooth(jnp.ones(8))
