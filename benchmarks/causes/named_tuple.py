# says: state|tuple|State
# jax: state|tuple
from typing import NamedTuple

import jax
import jax.numpy as jnp


class State(NamedTuple):
    x: jax.Array
    v: jax.Array


@jax.jit
def step(state):
    return state[0] + state[1]


step((jnp.ones(3), jnp.ones(3)))
step(State(jnp.ones(3), jnp.ones(3)))
