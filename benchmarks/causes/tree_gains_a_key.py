# says: batch|mask
# jax: 'mask'|numbers of children

import jax
import jax.numpy as jnp


@jax.jit
def total(batch):
    return batch["x"].sum()


total({"x": jnp.ones(3)})
total({"x": jnp.ones(3), "mask": jnp.ones(3)})
