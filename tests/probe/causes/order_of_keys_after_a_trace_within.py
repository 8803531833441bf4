# says: order
import collections

import jax
import jax.numpy as jnp


@jax.jit
def score(params, x):
    return (params["w"] * x + params["b"]).sum()


@jax.jit
def update(params, x):
    return jax.grad(score)(params, x)


params = collections.OrderedDict(w=jnp.ones(()), b=jnp.zeros(()))
update(params, jnp.ones(8))
score(params, jnp.ones(4))
score(collections.OrderedDict(sorted(params.items())), jnp.ones(4))
