"""An energy that is added up as a Python number in each step."""

import jax
import jax.numpy as jnp
import numpy as np


@jax.jit
def kick(field, noise):
    for _ in range(6):
        field = field + 1e-3 * jnp.sin(field @ noise)
    return field, jnp.sum(field**2)


rng = np.random.default_rng(1)
field = jnp.ones((300, 300))
total = 0.0
for step in range(150):
    noise = rng.normal(size=(300, 300)).astype(np.float32) * 0.01
    field, energy = kick(field, noise)
    total += energy.item()
print(f"{total:.4e}")
