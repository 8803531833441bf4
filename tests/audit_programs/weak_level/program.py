"""A level that starts as a bare number and comes back as an array."""

import jax
import jax.numpy as jnp


@jax.jit
def follow(level, sample):
    blended = 0.9 * level + 0.1 * sample
    return blended + 0.01 * jnp.sin(blended)


samples = jnp.cos(jnp.arange(12.0))
level = jnp.asarray(0.0)
for sample in samples:
    level = follow(level, sample)
print(f"{float(level):.5f}")
