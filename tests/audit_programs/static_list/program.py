"""Axes are handed to a static argument as a list, which has no hash."""

from functools import partial

import jax
import jax.numpy as jnp


@partial(jax.jit, static_argnames=("axes",))
def collapse(cube, axes):
    return jnp.sum(cube, axis=tuple(axes))


cube = jnp.arange(24.0).reshape(2, 3, 4)
print(collapse(cube, axes=[0, 2]))
