"""The number of terms decides a range, and is traced."""

import jax
import jax.numpy as jnp


@jax.jit
def series(x, terms):
    total = jnp.zeros_like(x)
    for term in range(terms):
        total = total + x**term / (term + 1)
    return total


print(series(jnp.linspace(0.0, 0.5, 5), 6))
