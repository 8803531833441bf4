"""Turns of a loop that look alike and are not: the third has another shape."""

import jax
import jax.numpy as jnp

weights = {"a": jnp.ones((8, 8)), "b": jnp.ones((8, 8)) * 2, "c": jnp.ones((8, 4)), "d": jnp.ones((4, 8))}


@jax.jit
def forward(x, weights):
    for name in ("a", "b", "c", "d"):
        x = jnp.tanh(x @ weights[name])
    return x


print(f"{float(forward(jnp.ones((2, 8)), weights).sum()):.5f}")
