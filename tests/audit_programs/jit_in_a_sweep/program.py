"""A sweep over damping constants; each turn writes its own step."""

import jax
import jax.numpy as jnp


def relax(field, damping):
    for _ in range(3):
        field = field - damping * (field - jnp.roll(field, 1))
    return field


def sweep(field, dampings):
    energies = []
    for damping in dampings:
        step = jax.jit(lambda f: jnp.sum(relax(f, damping) ** 2))
        energies.append(float(step(field)))
    return energies


print(sweep(jnp.linspace(0.0, 1.0, 256), [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45]))
