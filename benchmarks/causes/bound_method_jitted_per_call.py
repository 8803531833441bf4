# says: new function object|step
# jax: step|re-defined

import jax
import jax.numpy as jnp


class Walker:
    def step(self, x):
        return x + 1


walker = Walker()
for _ in range(2):
    jax.jit(walker.step)(jnp.ones(3))
