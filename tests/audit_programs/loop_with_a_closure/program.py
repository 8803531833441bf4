"""Newton's method for several targets; what it prints keeps the function from being jitted as a whole."""

import jax
import jax.numpy as jnp
from jax import lax


def solve(target, start):
    def body(_, x):
        return x - (x**3 - target) / (3.0 * x**2)

    root = lax.fori_loop(0, 20, body, start)
    print(f"{float(root.sum()):.5f}")
    return root


for target in (2.0, 3.0, 5.0, 7.0, 11.0, 13.0):
    solve(target, jnp.full(4, 1.5))
