"""Heat in a rod with a radiating end: how the flux at its foot depends on the conductivity."""

import jax
import jax.numpy as jnp
from jax import lax

STEPS = 45


def march(conductivity, start):
    def step(rod, _):
        curvature = jnp.roll(rod, 1) - 2 * rod + jnp.roll(rod, -1)
        loss = 1e-3 * jnp.zeros_like(rod).at[-1].set(rod[-1] ** 4)
        rod = rod + 0.1 * conductivity * curvature - loss
        return rod.at[0].set(1.0), rod[1] - rod[0]

    _, flux = lax.scan(
        step,
        start,
        None,
        length=STEPS,
        unroll=STEPS,  # all of it
    )
    return flux.mean()


@jax.jit
def sensitivity(conductivity, start):
    return jax.value_and_grad(march)(conductivity, start)


rod = jnp.linspace(1.0, 0.2, 40)
for conductivity in (0.5, 0.75, 1.0):
    flux, slope = sensitivity(jnp.float32(conductivity), rod)
    print(f"{conductivity:.2f} {flux:.4f} {slope:.4f}")
