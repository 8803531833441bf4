"""Opacities from a table that stands at the top of the file."""

import jax
import jax.numpy as jnp
import numpy as np

TABLE = jnp.asarray(np.random.default_rng(2).uniform(size=(1500, 1500)), jnp.float32)


@jax.jit
def opacity(rows, columns):
    return jnp.sqrt(TABLE[rows, columns])


def depth(rows, columns, lengths):
    return jnp.sum(opacity(rows, columns) * lengths)


rows = jnp.arange(1000) % 1500
for step in range(3):
    print(f"{float(depth(rows, rows + step, jnp.ones(1000))):.5f}")
