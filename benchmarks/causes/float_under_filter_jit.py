# says: rtol|0.001|0.0001
# jax: rtol|0.001|0.0001

import equinox as eqx
import jax.numpy as jnp


@eqx.filter_jit
def solve(y, rtol):
    return jnp.where(jnp.abs(y) < rtol, 0.0, y)


solve(jnp.ones(3), 1e-3)
solve(jnp.ones(3), 1e-4)
