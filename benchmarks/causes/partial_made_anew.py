# says: new function object|0.1|0.2
# jax: damp|re-defined

import functools

import jax
import jax.numpy as jnp


def damp(rate, x):
    return x * rate


for rate in (0.1, 0.2):
    jax.jit(functools.partial(damp, rate))(jnp.ones(3))
