"""The loop prints as it is traced; rolled up it would print once."""

import jax
import jax.numpy as jnp


@jax.jit
def layers(x):
    for i in range(24):
        print("layer", i)
        x = jnp.tanh(x * 1.1 + 0.01)
    return x


print(f"{float(layers(jnp.ones(64)).sum()):.5f}")
