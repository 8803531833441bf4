# says: order|2|3
# jax: order|2|3

import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames="order")
def moment(x, order):
    return (x**order).sum()


moment(jnp.ones(3), order=2)
moment(jnp.ones(3), order=3)
