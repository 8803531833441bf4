# says: history|list of 1|list of 2
# jax: list of length 1|list of length 2

import jax
import jax.numpy as jnp


@jax.jit
def mean(history):
    return sum(history) / len(history)


history = []
for _ in range(2):
    history.append(jnp.ones(3))
    mean(history)
