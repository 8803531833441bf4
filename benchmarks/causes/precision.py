# says: matmul_precision|float32

import jax
import jax.numpy as jnp


@jax.jit
def product(x):
    return x @ x


product(jnp.ones((3, 3)))
with jax.default_matmul_precision("float32"):
    product(jnp.ones((3, 3)))
