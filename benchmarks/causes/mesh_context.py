# says: set_mesh|data|1
# jax: mesh|data
import jax
import jax.numpy as jnp
import numpy as np


@jax.jit
def double(x):
    return x * 2


double(jnp.ones(3))
enter = getattr(jax, "set_mesh", None) or jax.sharding.use_mesh
with enter(jax.make_mesh((1,), ("data",))):
    double(np.ones(3, "float32"))
