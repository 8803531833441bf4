# says: new function object|scale|1.0|2.0
# jax: scaled|re-defined

import jax
import jax.numpy as jnp


def make(scale):
    @jax.jit
    def scaled(x):
        return x * scale

    return scaled


for scale in (1.0, 2.0):
    make(scale)(jnp.ones(3))
