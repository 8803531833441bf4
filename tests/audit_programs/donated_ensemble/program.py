"""A large ensemble of oscillators; the old phases are never looked at again."""

import jax
import jax.numpy as jnp


@jax.jit
def kick(phases, dt):
    return phases + dt * jnp.sin(phases)


phases = jnp.ones(40_000_000)
for _ in range(5):
    phases = kick(phases, 0.1)
print(f"{float(phases[3]):.6f}")
