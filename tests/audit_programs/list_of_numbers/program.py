"""A long list of readings, made an array in each turn."""

import jax
import jax.numpy as jnp


@jax.jit
def spread(values):
    return jnp.std(values)


def readings(turn):
    return [0.001 * number + turn for number in range(20_000)]


for turn in range(12):
    values = jnp.asarray(readings(turn))
    print(f"{float(spread(values)):.4f}")
