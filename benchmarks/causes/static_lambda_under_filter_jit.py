# says: loss|new function object
# jax: loss|re-defined

import equinox as eqx
import jax.numpy as jnp


@eqx.filter_jit
def evaluate(loss, x):
    return loss(x)


for power in (2, 3):
    evaluate(lambda x: (x**power).sum(), jnp.ones(3))
