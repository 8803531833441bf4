"""A large ensemble of walkers that relax; where they were is never looked at again."""

import jax
import jax.numpy as jnp


@jax.jit
def relax(walkers, rate):
    return walkers - rate * (walkers - 1.0)


walkers = jnp.zeros(30_000_000)
for _ in range(3):
    walkers = relax(walkers, 0.1)
print(f"{float(walkers[3]):.6f}")
