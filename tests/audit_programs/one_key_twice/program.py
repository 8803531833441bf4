"""Positions and speeds are drawn from one key."""

import jax
import jax.numpy as jnp


def start(key, count):
    position = jax.random.normal(key, (count,))
    speed = jax.random.normal(key, (count,))
    return position, speed


position, speed = start(jax.random.key(0), 100)
print(f"{float(jnp.sum(position * speed)):.4f}")
