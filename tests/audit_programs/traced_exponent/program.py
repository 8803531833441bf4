"""A radial profile whose whole exponent is handed in as a number, the same in every call."""

import jax
import jax.numpy as jnp


@jax.jit
def profile(radius, amplitude, order):
    total = amplitude
    for scale in (1.0, 1.1, 1.2, 1.3, 1.4, 1.5):
        total = total + (radius * scale) ** order
    return total.sum()


radius = jnp.linspace(0.1, 1.0, 200_000)
found = 0.0
for turn in range(100):
    found = profile(radius, 0.5, 3)
print(f"{float(found):.1f}")
