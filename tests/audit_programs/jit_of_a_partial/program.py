"""Transits of planets of several sizes: `jit` of a new `partial` for each."""

from functools import partial

import jax
import jax.numpy as jnp


def transit(radius, phase):
    z = jnp.abs(phase)
    inside = jnp.clip((1.0 + radius - z) / (2.0 * radius), 0.0, 1.0)
    return 1.0 - radius**2 * inside


phase = jnp.linspace(-2.0, 2.0, 400)
for radius in (0.05, 0.08, 0.1, 0.12, 0.15, 0.2):
    curve = jax.jit(partial(transit, radius))
    print(f"{radius:.2f} {float(curve(phase).sum()):.4f}")
