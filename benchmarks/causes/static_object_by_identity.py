# says: config|Config|identity

import functools

import jax
import jax.numpy as jnp


class Config:
    def __init__(self, width):
        self.width = width


@functools.partial(jax.jit, static_argnames="config")
def layer(x, config):
    return x * config.width


layer(jnp.ones(3), config=Config(3))
layer(jnp.ones(3), config=Config(3))
