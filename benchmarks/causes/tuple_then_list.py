# says: pair|tuple|list
# jax: 'list'|'tuple'

import jax
import jax.numpy as jnp


@jax.jit
def swap(pair):
    return pair[1], pair[0]


swap((jnp.ones(2), jnp.zeros(2)))
swap([jnp.ones(2), jnp.zeros(2)])
