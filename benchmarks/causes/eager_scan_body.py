# says: scan|lambda|number 2
# jax: lambda|re-defined

import jax
import jax.numpy as jnp

xs = jnp.ones(5)
for _ in range(2):
    jax.lax.scan(lambda carry, x: (carry + x, carry), 0.0, xs)
