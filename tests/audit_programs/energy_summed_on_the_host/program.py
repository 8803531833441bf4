"""A controller that reads a sensor in each step, and adds up the energy that it spends as a Python number."""

import time

import jax
import jax.numpy as jnp


@jax.jit
def control(field, reading):
    for _ in range(5):
        field = jnp.cos(field @ field) * reading
    return field, jnp.sum(field**2)


def sensor(step):
    time.sleep(0.02)
    return 1.0 / (1.0 + step)


field = jnp.ones((400, 400)) * 0.01
spent = 0.0
for step in range(60):
    field, energy = control(field, sensor(step))
    spent += energy.item()
print(f"{spent:.4e}")
